"""Objects that stand at both ends and are not plainly the same are compared member by member.

Needed where a fingerprint alone does not say enough: for pairs that merge or are two-way, for what
a server was seen to keep in its own way, and after a run that was cut short. Bodies pass in
batches; what is kept of each is a line of numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from d2_assets.staging.database import Database
from d2_assets.staging.tables import open_table
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.differences import MemberDifference, compare_bodies
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.shape import decode_body
from d2_assets.tracker.two_way import NO_AGREEMENT, NO_CLOCKS, Agreement, Clocks

_BATCH = 500

#: ``is_right``: nothing differs, or only what the server was seen to insist on. ``share`` and
#: ``old_share``: fingerprints of both ends for two-way pairs. ``newer``: which stamp is (1, -1).
_JUDGED = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("is_right", pa.bool_()),
        ("share", pa.uint64()),
        ("old_share", pa.uint64()),
        ("newer", pa.int8()),
    ]
)

_LONE = pa.schema([("kind", pa.string()), ("id", pa.string()), ("share", pa.uint64())])

#: Differences that a server insists on: told each time, and not sent again.
KEPT_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("month", "kind", "id", "member", "wanted", "found")]
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What bodies are compared by."""

    choices: TrackerChoices
    agreement: Agreement = NO_AGREEMENT
    clocks: Clocks = NO_CLOCKS


def compare_pairs(database: Database, comparison: Comparison, folder: Path) -> None:
    """Make the views ``judged`` and ``kept`` from ``source``, ``destination``, ``journalled`` and
    ``echoes``."""
    kept_path = folder / "kept.parquet"
    judged_path = folder / "judged.parquet"
    with (
        open_table(judged_path, _JUDGED) as judged,
        open_table(kept_path, KEPT_SCHEMA) as kept,
    ):
        for batch in _iterate_pairs(database, comparison):
            results = [_compare(row, comparison) for row in batch]
            judged.write(pa.RecordBatch.from_pylist([one for one, _ in results], _JUDGED))
            told = [line for _, lines in results for line in lines]
            kept.write(pa.RecordBatch.from_pylist(told, KEPT_SCHEMA))
    database.attach("judged", judged_path, spread_by="id")
    database.attach("kept", kept_path)


def share_lone(database: Database, comparison: Comparison, folder: Path) -> None:
    """Make the view ``lone`` from ``destination_only``: fingerprints for two-way pairs."""
    path = folder / "lone.parquet"
    with open_table(path, _LONE) as lone:
        query = "SELECT kind, id, body FROM destination_only"
        for batch in database.iterate(query, _BATCH) if comparison.choices.is_two_way else ():
            rows = [
                {
                    "kind": row["kind"],
                    "id": row["id"],
                    "share": comparison.agreement.fingerprint(
                        Kind(row["kind"]), row["id"], decode_body(row["body"])
                    ),
                }
                for row in batch.to_pylist()
            ]
            lone.write(pa.RecordBatch.from_pylist(rows, _LONE))
    database.attach("lone", path, spread_by="id")


def _iterate_pairs(database: Database, comparison: Comparison) -> Iterator[list[dict[str, Any]]]:
    choices = comparison.choices
    remembered = "SELECT (SELECT count(*) FROM journalled) + (SELECT count(*) FROM echoes)"
    if not (choices.merge or choices.is_two_way or database.value(remembered)):
        return
    both = "NOT (s.deleted AND d.deleted)" if choices.is_two_way else "NOT (s.deleted OR d.deleted)"
    database.execute(
        f"""
        CREATE OR REPLACE TABLE differing AS
        SELECT s.kind, s.id,
               s.digest IN (SELECT digest FROM journalled WHERE outcome = 'taken')
               OR (s.kind, s.id, s.digest::VARCHAR, d.digest::VARCHAR)
                  IN (SELECT (class, id, wanted, found) FROM echoes) AS is_known
        FROM source AS s JOIN destination AS d ON d.kind = s.kind AND d.id = s.id
        WHERE s.verdict IS NULL AND {both}
            AND (s.deleted OR d.deleted OR s.digest <> d.digest
                 OR NOT list_has_all(d.notes, s.notes))
        """
    )
    query = """
        SELECT s.kind, s.id, s.month, s.deleted, s.updated_at, s.body, f.is_known,
               d.deleted AS old_deleted, d.updated_at AS old_updated_at, d.body AS old_body
        FROM source AS s JOIN differing AS f ON f.kind = s.kind AND f.id = s.id
        JOIN destination AS d ON d.kind = s.kind AND d.id = s.id"""
    for batch in database.iterate(query, _BATCH):
        yield batch.to_pylist()


def _compare(
    row: Mapping[str, Any], comparison: Comparison
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    kind, uid = Kind(row["kind"]), row["id"]
    wanted, found = decode_body(row["body"]), decode_body(row["old_body"])
    differences: Sequence[MemberDifference] = ()
    is_right = False
    if not (row["deleted"] or row["old_deleted"]):
        merge = comparison.choices.merge
        differences = compare_bodies(kind, wanted, found, merge=merge)
        # What the server was seen to make of it, or made of it before a run was cut short.
        is_right = all(row["is_known"] and one.is_soft for one in differences)
    judged: dict[str, Any] = {"kind": row["kind"], "id": uid, "is_right": is_right}
    if comparison.choices.is_two_way:
        judged |= {
            "share": comparison.agreement.fingerprint(kind, uid, wanted),
            "old_share": comparison.agreement.fingerprint(kind, uid, found),
            "newer": comparison.clocks.compare(row["updated_at"], row["old_updated_at"]),
        }
    told = [_tell(row, one) for one in differences] if is_right else []
    return judged, told


def _tell(row: Mapping[str, Any], difference: MemberDifference) -> dict[str, str]:
    return {
        "month": row["month"],
        "kind": row["kind"],
        "id": row["id"],
        "member": difference.member,
        "wanted": difference.wanted,
        "found": difference.found,
    }
