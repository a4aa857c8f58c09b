"""Objects of the suite's own, so that writing exchanges can be played to a server in use.

Two units under the root, a monthly data set with the elements that the recordings write, all with
new UIDs. The recorded UIDs are replaced by these in requests and in answers.
"""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets_tests.conformance.recorded_bodies import ROOT
from d2_assets_tests.conformance.start_state import (
    DATA_SET,
    find_codes,
    list_elements,
    list_units,
)
from d2_assets_tests.recordings import read_exchange, read_exchanges

DEFAULT_COMBO = "bjDvmb4bfuf"
DEFAULT_OPTION_COMBO = "HllvX50cXC0"
#: Exchanges that write, and those that read what was written.
WRITING = (
    "meta-*",
    "metadata-class-list-deleted",
    "dv-*",
    "complete-*",
    "maintenance-coc",
    "method-not-allowed",
)

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnObjects:
    """``names``: recorded text -> own; ``metadata``: what must be created, by class, in order;
    ``imported``: the elements that the exchanges themselves create."""

    names: dict[str, str]
    metadata: dict[str, list[Body]]
    imported: list[str]

    @property
    def units(self) -> list[str]:
        """The UIDs of the own units."""
        return [body["id"] for body in self.metadata["organisationUnits"]]


def make_own_objects(version: str, root: Body, today: date, random: Random) -> OwnObjects:
    """Objects for the recordings of a version line, under a server's root unit (id and code)."""
    elements, units = list_elements(version), list_units(version)
    recorded_day = read_exchange(version, "system-info").body["serverDate"][:10]
    names = {
        ROOT: root["id"],
        recorded_day[:7].replace("-", ""): f"{today:%Y%m}",
        **dict.fromkeys(elements.values(), DEFAULT_OPTION_COMBO),
        **{uid: generate_uid(random) for uid in (DATA_SET, *elements, *units)},
    }
    codes = {DEFAULT_OPTION_COMBO: "default", root["id"]: root.get("code", root["id"])}
    names |= {
        f'"{code}"': f'"{codes.get(names[uid], _make_code(names[uid]))}"'
        for uid, code in find_codes(version).items()
        if uid in names
    }
    mark = generate_uid(random)[:5]
    imported = {uid: generate_uid(random) for uid in list_imported(version)}
    names |= imported | {
        '"Rec ': f'"Rec {mark} ',
        " Rec ": f" Rec {mark} ",
        "`Rec ": f"`Rec {mark} ",
        "REC_": f"REC_{mark}_",
    }
    metadata = {
        "organisationUnits": [
            _make_unit(names[uid], f"d2_assets {mark} unit {n}", root["id"])
            for n, uid in enumerate(units)
        ],
        "dataElements": [
            _make_element(names[uid], f"d2_assets {mark} element {n}")
            for n, uid in enumerate(elements)
        ],
        "dataSets": [
            _make_data_set(
                names[DATA_SET],
                f"d2_assets {mark} data set",
                [names[uid] for uid in elements],
                [names[uid] for uid in units],
            )
        ],
    }
    return OwnObjects(names, metadata, list(imported.values()))


def list_imported(version: str) -> list[str]:
    """The data elements that metadata imports create or name by their own UID."""
    bodies = [
        exchange.request.get("body")
        for exchange in read_exchanges(version)
        if exchange.name.startswith("meta-")
    ]
    elements = [
        element["id"]
        for body in bodies
        if isinstance(body, dict)
        for element in body.get("dataElements", ())
    ]
    return [uid for uid in dict.fromkeys(elements) if len(uid) == 11]


def _make_unit(uid: str, name: str, root: str) -> Body:
    return _name(uid, name) | {
        "parent": {"id": root},
        "path": f"/{root}/{uid}",
        "level": 2,
        "openingDate": "2010-01-01T00:00:00.000",
    }


def _make_element(uid: str, name: str) -> Body:
    return _name(uid, name) | {
        "valueType": "INTEGER_ZERO_OR_POSITIVE",
        "aggregationType": "SUM",
        "domainType": "AGGREGATE",
        "zeroIsSignificant": True,
        "categoryCombo": {"id": DEFAULT_COMBO},
    }


def _make_data_set(uid: str, name: str, elements: list[str], units: list[str]) -> Body:
    return _name(uid, name) | {
        "periodType": "Monthly",
        "openFuturePeriods": 1,
        "categoryCombo": {"id": DEFAULT_COMBO},
        "dataSetElements": [
            {"dataSet": {"id": uid}, "dataElement": {"id": element}} for element in elements
        ],
        "organisationUnits": [{"id": unit} for unit in units],
    }


def _name(uid: str, name: str) -> Body:
    return {"id": uid, "code": _make_code(uid), "name": name, "shortName": name[:50]}


def _make_code(uid: str) -> str:
    return f"D2A_{uid}"
