"""What a server says about itself and about who asks: ``system/info``, ``me``, settings, tokens."""

import sys
from collections.abc import Mapping, Sequence
from random import SystemRandom
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.accounts import Account, add_token
from d2_assets.sandbox.answers import (
    SYSTEM_NAME,
    Answer,
    answer_error_page,
    answer_json,
    answer_message,
)
from d2_assets.sandbox.fields import Projection, parse_fields
from d2_assets.sandbox.instance import Instance, format_instant

_NEVER = "1970-01-01T00:00:00.000"

Query = Mapping[str, Sequence[str]]


def answer_info(instance: Instance, query: Query, user_agent: str) -> Answer:
    """``GET /api/system/info``; the calendar is the setting ``keyCalendar``."""
    facts = instance.facts
    body = _describe(instance) | {"userAgent": user_agent}
    if facts.describes_analytics:
        body |= _describe_analytics(instance)
    if facts.describes_session:
        body |= {"sessionTimeout": 3600, "capability": {"analyticsTotalCounts": False}}
    if query.get("fields"):
        names = {field.name for field in parse_fields(query["fields"][-1])}
        body = {name: value for name, value in body.items() if name in names}
    return answer_json(facts, body)


def _describe(instance: Instance) -> dict[str, Any]:
    facts = instance.facts
    now = format_instant(instance.store.now())
    return {
        "contextPath": instance.url,
        "calendar": instance.store.settings().get("keyCalendar", "iso8601"),
        "dateFormat": "yyyy-mm-dd",
        "serverDate": now,
        "serverTimeZoneId": "Etc/UTC",
        "serverTimeZoneDisplayName": "Coordinated Universal Time",
        "version": facts.version,
        "revision": facts.revision,
        "buildTime": _NEVER,
        "jasperReportsVersion": "none",
        "environmentVariable": "none",
        "fileStoreProvider": "none",
        "readOnlyMode": "off",
        "nodeId": "",
        "javaVersion": "none",
        "javaVendor": "none",
        "osName": sys.platform,
        "osArchitecture": "unknown",
        "osVersion": "unknown",
        "externalDirectory": "none",
        "databaseInfo": _describe_database(instance),
        "readReplicaCount": 0,
        "memoryInfo": "unknown",
        "cpuCores": 1,
        "encryption": False,
        "emailConfigured": False,
        "redisEnabled": False,
        "systemId": instance.system_id,
        "systemName": SYSTEM_NAME,
        "instanceBaseUrl": instance.url,
        "clusterHostname": "",
        "isMetadataVersionEnabled": False,
    }


def _describe_database(instance: Instance) -> dict[str, Any]:
    return {
        "name": instance.store.path.name,
        "user": "sandbox",
        "url": "sqlite",
        "databaseVersion": "SQLite",
        "spatialSupport": False,
    }


def _describe_analytics(instance: Instance) -> dict[str, Any]:
    now = instance.store.now()
    since = now.timestamp()
    interval = f"{int(since // 3600)} h, {now.minute} m, {now.second} s"
    return {
        "lastAnalyticsTableSuccess": _NEVER,
        "intervalSinceLastAnalyticsTableSuccess": interval,
        "lastAnalyticsTableRuntime": "",
        "lastSystemMonitoringSuccess": _NEVER,
        "lastAnalyticsTablePartitionSuccess": _NEVER,
        "intervalSinceLastAnalyticsTablePartitionSuccess": interval,
        "lastAnalyticsTablePartitionRuntime": "",
        "databaseInfo": _describe_database(instance) | {"time": format_instant(now)},
        "systemMetadataVersion": "",
        "lastMetadataVersionSyncAttempt": _NEVER,
    }


def answer_me(instance: Instance, account: Account, query: Query) -> Answer:
    """``GET /api/me``: the account's user object, its authorities and settings."""
    body = dict(instance.store.get_object("users", account.id) or {})
    body |= {
        "authorities": list(account.authorities),
        "settings": dict(instance.facts.user_settings),
        "programs": [],
        "dataSets": [
            uid
            for uid, facts in instance.catalogue.data_sets.items()
            if account.may("data_write", facts.sharing)
        ],
    }
    fields = parse_fields((query.get("fields") or [":all,name,displayName,access"])[-1])
    projection = Projection(instance.store, account)
    return answer_json(instance.facts, projection.project("users", body, fields))


def answer_settings(instance: Instance, name: str) -> Answer:
    """``GET /api/systemSettings`` and one setting of it."""
    settings = instance.store.settings()
    if not name:
        return answer_json(instance.facts, settings)
    if name not in settings:
        return answer_error_page(instance.facts, 404, f"/api/systemSettings/{name}")
    return answer_json(instance.facts, {name: settings[name]})


def answer_token(instance: Instance, account: Account) -> Answer:
    """``POST /api/apiToken``: a personal access token, shown this once."""
    facts = instance.facts
    key = add_token(account.username, instance.store, facts)
    uid = generate_uid(SystemRandom())
    answer = answer_message(
        facts,
        201,
        response={
            "responseType": facts.token_response_type,
            "key": key,
            "klass": "org.hisp.dhis.security.apikey.ApiToken",
            "uid": uid,
            "errorReports": [],
        },
    )
    answer.headers["location"] = f"{instance.url}/api/apiToken/{uid}"
    return answer
