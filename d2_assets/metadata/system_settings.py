"""``/api/systemSettings``: those that say how data are shown and checked travel, by an allow-list.

Each setting of the source is an object like any other: of the class ``systemSettings``, known by
its key, compared, sent when it differs, read back. Every other key stays where it is, and a reason
is given for each: mail, addresses, keys and what one server notes for itself never travel.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import D2AssetsError, OutcomeUnknownError, RejectedError
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.compare import Difference, make_difference
from d2_assets.metadata.objects import Key
from d2_assets.metadata.plan import Action, Planned
from d2_assets.metadata.settle import REFUSED
from d2_assets.metadata.settlement import Rejection, Settlement

PLURAL = "systemSettings"
_VALUE = "value"

#: Settings that mean the same on every server of a ministry.
TRAVELS = frozenset(
    {
        "analyticsFinancialYearStart",
        "analyticsWeeklyStart",
        "applicationTitle",
        "dataEntryAutoGroup",
        "factorDeviation",
        "keyAcceptanceRequiredForApproval",
        "keyAllowObjectAssignment",
        "keyAnalysisDigitGroupSeparator",
        "keyAnalysisDisplayProperty",
        "keyAnalysisRelativePeriod",
        "keyAnalyticsPeriodYearsOffset",
        "keyApplicationFooter",
        "keyApplicationIntro",
        "keyApplicationNotification",
        "keyApplicationRightFooter",
        "keyCanGrantOwnUserAuthorityGroups",
        "keyCountPassiveDashboardViewsInUsageAnalytics",
        "keyDashboardContextMenuItemOpenInRelevantApp",
        "keyDashboardContextMenuItemShowInterpretationsAndDetails",
        "keyDashboardContextMenuItemSwitchViewType",
        "keyDashboardContextMenuItemViewFullscreen",
        "keyDataImportRequireAttributeOptionCombo",
        "keyDataImportRequireCategoryOptionCombo",
        "keyDataImportStrictAttributeOptionCombos",
        "keyDataImportStrictCategoryOptionCombos",
        "keyDataImportStrictDataElements",
        "keyDataImportStrictDataSetApproval",
        "keyDataImportStrictDataSetInputPeriods",
        "keyDataImportStrictDataSetLocking",
        "keyDataImportStrictOrganisationUnits",
        "keyDataImportStrictPeriods",
        "keyDateFormat",
        "keyDbLocale",
        "keyFlag",
        "keyGatherAnalyticalObjectStatisticsInDashboardViews",
        "keyHideBiMonthlyPeriods",
        "keyHideBiWeeklyPeriods",
        "keyHideDailyPeriods",
        "keyHideMonthlyPeriods",
        "keyHideWeeklyPeriods",
        "keyIgnoreAnalyticsApprovalYearThreshold",
        "keyIncludeZeroValuesInAnalytics",
        "keyRequireAddToView",
        "keyRespectMetaDataStartEndDatesInAnalyticsTableExport",
        "keySkipDataTypeValidationInAnalyticsTableExport",
        "keyStyle",
        "keyTrackerDashboardLayout",
        "keyUiLocale",
        "multiOrganisationUnitForms",
        "orgUnitCentroidsInEventsAnalytics",
        "phoneNumberAreaCode",
        "ruleEngineAssignOverwrite",
        "startModule",
        "startModuleEnableLightweight",
    }
)

#: How other keys begin, or what they are, and why they stay. The first that fits is told.
STAYS: Sequence[tuple[tuple[str, ...], str]] = (
    (
        ("keyEmail", "keySystemNotificationsEmail", "keySms", "autoVerifyInvitedUserEmail"),
        "mail and SMS are sent by each server in its own name",
    ),
    (
        ("keyBingMaps", "keyGoogleMaps", "keyAzureMaps", "googleAnalyticsUA", "recaptcha"),
        "keys of services belong to one server",
    ),
    (
        ("helpPageLink", "keyMetaDataRepoUrl", "keyRemoteInstance", "keyHtmlPushAnalyticsUrl"),
        "addresses are those of one server's network",
    ),
    (("keyCalendar",), "a calendar changes what period ids mean: it is set once, by hand"),
    (
        (
            "keyAccountRecovery",
            "keyLockMultipleFailedLogins",
            "keySelfRegistration",
            "selfRegistration",
            "accountExpir",
            "credentialsExpir",
            "enforceVerifiedEmail",
            "minPasswordLength",
            "maxPasswordLength",
            "deviceEnrollment",
        ),
        "who may sign in, and how, each server decides for itself",
    ),
    (
        (
            "keyLast",
            "lastSuccessful",
            "keyNextAnalytics",
            "keySystemMetadataVersion",
            "keyRemoteMetadataVersion",
            "keyMetadata",
            "keyStopMetadataSync",
            "keyVersionEnabled",
            "sync",
        ),
        "a server notes there what it has done itself",
    ),
    (
        (
            "keyCache",
            "keyAnalyticsCache",
            "keyAnalyticsMaxLimit",
            "keyAnalyticsDownload",
            "keyAnalyticsMaintenance",
            "keyDatabaseServerCpus",
            "keyParallelJobs",
            "keySqlViewMaxLimit",
            "keyTrackedEntity",
            "KeyTrackedEntity",
            "keyDataQualityMaxLimit",
            "keyFileResource",
            "jobs",
            "notifier",
            "experimental",
            "globalShell",
            "keyEmbeddedDashboardsEnabled",
            "keyCurrentDomainType",
        ),
        "it fits one server's strength and the software on it",
    ),
    (
        ("keyCustom", "keyUseCustom", "keyFlagImage", "loginP", "keyDefaultBaseMap"),
        "it needs files, scripts or objects that stay at the source",
    ),
)
_OTHERWISE = "it is not among the settings that travel"


def find_reason_to_stay(key: str) -> str:
    """Why a setting does not travel; empty when it does."""
    if key in TRAVELS:
        return ""
    return next((why for starts, why in STAYS if key.startswith(starts)), _OTHERWISE)


def plan_settings(
    source: Mapping[Key, Mapping[str, Any]],
    destination: Mapping[Key, Mapping[str, Any]],
    choices: MetadataChoices,
) -> list[Planned]:
    """What to do with each setting of the source; both as ``read_settings`` gives them."""
    return [
        _plan_one(
            key[1],
            source[key][_VALUE],
            destination.get(key, {}).get(_VALUE),
            key in destination,
            choices,
        )
        for key in sorted(source)
    ]


def _plan_one(
    key: str, wanted: Any, found: Any, is_there: bool, choices: MetadataChoices
) -> Planned:
    def plan(action: Action, *differences: Difference, reason: str = "") -> Planned:
        return Planned(
            key=(PLURAL, key),
            destination_id=key,
            name=key,
            code=key,
            action=action,
            body={_VALUE: wanted} if action in (Action.CREATE, Action.UPDATE) else {},
            wanted={_VALUE: wanted},
            differences=differences,
            reason_code="stays" if reason else "",
            reason=reason,
        )

    reason = find_reason_to_stay(key)
    if reason:
        return plan(Action.FILTERED, reason=f"It does not travel: {reason}.")
    if wanted == found or (_says_nothing(wanted) and (choices.merge or _says_nothing(found))):
        return plan(Action.UNCHANGED)
    difference = make_difference(PLURAL, key, key, _VALUE, wanted, found)
    may = choices.updates if is_there else choices.creates
    if not may:
        return plan(Action.HELD, difference.become("held"))
    return plan(Action.UPDATE if is_there else Action.CREATE, difference)


def read_settings(client: DHIS2Client) -> dict[Key, Mapping[str, Any]]:
    """The settings of a server as objects: the value of each, by class and key."""
    settings = client.get_system_settings()
    return {(PLURAL, key): {"id": key, _VALUE: value} for key, value in settings.items()}


def push_settings(client: DHIS2Client, planned: Sequence[Planned]) -> Settlement:
    """Send the settings that differ; when the server refuses them together, each alone."""
    settlement = Settlement()
    sent = [one for one in planned if one.is_sent]
    if not sent:
        return settlement
    try:
        _post(client, sent, settlement)
    except RejectedError:
        for one in sent:
            try:
                _post(client, [one], settlement)
            except RejectedError as error:
                rejection = Rejection(error.code or REFUSED, error.message)
                settlement.refused[one.destination_key] = rejection
            except D2AssetsError as error:
                settlement.error = error
                return settlement
    except D2AssetsError as error:
        settlement.error = error
        if isinstance(error, OutcomeUnknownError):
            settlement.unconfirmed |= {one.destination_key for one in sent}
    return settlement


def _post(client: DHIS2Client, sent: Sequence[Planned], settlement: Settlement) -> None:
    settlement.requests += 1
    client.post_system_settings({one.destination_id: one.body[_VALUE] for one in sent})
    settlement.taken |= {one.destination_key for one in sent}


def _says_nothing(value: Any) -> bool:
    return value is None or value == ""
