"""The five CSV files of the older OpenLMIS-DHIS2 middleware, as settings and mapping files of ours.

Its tables are servers, shared_facilities, data_elements, datasets and schedules (the columns are
those of its database). Passwords, hashed there, are not taken over: the settings name variables.
What cannot be carried over is told, line by line, and left out.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from d2_assets.errors import ConfigurationError
from d2_assets.identifiers import is_uid

#: Columns of each table that are needed. Some sites' exports name the tables in the singular.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "servers": ("id", "name", "url", "username"),
    "shared_facilities": ("code", "facilityId", "orgUnitId", "serverId"),
    "data_elements": ("id", "name", "indicator", "orderable", "element", "datasetId"),
    "datasets": ("id", "name", "dhisDatasetId", "serverId"),
    "schedules": ("periodEnumerator", "timeOffset", "serverId", "datasetId"),
}
_SINGULAR: Mapping[str, str] = {
    "servers": "server",
    "shared_facilities": "shared_facility",
    "data_elements": "data_element",
    "datasets": "dataset",
    "schedules": "schedule",
}

#: The middleware's words for indicators, in small letters without blanks.
_INDICATORS: Mapping[str, str] = {
    "openingbalance": "beginningBalance",
    "beginningbalance": "beginningBalance",
    "received": "quantityReceived",
    "issued": "quantityDispensed",
    "consumed": "quantityDispensed",
    "adjustment": "adjustments",
    "adjustments": "adjustments",
    "losses": "totalLosses",
    "closingbalance": "closingBalance",
    "stockonhand": "stockOnHand",
    "stockoutdays": "stockoutDays",
    "totalstockoutdays": "stockoutDays",
}
_DEFAULT_COMBO = "HllvX50cXC0"

#: A run at the end of the period, by the clock of the middleware's container.
_END_OF_MONTH: Mapping[str, Any] = {"every": "month", "day": 1, "hour": 0, "time_zone": "UTC"}

Row = Mapping[str, str]
_Tables = Mapping[str, Sequence[tuple[int, Row]]]


@dataclass(frozen=True, slots=True)
class Middleware:
    """Instances and pairs as in the settings file, mapping files by their names, and what could
    not be carried over, each with its file and line."""

    instances: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    files: Mapping[str, list[list[str]]]
    problems: list[str] = field(default_factory=list)


def convert_middleware(folder: Path, source: str) -> Middleware:
    """Read the five files of a folder. ``source``: the name of the OpenLMIS instance.

    ConfigurationError names a file or column that is missing.
    """
    tables = {name: list(_read_table(folder, name)) for name in COLUMNS}
    names = _name_servers(row for _, row in tables["servers"])
    done = Middleware([], [], {}, [])
    files: dict[str, list[list[str]]] = {}
    for server, name in names.items():
        row = next(row for _, row in tables["servers"] if row["id"] == server)
        done.instances.append(_make_instance(row, name))
        files[f"facilities-{name}.csv"] = _make_facilities(tables, server, done.problems)
        files[f"products-{name}.csv"] = _make_products(tables, server, done.problems)
        done.pairs.append(_make_pair(tables, server, source, name))
    _tell_strangers(tables, names, done.problems)
    _tell_schedules(tables, done.problems)
    return Middleware(done.instances, done.pairs, files, done.problems)


def _make_instance(row: Row, name: str) -> dict[str, Any]:
    variable = re.sub(r"\W", "_", name).upper()
    return {
        "name": name,
        "url": row["url"],
        "role": "destination",
        "auth": {"username": row["username"], "password_env": f"{variable}_PASSWORD"},
    }


def _make_pair(tables: _Tables, server: str, source: str, name: str) -> dict[str, Any]:
    pair: dict[str, Any] = {
        "source": source,
        "destination": name,
        "sync_type": "stock",
        "stock": {"facilities": f"facilities-{name}.csv", "products": f"products-{name}.csv"},
    }
    if any(_is_monthly(row) for _, row in tables["schedules"] if row["serverId"] == server):
        return pair | {"execution_mode": "scheduled", "schedule": dict(_END_OF_MONTH)}
    return pair


def _is_monthly(row: Row) -> bool:
    return row["periodEnumerator"].lower() == "monthly"


def _tell_schedules(tables: _Tables, told: list[str]) -> None:
    for line, row in tables["schedules"]:
        if not _is_monthly(row):
            told.append(
                f"schedules, line {line}: stock moves by whole months here; the rhythm "
                f"{row['periodEnumerator']!r} is left out."
            )
        elif row["timeOffset"] not in ("", "0"):
            told.append(
                f"schedules, line {line}: months begin on their first day here; the offset of "
                f"{row['timeOffset']} minutes is left out."
            )


def _make_facilities(tables: _Tables, server: str, problems: list[str]) -> list[list[str]]:
    lines = [["openlmisId", "dhis2OrgUnitId", "code"]]
    for line, row in tables["shared_facilities"]:
        if row["serverId"] != server:
            continue
        if is_uid(row["orgUnitId"]):
            lines.append([row["facilityId"], row["orgUnitId"], row["code"]])
        else:
            problems.append(
                f"shared_facilities, line {line}: {row['orgUnitId']!r} is no UID of an "
                f"organisation unit; facility {row['code']} is left out."
            )
    return lines


def _make_products(tables: _Tables, server: str, problems: list[str]) -> list[list[str]]:
    data_sets = {
        row["id"]: row["dhisDatasetId"]
        for _, row in tables["datasets"]
        if row["serverId"] == server
    }
    lines = [
        ["programCode", "dataSetId", "productCode", "openlmisAttribute", "dhis2DeId", "dhis2CocId",
         "desc"]
    ]  # fmt: skip
    for line, row in tables["data_elements"]:
        data_set = data_sets.get(row["datasetId"])
        if data_set is None:
            continue
        attribute = _INDICATORS.get(re.sub(r"[\s_]", "", row["indicator"]).lower())
        combo = row.get("categoryCombo") or _DEFAULT_COMBO
        wrong = [uid for uid in (data_set, row["element"], combo) if not is_uid(uid)]
        if attribute is None or wrong:
            why = f"{wrong[0]!r} is no UID" if wrong else f"no indicator {row['indicator']!r}"
            problems.append(f"data_elements, line {line}: {why}; «{row['name']}» is left out.")
            continue
        lines.append(
            ["", data_set, row["orderable"], attribute, row["element"], combo, row["name"]]
        )
    return lines


def _tell_strangers(tables: _Tables, servers: Mapping[str, str], told: list[str]) -> None:
    """Rows of a server, or a data set, that the files do not have."""
    for table in ("shared_facilities", "datasets", "schedules"):
        for line, row in tables[table]:
            if row["serverId"] not in servers:
                told.append(f"{table}, line {line}: there is no server {row['serverId']}.")
    known = {row["id"] for _, row in tables["datasets"]}
    for line, row in tables["data_elements"]:
        if row["datasetId"] not in known:
            told.append(f"data_elements, line {line}: there is no data set {row['datasetId']}.")


def _name_servers(rows: Iterator[Row]) -> dict[str, str]:
    """Names that the settings take: two servers never share one."""
    names: dict[str, str] = {}
    for row in rows:
        wanted = re.sub(r"[^A-Za-z0-9]+", "-", row["name"]).strip("-").lower() or "dhis2"
        taken = sum(name == wanted or name.startswith(f"{wanted}-") for name in names.values())
        names[row["id"]] = f"{wanted}-{taken + 1}" if taken else wanted
    return names


def _read_table(folder: Path, table: str) -> Iterator[tuple[int, Row]]:
    path = _find_table(folder, table)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [one for one in COLUMNS[table] if one not in (reader.fieldnames or ())]
            if missing:
                raise ConfigurationError(
                    f"{path}, line 1: the column {missing[0]} is missing.",
                    remedy=f"The columns {', '.join(COLUMNS[table])} are needed.",
                    file=str(path),
                )
            for row in reader:
                yield (
                    reader.line_num,
                    {name: (value or "").strip() for name, value in row.items() if name},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"{path} cannot be read: {words}.", remedy="Give CSV files in UTF-8.", file=str(path)
        ) from error


def _find_table(folder: Path, table: str) -> Path:
    """The file of a table: its name, alone or behind another with a dot."""
    for name in (table, _SINGULAR[table]):
        found = sorted({*folder.glob(f"{name}.csv"), *folder.glob(f"*.{name}.csv")})
        if found:
            return found[0]
    raise ConfigurationError(
        f"There is no {table}.csv in {folder}.",
        remedy=f"The files {', '.join(f'{name}.csv' for name in COLUMNS)} are needed.",
        file=str(folder),
    )
