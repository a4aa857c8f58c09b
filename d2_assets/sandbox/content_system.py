"""Settings, SQL views, map layers; and what belongs to its server alone and never travels.

Jobs, clients, commands, messages and exchanges are generated as well, so that a transfer shows that
it leaves them behind.
"""

from typing import Any

from d2_assets.sandbox.content_bodies import Bodies
from d2_assets.sandbox.versions import VersionFacts

_COMMON: dict[str, Any] = {
    "keyCalendar": "iso8601",
    "keyDateFormat": "yyyy-MM-dd",
    "keyUiLocale": "en",
    "keyAnalysisDisplayProperty": "name",
    "keyAnalysisRelativePeriod": "LAST_12_MONTHS",
    "keyAnalysisDigitGroupSeparator": "SPACE",
    "analyticsFinancialYearStart": "FINANCIAL_YEAR_OCTOBER",
    "keyHideDailyPeriods": False,
    "keyHideWeeklyPeriods": False,
    "keyHideMonthlyPeriods": False,
    "keyHideBiMonthlyPeriods": False,
    "keyIncludeZeroValuesInAnalytics": False,
    "keyCacheStrategy": "CACHE_1_MINUTE",
    "keyStyle": "light_blue/light_blue.css",
    "keyFlag": "dhis2",
    "factorDeviation": 2.0,
    "multiOrganisationUnitForms": False,
    "startModule": "dashboard",
    "applicationTitle": "DHIS 2",
    "credentialsExpires": 0,
    "minPasswordLength": 8,
    "keyEmailPort": 587,
    "keyEmailTls": True,
    "keyEmailSender": "",
    "keyRemoteInstanceUrl": "",
    "keyRemoteInstanceUsername": "",
    "keyParallelJobsInAnalyticsTableExport": -1,
}
#: What an administrator of the generated country chose: presentation and analysis, then what is
#: this server's own affair.
_CHOSEN: dict[str, Any] = {
    "applicationTitle": "Système d'information sanitaire — Kivara",
    "keyFlag": "burundi",
    "keyAnalysisRelativePeriod": "LAST_4_QUARTERS",
    "analyticsFinancialYearStart": "FINANCIAL_YEAR_JULY",
    "keyHideDailyPeriods": True,
    "factorDeviation": 2.5,
    "keyApplicationFooter": "Ministère de la Santé",
    "keyEmailHostName": "mail.example.org",
    "keyEmailSender": "his@example.org",
    "keyEmailUsername": "his",
    "keyRemoteInstanceUrl": "https://central.example.org",
    "keyGoogleMapsApiKey": "not-a-key",
    "phoneNumberAreaCode": "+250",
}


_LIMIT = "KeyTrackedEntityMaxLimit"
_NO_SECRET = "there-is-no-secret-behind-this-generated-client"


def list_settings(facts: VersionFacts, *, fresh: bool) -> dict[str, Any]:
    """System settings of a ``fresh`` server, or as the country's administrator chose them."""
    limit = (
        "KeyTrackedEntityInstanceMaxLimit" if facts.line == "2.40" else "KeyTrackedEntityMaxLimit"
    )
    settings = _COMMON | ({} if facts.line == "2.38" else {limit: 50_000})
    return settings if fresh else settings | _CHOSEN


def add_system(bodies: Bodies) -> None:
    """What the whole server shares, and what is only its own."""
    bodies.add(
        "sqlViews", "UNITS_PER_LEVEL", "Units per level", type="QUERY", cacheStrategy="NO_CACHE",
        sqlQuery="select hierarchylevel, count(*) as unités\nfrom organisationunit group by 1;",
        description="Une vue.", sharing=bodies.share("--------", {"SUPERVISORS": "r-------"}),
    )  # fmt: skip
    bodies.add(
        "externalMapLayers", "ROADS", "Roads", code=None, mapService="WMS", imageFormat="PNG",
        mapLayerPosition="OVERLAY", url="https://maps.example.org/wms", layers="routes,pistes",
        legendSet=bodies.refer("legendSets", "COVERAGE"), attribution="© example.org",
    )  # fmt: skip
    bodies.add(
        "analyticsTableHooks", "AFTER_RESOURCES", "After resource tables", code=None,
        phase="RESOURCE_TABLE_POPULATED", resourceTableType="ORG_UNIT_STRUCTURE",
        sql="create index if not exists in_kivara on _orgunitstructure (level);",
    )  # fmt: skip
    _add_server_s_own(bodies)


def _add_server_s_own(bodies: Bodies) -> None:
    bodies.add(
        "jobConfigurations", "NIGHTLY", "Analytics each night", code=None, enabled=True,
        jobType="ANALYTICS_TABLE", cronExpression="0 0 1 * * ?", jobStatus="SCHEDULED",
        lastExecutedStatus="NOT_STARTED", schedulingType="CRON",
    )  # fmt: skip
    # This version alone has clients without a name.
    name = None if bodies.facts.line == "2.42" else "Tablets"
    bodies.add(
        "oAuth2Clients", "TABLETS", name, cid="tablets", clientId="tablets",
        secret=_NO_SECRET, clientSecret=_NO_SECRET, grantTypes=["refresh_token"],
        authorizationGrantTypes="refresh_token",
    )  # fmt: skip
    bodies.add(
        "routes", "FHIR", "FHIR gateway", url="https://fhir.example.org/**", authorities=[],
        headers={"Accept": "application/json"}, disabled=False, description="Passerelle.",
    )  # fmt: skip
    bodies.add(
        "eventHooks", "CHANGES", "Changes to the queue", code=None, disabled=True,
        source={"path": "metadata", "fields": "id,name"},
        targets=[{"type": "webhook", "url": "https://hooks.example.org"}],
    )  # fmt: skip
    bodies.add(
        "smsCommands", "REPORT_BY_SMS", "CHOLERA", code=None, parserType="KEY_VALUE_PARSER",
        dataset=bodies.refer("dataSets", "SURVEILLANCE"), currentPeriodUsedForReporting=False,
        completenessMethod="AT_LEAST_ONE_DATAVALUE", successMessage="Merci", smsCodes=[],
        specialCharacters=[],
    )  # fmt: skip
    bodies.add(
        "pushAnalysis", "WEEKLY_MAIL", "Weekly mail", title="Chaque semaine", code=None,
        dashboard=bodies.refer("dashboards", "NATIONAL"), message="Bonjour",
        recipientUserGroups=bodies.refer_all("userGroups", ["SUPERVISORS"]),
    )  # fmt: skip
    bodies.add(
        "messageConversations", "WELCOME", code=None, subject="Bienvenue", messages=[],
        messageType="PRIVATE", priority="NONE", status="NONE", messageCount=0, userMessages=[],
    )  # fmt: skip
    bodies.add(
        "interpretations", "RISING", code=None, text="Ça monte dans le nord.", likes=0,
        visualization=bodies.refer("visualizations", "DROPOUT"), comments=[], mentions=[],
        likedBy=[],
    )  # fmt: skip
    bodies.add(
        "aggregateDataExchanges", "TO_CENTRE", "To the centre",
        source={"params": {}, "requests": [_request(bodies)]},
        target={
            "type": "EXTERNAL",
            "api": {"url": "https://centre.example.org", "username": "exchange"},
            "request": {"idScheme": "UID"},
        },
    )  # fmt: skip


def _request(bodies: Bodies) -> dict[str, Any]:
    return {
        "name": "ANC",
        "dx": [bodies.uid("indicators/ANC_DROPOUT")],
        "pe": ["LAST_12_MONTHS"],
        "ou": [bodies.uid("organisationUnits/KV")],
        "filters": [],
        "inputIdScheme": "UID",
        "outputIdScheme": "UID",
    }
