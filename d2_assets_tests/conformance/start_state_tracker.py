"""The programs that the recorded tracker exchanges are about.

Of the hundreds of program rules of the recorded servers there
are those that an answer names, each with the value that it was seen to compute.
"""

import re
from collections.abc import Iterable
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets_tests.conformance.recorded_bodies import (
    DEFAULTS,
    ROOT,
    UNKNOWN,
    Body,
    copy_object,
    drop_cuts,
)
from d2_assets_tests.recordings import read_exchange, read_exchanges

EVENT_PROGRAM, PROGRAM, TYPE = "TP01C129Or9", "Xh88p1nyefp", "MCPQUTHX1Ze"
#: The enrollment that 2.42 shows on events of the program without registration.
HIDDEN_ENROLLMENT = "wtj7CekANq1"
#: The attribute whose value was refused as taken.
UNIQUE = "Ewi7FUfcHAD"
_STAGE, _CHOSEN, _OPTION_SET = "lOslKyVm688", "cgYpqCgnVF2", "rlYDq7U043q"
_COMPUTED = re.compile(r"\(`(\w+)`\).*`(\w+)`.*calculated value `(.*?)`")

Metadata = dict[str, dict[str, Body]]


def read_tree(version: str) -> Body:
    """The tracked entity that was read whole, with nothing cut: as it was sent back."""
    return read_exchange(version, "tr-te-again").request["body"]["trackedEntities"][0]


def add_tracker_objects(metadata: Metadata, version: str) -> None:
    """Bring the metadata that the tracker exchanges need into those of a start state."""
    tree = read_tree(version)
    events = list_events(tree)
    units = _add_units(metadata, version)
    written = read_exchange(version, "tr-event-create").request["body"]["events"][0]
    stages = {event["programStage"]: _list_elements(event) for event in events}
    for stage, elements in stages.items():
        _add_stage(metadata, PROGRAM, stage, elements)
    _add_stage(metadata, EVENT_PROGRAM, _STAGE, _list_elements(written))
    for program, owned in ((PROGRAM, [*stages]), (EVENT_PROGRAM, [_STAGE])):
        body = metadata["programs"][program]
        _complete(body, "organisationUnits", [{"id": unit} for unit in units])
        _complete(body, "programStages", [{"id": stage} for stage in owned])
    default = {"id": DEFAULTS["categoryOptions"]}
    metadata["categoryOptionCombos"][DEFAULTS["categoryOptionCombos"]]["categoryOptions"] = [
        default
    ]
    _add_attributes(metadata, tree)
    _add_options(metadata)
    _add_rules(metadata, version, events)


def _add_units(metadata: Metadata, version: str) -> list[str]:
    names: dict[str, str] = {}
    for exchange in read_exchanges(version):
        if exchange.name.startswith(("tr-", "legacy-")):
            for part in (exchange.request.get("body"), exchange.response.get("json")):
                for uid, name in _find_units(part).items():
                    names[uid] = names.get(uid) or name
    units = [uid for uid in names if uid not in (ROOT, UNKNOWN)]
    for uid in units:
        known = metadata["organisationUnits"]
        shown = known.get(uid) or copy_object(known, uid)
        named = {"name": names[uid]} if names[uid] else {}
        place = {"path": f"/{ROOT}/{uid}", "level": 2, "parent": {"id": ROOT}}
        known[uid] = shown | named | place
    return units


def _find_units(body: Any) -> dict[str, str]:
    """Unit -> its name or "", anywhere in a body."""
    found: dict[str, str] = {}
    if isinstance(body, dict):
        if isinstance(body.get("orgUnit"), str):
            found[body["orgUnit"]] = body.get("orgUnitName") or ""
        inner: Iterable[Any] = body.values()
    else:
        inner = body if isinstance(body, list) else ()
    for item in inner:
        for uid, name in _find_units(item).items():
            found[uid] = found.get(uid) or name
    return found


def _list_elements(event: Body) -> list[str]:
    return [value["dataElement"] for value in event["dataValues"]]


def _complete(body: Body, member: str, items: list[Body], key: str = "") -> None:
    """Let a list that was cut hold some items more; ``key`` is the reference that tells them."""

    def tell(item: Body) -> str:
        return (item[key] if key else item)["id"]

    shown = body.get(member) or []
    known = {tell(item) for item in shown}
    body[member] = shown + [item for item in items if tell(item) not in known]


def _add_stage(metadata: Metadata, program: str, uid: str, elements: list[str]) -> None:
    known = metadata["dataElements"]
    for element in elements:
        if element not in known or known[element]["name"].startswith("zz "):
            typed = {"valueType": "TEXT", "domainType": "TRACKER"}
            known[element] = copy_object(known, element) | typed
            known[element].pop("optionSet", None)
    stages = metadata["programStages"]
    if uid not in stages:
        made = {"program": {"id": program}, "repeatable": True, "validationStrategy": "ON_COMPLETE"}
        stages[uid] = copy_object(stages, uid) | made | {"programStageDataElements": []}
    parts = [{"dataElement": {"id": element}, "compulsory": False} for element in elements]
    _complete(stages[uid], "programStageDataElements", parts, "dataElement")


def _add_attributes(metadata: Metadata, tree: Body) -> None:
    known = metadata["trackedEntityAttributes"]
    for shown in tree["attributes"]:
        uid = shown["attribute"]
        if uid not in known or known[uid]["name"].startswith("zz "):
            made = {"name": shown["displayName"], "valueType": shown["valueType"]}
            known[uid] = copy_object(known, uid) | made | {"unique": uid == UNIQUE}
            known[uid].pop("optionSet", None)
            known[uid] |= {"code": shown["code"]} if "code" in shown else {}
    parts = [
        {"trackedEntityAttribute": {"id": shown["attribute"]}, "mandatory": False}
        for shown in tree["attributes"]
    ]
    program = metadata["programs"][PROGRAM]
    _complete(program, "programTrackedEntityAttributes", parts, "trackedEntityAttribute")


def _add_options(metadata: Metadata) -> None:
    sets, options = metadata["optionSets"], metadata["options"]
    sets[_OPTION_SET] = sets.get(_OPTION_SET) or copy_object(sets, _OPTION_SET)
    for code in ("FEMALE", "MALE", "UNKNOWN"):
        uid = generate_uid(Random(f"option {code}"))
        options[uid] = copy_object(options, uid) | {"code": code, "optionSet": {"id": _OPTION_SET}}
    metadata["dataElements"][_CHOSEN]["optionSet"] = {"id": _OPTION_SET}


def _add_rules(metadata: Metadata, version: str, events: list[Body]) -> None:
    """The rules that refused the tracked entity that was sent back.

    What was refused without an error that is shown, or for a value that was not sent, gets a rule
    of our own: lists of errors are cut.
    """
    answer = read_exchange(version, "tr-te-again").body
    told = [
        (report["uid"], _COMPUTED.search(report["message"]))
        for report in drop_cuts(answer["validationReport"]["errorReports"])
    ]
    types = answer.get("bundleReport", {}).get("typeReportMap", {})
    landed = {
        report["uid"] for described in types.values() for report in described["objectReports"]
    }
    tree = read_tree(version)
    for holder in [*tree["enrollments"], *events] if types else ():
        uid = holder.get("event") or holder["enrollment"]
        values = _list_elements(holder) if "event" in holder else _list_attributes(tree)
        shown = [found for blamed, found in told if found and blamed == uid and found[2] in values]
        for rule, assigned, computed in [found.groups() for found in shown]:
            _add_rule(metadata, rule, assigned, computed, holder.get("programStage"))
        if not shown and uid not in landed:
            rule = generate_uid(Random(f"rule {uid}"))
            _add_rule(metadata, rule, values[0], "computed", holder.get("programStage"))


def _list_attributes(tree: Body) -> list[str]:
    return [value["attribute"] for value in tree["attributes"]]


def _add_rule(metadata: Metadata, uid: str, assigned: str, value: str, stage: str | None) -> None:
    action = generate_uid(Random(f"action {uid}"))
    member = "dataElement" if stage else "trackedEntityAttribute"
    metadata["programRules"][uid] = copy_object(metadata["programRules"], uid) | {
        "condition": "true",
        "program": {"id": PROGRAM},
        "programStage": {"id": stage} if stage else None,
        "programRuleActions": [{"id": action}],
    }
    body = copy_object(metadata["programRuleActions"], action)
    for name in ("dataElement", "trackedEntityAttribute"):
        body.pop(name, None)
    metadata["programRuleActions"][action] = body | {
        "programRule": {"id": uid},
        "programRuleActionType": "ASSIGN",
        "data": f"'{value}'",
        member: {"id": assigned},
    }


def list_events(tree: Body) -> list[Body]:
    """All events of a tree."""
    return [event for enrollment in tree["enrollments"] for event in enrollment["events"]]
