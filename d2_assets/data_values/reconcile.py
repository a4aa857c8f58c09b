"""The destination is read again and every row gets its one outcome from what stands there.

A row that the server took with SUCCESS and that is not there ends in quarantine, and the check
``destination_equals_source`` fails: that is the loss this product exists to see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.content import KEY, same_content, same_key
from d2_assets.data_values.plan import is_sent
from d2_assets.data_values.verdicts import LOST_BY_SERVER, LOST_WORDS, quote
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.staging.database import Database

#: Differences shown on the screen; all of them are in the ledger.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that differs, for people: its key, what should be there and what is."""

    data_element: str
    period: str
    org_unit: str
    category_option_combo: str
    attribute_option_combo: str
    expected: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a month came to. ``lost`` and ``doubled``: rows read without an outcome, or with more
    than one; both must be 0, whatever the sums say.

    ``broken``: rows that the plan meant to write or keep and that differ. ``explained``: rows
    that differ for a named reason: quarantined, discarded, held by strategy, newer at the
    destination. ``mirrored``: deletes of rows that only the destination had. ``conflicts``: rows
    that changed on both sides, whatever was done with them.
    """

    tally: Tally
    broken: int
    explained: int
    destination_only: int
    mirrored: int = 0
    conflicts: int = 0
    lost: int = 0
    doubled: int = 0
    by_data_set: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


def compare_values(
    database: Database,
    month: str,
    read: int,
    destination_only: int,
    path: Path,
    *,
    merge: bool = False,
    read_back: bool = True,
) -> Reconciliation:
    """Stage the ledger of a month from ``plan``, ``settled`` and ``found``; ``read`` are the rows
    that the source gave for it. ``found`` is the destination as it stands now; without
    ``read_back`` it is older than the push, and rows that were sent are only queued.
    """
    database.save(_outcome_query(month, merge, read_back), path, spread=True)
    database.attach("outcomes", path, spread_by=SPREAD)
    counts = dict(database.rows("SELECT outcome, count(*) FROM outcomes WHERE row >= 0 GROUP BY 1"))
    outcomes = {Outcome(name): rows for name, rows in counts.items()}
    different = database.total("SELECT count(DISTINCT row) FROM outcomes WHERE row >= 0")
    by_data_set: dict[str, dict[str, int]] = {}
    for data_set, outcome, rows in database.rows(
        "SELECT data_set, outcome, count(*) FROM outcomes GROUP BY ALL ORDER BY ALL"
    ):
        by_data_set.setdefault(data_set, {})[outcome] = rows
    return Reconciliation(
        tally=Tally(read, outcomes),
        broken=database.value("SELECT count(*) FROM outcomes WHERE is_broken"),
        explained=database.value("SELECT count(*) FROM outcomes WHERE differs AND NOT is_broken"),
        destination_only=destination_only,
        mirrored=database.value("SELECT count(*) FROM outcomes WHERE row < 0"),
        conflicts=database.value("SELECT count(*) FROM outcomes WHERE in_conflict"),
        lost=read - different,
        doubled=sum(outcomes.values()) - different,
        by_data_set=by_data_set,
        differences=_list_differences(database),
    )


def _outcome_query(month: str, merge: bool, read_back: bool) -> str:
    """One line a planned row, with its outcome. ``differs``: the destination is not as it
    should be; ``is_broken``: and nothing named explains it."""
    key = ", ".join(f"p.{name}" for name in KEY)
    return f"""
        WITH told AS (
            SELECT p.* REPLACE (coalesce(s.attempts, p.attempts) AS attempts),
                   s.outcome AS settled_as, s.code AS settled_code, s.words AS settled_words,
                   f.data_set IS NOT NULL AND NOT f.deleted AS is_there,
                   f.value AS found_value, f.comment AS found_comment,
                   CASE WHEN p.deleted THEN f.data_set IS NULL OR f.deleted
                        ELSE f.data_set IS NOT NULL AND NOT f.deleted
                             AND {same_content("p", "f", merge=merge)} END AS is_right
            FROM (SELECT * FROM plan WHERE month = '{month}') AS p
            LEFT JOIN settled AS s ON s.row = p.row
            LEFT JOIN found AS f ON f.data_set = p.data_set AND {same_key("p", "f")}
        ), ended AS (
            SELECT *, CASE
                WHEN NOT {is_sent("action")} THEN action
                WHEN is_right THEN {_DONE}
                WHEN settled_as IS NOT NULL THEN settled_as
                ELSE '{"quarantined" if read_back else "queued"}' END AS outcome,
                {read_back} AND {is_sent("action")} AND NOT is_right
                    AND settled_as IS NULL AS is_lost
            FROM told
        )
        SELECT p.row, p.month, p.data_set, {key}, p.value, p.comment, p.followup, p.deleted,
               p.last_updated, p.action, p.outcome, p.attempts, p.digest, p.unmerged,
               p.in_conflict, p.is_there, p.found_value, p.found_comment,
               CASE WHEN p.is_lost THEN '{LOST_BY_SERVER}'
                    WHEN p.outcome = 'quarantined' THEN coalesce(p.verdict, p.settled_code)
                    ELSE p.verdict END AS code,
               CASE WHEN p.is_lost THEN {quote(LOST_WORDS)}
                    WHEN p.outcome IN ('quarantined', 'not_attempted', 'queued', 'filtered')
                    THEN coalesce(p.reason, p.settled_words) ELSE p.reason END AS reason,
               NOT p.is_right AND p.outcome <> 'filtered' AS differs,
               NOT p.is_right
                   AND (p.is_lost OR p.verdict IS NOT DISTINCT FROM '{LOST_BY_SERVER}'
                        OR p.outcome IN ('unchanged', 'queued', 'not_attempted'))
                   AS is_broken
        FROM ended AS p
    """


_DONE = "CASE action WHEN 'create' THEN 'created' WHEN 'update' THEN 'updated' ELSE 'deleted' END"


def _list_differences(database: Database) -> tuple[Difference, ...]:
    key = ", ".join(KEY)
    return tuple(
        Difference(*row)
        for row in database.rows(
            f"""
            SELECT {key},
                   CASE WHEN deleted THEN '(deleted)' ELSE coalesce(value, '') END,
                   CASE WHEN is_there THEN coalesce(found_value, '') ELSE '(not there)' END,
                   coalesce(reason, CASE outcome WHEN 'held_by_strategy'
                       THEN 'Held back by the import strategy or delete policy of the pair.'
                       ELSE 'It changed at the destination during the run.' END)
            FROM outcomes WHERE differs ORDER BY is_broken DESC, row LIMIT {_SHOWN}
            """
        )
    )
