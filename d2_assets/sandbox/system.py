"""What a server says about itself and about who asks: ``system/info``, ``me``, settings, tokens."""

import sys
from collections.abc import Mapping, Sequence
from random import SystemRandom
from typing import Any

import orjson

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
from d2_assets.sandbox.metadata_combos import complete_option_combos
from d2_assets.sandbox.versions import VersionFacts

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
        "serverTimeZoneId": _name_zone(instance),
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


def _name_zone(instance: Instance) -> str:
    return getattr(instance.store.zone, "key", "Etc/UTC")


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
    projection = Projection(instance.store, account, instance.facts.line)
    return answer_json(instance.facts, projection.project("users", body, fields))


def answer_settings(instance: Instance, name: str) -> Answer:
    """``GET /api/systemSettings`` and one setting of it."""
    settings = instance.store.settings()
    if not name:
        return answer_json(instance.facts, settings)
    if name not in settings:
        return answer_error_page(instance.facts, 404, f"/api/systemSettings/{name}")
    return answer_json(instance.facts, {name: settings[name]})


def store_settings(
    instance: Instance, account: Account, name: str, body: bytes, query: Query
) -> Answer:
    """``POST /api/systemSettings``, a JSON object; ``/<key>``, with ``value`` or the body as text.

    A value takes the type of the one it replaces. Answers as read, not seen.
    """
    facts = instance.facts
    if not _may(account, "F_SYSTEM_SETTING"):
        return refuse_access(facts, "F_SYSTEM_SETTING")
    if name:
        value = (query.get("value") or [body.decode("utf-8", "replace")])[-1]
        instance.store.put_setting(name, _retype(instance.store.settings().get(name), value))
        words = f"System setting '{name}' set to value '{value}'."
        return answer_message(facts, 200, message=words)
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return answer_message(facts, 400, message=str(error))
    if not isinstance(values, dict):
        return answer_message(facts, 400, message="System settings are a JSON object.")
    for key, value in values.items():
        instance.store.put_setting(key, value)
    return answer_message(facts, 200, message="System settings imported")


def _retype(old: Any, text: str) -> Any:
    """A text as a value of the kind that stands there."""
    if isinstance(old, bool):
        return text.lower() == "true"
    if isinstance(old, int | float):
        try:
            return type(old)(text)
        except ValueError:
            return text
    return text


def maintain(instance: Instance, account: Account, task: str, query: Query) -> Answer:
    """``POST /api/maintenance``: tasks named in the path or as parameters."""
    if not _may(account, "F_PERFORM_MAINTENANCE"):
        return refuse_access(instance.facts, "F_PERFORM_MAINTENANCE")
    tasks = {task} | {name for name, values in query.items() if values[-1] == "true"}
    if tasks & {"cacheClear", "cache"}:
        instance.caches_cleared = True
    if "categoryOptionComboUpdate" not in tasks:
        return Answer(204)
    now = format_instant(instance.store.now())
    complete_option_combos(instance.store, now, SystemRandom())
    has_body = task == "categoryOptionComboUpdate" and instance.facts.maintenance_body
    return answer_message(instance.facts, 200) if has_body else Answer(204)


def prune(instance: Instance, account: Account, plural: str, uid: str) -> Answer:
    """``POST /api/maintenance/dataPruning/<class>/<uid>``: its data values go for good [read]."""
    if "ALL" not in account.authorities:
        return refuse_access(instance.facts, "ALL")
    column = {"organisationUnits": "org_unit", "dataElements": "data_element"}.get(plural)
    if column is None or instance.store.get_object(plural, uid) is None:
        return answer_message(instance.facts, 404, message=f"{plural} {uid} could not be found.")
    instance.store.prune_data_values(column, uid)
    return answer_message(instance.facts, 200, message=f"Data was pruned of {plural} {uid}.")


def _may(account: Account, authority: str) -> bool:
    return bool({"ALL", authority} & set(account.authorities))


def refuse_access(facts: VersionFacts, authority: str) -> Answer:
    """What an account without a right is told [read]."""
    words = f"Access is denied, requires one Authority from [{authority}]"
    code = "E1006" if facts.codes_metadata_errors else ""
    return answer_message(facts, 403, message=words, error_code=code)


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
