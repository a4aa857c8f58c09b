"""The state in which a stand-in server must be before recorded exchanges are played to it.

Recorded lists are cut, so the state is what they show, filled up with copies to the recorded
totals, and what the data value exchanges need: their elements are members of one data set, their
units report it, the root does not.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox import Store
from d2_assets_tests.conformance.recorded_bodies import (
    DEFAULTS,
    ROOT,
    UNKNOWN,
    Body,
    copy_object,
    drop_cuts,
)
from d2_assets_tests.conformance.start_state_tracker import add_tracker_objects
from d2_assets_tests.recordings import Exchange, read_exchange, read_exchanges

DATA_SET = "XvcWsuHBsGA"


def fill_from_recordings(store: Store, version: str) -> None:
    """Bring an empty store into the start state of a version line ("2.40")."""
    metadata = _collect_metadata(version)
    _add_defaults(metadata)
    _add_data_value_objects(metadata, version)
    add_tracker_objects(metadata, version)
    _give_authorities(metadata, version)
    _fill_up(metadata, version)
    for plural, bodies in metadata.items():
        store.put_metadata(plural, bodies.values())
    for name, value in read_exchange(version, "system-settings").body.items():
        store.put_setting(name, value)


def _iterate_lists(version: str) -> Iterator[tuple[Exchange, str, list[Body], int | None]]:
    """Exchanges that show objects: their class, the objects, and the recorded total."""
    for exchange in read_exchanges(version):
        body = exchange.response.get("json")
        if exchange.status != 200 or not isinstance(body, dict):
            continue
        is_list = "pager" in body or exchange.name == "list-paging-false"
        if is_list or exchange.request["path"] == "/api/metadata":
            for plural, objects in body.items():
                if isinstance(objects, list) and exchange.request["method"] == "GET":
                    total = body.get("pager", {}).get("total")
                    yield exchange, plural, drop_cuts(objects), total


def _collect_metadata(version: str) -> dict[str, dict[str, Body]]:
    """Every object that a list or an export shows; partial ones completed from a full one."""
    metadata: dict[str, dict[str, Body]] = {}
    partial: list[tuple[str, Body]] = []
    for exchange, plural, objects, _ in _iterate_lists(version):
        full = exchange.request["params"].get("fields") == ":owner"
        for body in (body for body in objects if "id" in body):
            if full:
                metadata.setdefault(plural, {})[body["id"]] = body
            else:
                partial.append((plural, body))
    for plural, body in partial:
        known = metadata.setdefault(plural, {})
        template = known.get(body["id"]) or copy_object(known, body["id"])
        known[body["id"]] = template | body
    return metadata


def _add_defaults(metadata: dict[str, dict[str, Body]]) -> None:
    combo = {"categoryCombo": {"id": DEFAULTS["categoryCombos"]}}
    for plural, uid in DEFAULTS.items():
        known = metadata[plural]
        default = {"name": "default", "code": "default"}
        shown = known.get(uid, {})
        known[uid] = (shown if "created" in shown else copy_object(known, uid)) | default
        known[uid] |= combo if plural == "categoryOptionCombos" else {}


def _list_rows(version: str) -> Iterator[Body]:
    for exchange in read_exchanges(version):
        body = exchange.request.get("body")
        if exchange.name.startswith("dv-") and isinstance(body, dict):
            yield from body["dataValues"]


def list_elements(version: str) -> dict[str, str]:
    """The data elements that are written, each with its category option combo."""
    return {
        row["dataElement"]: row["categoryOptionCombo"]
        for row in _list_rows(version)
        if UNKNOWN not in (row["dataElement"], row["categoryOptionCombo"])
    }


def list_units(version: str) -> list[str]:
    """The units in the data set that values are written for."""
    units = [row.get("orgUnit") for row in _list_rows(version)]
    return [u for u in dict.fromkeys(units) if u not in (None, ROOT, UNKNOWN, "bad")]


def find_codes(version: str) -> dict[str, str]:
    """UID -> code, as two reads of the same rows show them."""
    by_uid = read_exchange(version, "dv-read-children").body
    by_code = read_exchange(version, "dv-read-code-scheme").body
    codes = {DATA_SET: by_code["dataSet"], ROOT: by_code.get("orgUnit", "OU_0")}
    for row, coded in zip(by_uid["dataValues"], by_code["dataValues"], strict=True):
        codes |= {
            row[name]: coded[name] for name in ("dataElement", "orgUnit", "categoryOptionCombo")
        }
    return codes


def _add_data_value_objects(metadata: dict[str, dict[str, Body]], version: str) -> None:
    codes = find_codes(version)

    def add(plural: str, uid: str, **more: Any) -> None:
        known = metadata[plural]
        coded = {"code": codes[uid]} if uid in codes else {}
        known[uid] = (known.get(uid) or copy_object(known, uid)) | coded | more

    units = list_units(version)
    add("organisationUnits", ROOT, path=f"/{ROOT}", level=1)
    metadata["organisationUnits"][ROOT].pop("parent", None)
    for unit in units:
        add("organisationUnits", unit, path=f"/{ROOT}/{unit}", level=2, parent={"id": ROOT})
    elements = list_elements(version)
    other_combo = next(uid for uid in metadata["categoryCombos"] if uid not in DEFAULTS.values())
    for element, option_combo in elements.items():
        is_default = option_combo == DEFAULTS["categoryOptionCombos"]
        combo = {"id": DEFAULTS["categoryCombos"] if is_default else other_combo}
        value_type = "INTEGER_ZERO_OR_POSITIVE"
        add("dataElements", element, valueType=value_type, categoryCombo=combo)
        if not is_default:
            add("categoryOptionCombos", option_combo, categoryCombo=combo)
    known = metadata["dataSets"].get(DATA_SET, {}).get("dataSetElements", [])
    members = dict.fromkeys([*(m["dataElement"]["id"] for m in known), *elements])
    add(
        "dataSets",
        DATA_SET,
        periodType="Monthly",
        openFuturePeriods=1,
        categoryCombo={"id": DEFAULTS["categoryCombos"]},
        dataSetElements=[
            {"dataSet": {"id": DATA_SET}, "dataElement": {"id": uid}} for uid in members
        ],
        organisationUnits=[{"id": unit} for unit in units],
    )


def _give_authorities(metadata: dict[str, dict[str, Body]], version: str) -> None:
    me = read_exchange(version, "me").body
    role = me["userRoles"][0]["id"]
    metadata["userRoles"][role]["authorities"] = me["authorities"]


def _fill_up(metadata: dict[str, dict[str, Body]], version: str) -> None:
    """Copies with names that sort behind everything, until the recorded totals are reached."""
    for _, plural, _, total in _iterate_lists(version):
        known = metadata.get(plural)
        for number in range(len(known or ()), total or 0):
            if not known:
                break
            uid = generate_uid(Random(f"{plural}/{number}"))
            known[uid] = copy_object(known, uid)
