"""The demo instance of the contracts as a stand-in server's state, read from its CSV files."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from d2_assets.sandbox.openlmis.state import (
    Account,
    State,
    StoredAdjustment,
    StoredCard,
    StoredFacility,
    StoredLine,
    StoredLot,
    StoredOrderable,
    StoredProgram,
    StoredReason,
)

Row = Mapping[str, str]


def read_rows(path: Path) -> Iterator[Row]:
    """Rows by small-letter column names; the word null is nothing. One file has a BOM."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            yield {
                name.lower(): "" if value in (None, "null") else value
                for name, value in row.items()
            }


def load_demo(contracts: Path) -> State:
    """All of it; today is the day after the last month that is expected."""
    stock = contracts / "demo/stockmanagement"
    state = State(today=lambda: date(2018, 1, 1))
    state.accounts["administrator"] = Account("password")
    _load_reference_data(state, contracts)
    state.reasons.update(_load_reasons(contracts))
    adjustments = _load_adjustments(stock)
    nodes = {row["id"]: row["referenceid"] for row in _stock_rows(stock, "nodes")}
    lines: defaultdict[str, list[StoredLine]] = defaultdict(list)
    for row in _stock_rows(stock, "stock_card_line_items"):
        lines[row["stockcardid"]].append(
            StoredLine(
                id=row["id"],
                occurred_date=date.fromisoformat(row["occurreddate"]),
                processed_date=row["processeddate"],
                quantity=int(row["quantity"]),
                reason=row["reasonid"],
                source=nodes.get(row["sourceid"], row["sourceid"]),
                destination=nodes.get(row["destinationid"], row["destinationid"]),
                adjustments=tuple(adjustments[row["id"]]),
            )
        )
    state.add_cards(
        StoredCard(
            id=row["id"],
            facility=row["facilityid"],
            program=row["programid"],
            orderable=row["orderableid"],
            lot=row["lotid"],
            lines=lines[row["id"]],
        )
        for row in _stock_rows(stock, "stock_cards")
    )
    return state


def _load_reference_data(state: State, contracts: Path) -> None:
    folder = contracts / "demo/referencedata"

    def rows(table: str) -> Iterator[Row]:
        return read_rows(folder / f"referencedata.{table}.csv")

    state.programs.update(
        {
            row["id"]: StoredProgram(row["id"], row["code"], row["name"], row["active"] == "true")
            for row in rows("programs")
        }
    )
    supported: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows("supported_programs"):
        if row["active"] == "true":
            supported[row["facilityid"]].append(row["programid"])
    for row in rows("facilities"):
        uid = row["id"]
        state.facilities[uid] = StoredFacility(
            uid, row["code"], row["name"], row["typeid"], tuple(supported[uid])
        )
    for row in rows("lots"):
        state.lots[row["id"].lower()] = StoredLot(
            row["id"], row["lotcode"], row["tradeitemid"].lower(), row["expirationdate"]
        )
    _load_orderables(state, rows("orderables"), rows("program_orderables"), contracts)
    for row in rows("facility_type_approved_products"):
        if row["active"] == "true":
            state.approved.add((row["facilitytypeid"], row["programid"], row["orderableid"]))


def _load_orderables(
    state: State, orderables: Iterator[Row], of_programs: Iterator[Row], contracts: Path
) -> None:
    """The latest version of each, and which commodity types it fulfils."""
    programs: defaultdict[str, set[str]] = defaultdict(set)
    for row in of_programs:
        if row["active"] == "true":
            programs[row["orderableid"]].add(row["programid"])
    identifiers: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in read_rows(contracts / "demo/referencedata/referencedata.orderable_identifiers.csv"):
        identifiers[row["orderableid"]][row["key"]] = row["value"].lower()
    # Which products a commodity type is met by is worked out in the service's code, not in a table.
    sample = contracts / "samples/referencedata/orderableFulfills.json"
    fulfilled: defaultdict[str, list[str]] = defaultdict(list)
    for commodity, found in json.loads(sample.read_text(encoding="utf-8")).items():
        for trade_item in found["canFulfillForMe"]:
            fulfilled[trade_item].append(commodity)
    for row in orderables:
        uid, version = row["id"], int(row["versionnumber"])
        known = state.orderables.get(uid)
        if known is not None and known.version > version:
            continue
        state.orderables[uid] = StoredOrderable(
            id=uid,
            code=row["code"],
            name=row["fullproductname"],
            net_content=int(row["netcontent"]),
            programs=tuple(sorted(programs[uid])),
            fulfils=tuple(fulfilled[uid]),
            version=version,
            identifiers=identifiers[uid],
        )


def _load_reasons(contracts: Path) -> dict[str, StoredReason]:
    stock = contracts / "demo/stockmanagement"
    tags: defaultdict[str, list[str]] = defaultdict(list)
    rows = [
        *read_rows(contracts / "derived/bootstrap_reasons.csv"),
        *_stock_rows(stock, "stock_card_line_item_reasons"),
    ]
    for row in rows:
        tags[row["id"]] += [tag for tag in row.get("tags", "").split("|") if tag]
    for row in _stock_rows(stock, "stock_card_line_item_reason_tags"):
        tags[row["reasonid"]].append(row["tag"])
    return {
        row["id"]: StoredReason(
            id=row["id"],
            name=row["name"],
            type=row["reasontype"],
            category=row["reasoncategory"],
            tags=tuple(tags[row["id"]]),
            description=row["description"] or None,
            is_free_text_allowed=row["isfreetextallowed"] == "true",
        )
        for row in rows
    }


def _load_adjustments(stock: Path) -> defaultdict[str, list[StoredAdjustment]]:
    adjustments: defaultdict[str, list[StoredAdjustment]] = defaultdict(list)
    for row in _stock_rows(stock, "physical_inventory_line_item_adjustments"):
        adjustments[row["stockcardlineitemid"]].append(
            StoredAdjustment(row["id"], row["reasonid"], int(row["quantity"]))
        )
    return adjustments


def _stock_rows(stock: Path, table: str) -> Iterator[Row]:
    return read_rows(stock / f"stockmanagement.{table}.csv")
