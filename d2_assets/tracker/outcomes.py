"""The one query that gives each planned object its outcome."""

from d2_assets.ledger.outcomes import OUTCOME_WORDS, Outcome
from d2_assets.tracker.chunks import IS_SENT, WITH_PARENT
from d2_assets.tracker.verdicts import LOST_BY_SERVER, LOST_WORDS, PARENT_REFUSED

#: Whether an object shall not be there.
IS_GONE = f"(deleted OR action IN ('delete', '{WITH_PARENT}'))"

#: Outcomes after which both ends share an object.
ALIKE = ", ".join(
    f"'{one}'" for one in (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.DELETED)
)

_DONE = "CASE action WHEN 'create' THEN 'created' WHEN 'update' THEN 'updated' ELSE 'deleted' END"


def _quote(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


_HELD_WORDS = " ".join(
    f"WHEN '{outcome}' THEN {_quote(f'It was not sent: {OUTCOME_WORDS[outcome]}.')}"
    for outcome in (Outcome.DESTINATION_NEWER, Outcome.HELD_BY_STRATEGY)
)

_LOST_HOW = """
    CASE WHEN is_gone THEN 'it is still there'
         WHEN NOT is_there THEN 'it is not there' ELSE coalesce(nullif(different_words, ''),
             'it stands there otherwise') END
"""

#: Deletes that were not carried out, by UID: what would have gone with them is still there.
UNDONE = """
    SELECT p.id, any_value(s.outcome) AS outcome FROM settled AS s
    JOIN plan AS p ON p.row = s.row WHERE p.action = 'delete' GROUP BY p.id
"""


def outcome_query(month: str, *, read_back: bool) -> str:
    """SQL: one line a planned object of the month. ``differs``: the destination is not as it
    should be; ``is_broken``: and nothing named explains it; ``is_kept``: the server keeps members
    in its own way. ``found_body`` is NULL where it is as ``body``. The table ``undone`` is of
    ``UNDONE``: the query may be answered part by part, and a part has not all parents."""
    unsettled = Outcome.QUARANTINED if read_back else Outcome.QUEUED
    is_meant = f"({IS_SENT} OR action = '{WITH_PARENT}')"
    return f"""
        WITH told AS (
            SELECT p.* REPLACE (coalesce(s.attempts, p.attempts) AS attempts),
                   {IS_GONE.replace("deleted OR", "p.deleted OR")} AS is_gone,
                   CASE WHEN p.action = '{WITH_PARENT}' THEN coalesce(u.outcome, v.outcome)
                        ELSE s.outcome END AS settled_as,
                   s.code AS settled_code, s.words AS settled_words,
                   f.id IS NOT NULL AND NOT f.deleted AS is_there,
                   f.digest AS found_digest, f.body AS found_body,
                   coalesce(c.is_right, f.digest = p.digest) AS is_alike,
                   coalesce(c.is_soft, false) AS is_soft, c.words AS different_words,
                   k.words AS collision
            FROM (SELECT * FROM plan WHERE month = '{month}') AS p
            LEFT JOIN settled AS s ON s.row = p.row
            LEFT JOIN undone AS u ON u.id = p.parent AND p.action = '{WITH_PARENT}'
            LEFT JOIN undone AS v ON v.id = p.root AND p.action = '{WITH_PARENT}'
            LEFT JOIN found AS f ON f.kind = p.kind AND f.id = p.id
            LEFT JOIN compared_back AS c ON c.row = p.row AND c.id = p.id
            LEFT JOIN (SELECT row, string_agg(words, ' ' ORDER BY words) AS words
                       FROM collisions GROUP BY row) AS k ON k.row = p.row
        ), judged AS (
            SELECT *, CASE WHEN is_gone THEN NOT is_there ELSE is_there AND is_alike END
                AS is_right FROM told
        ), ended AS (
            SELECT *, CASE
                WHEN NOT {is_meant} THEN action
                WHEN is_right THEN {_DONE}
                WHEN settled_as IS NOT NULL THEN settled_as
                ELSE '{unsettled}' END AS outcome,
                {read_back} AND {is_meant} AND NOT is_right AND settled_as IS NULL AS is_lost
            FROM judged
        )
        SELECT row, month, kind, id, root, parent, program, stage, org_unit, type, updated_at,
               deleted, action, outcome, attempts, digest, in_conflict, is_gone, is_there,
               found_digest,
               CASE WHEN is_lost THEN '{LOST_BY_SERVER}'
                    WHEN outcome = 'quarantined' AND action = '{WITH_PARENT}'
                        THEN '{PARENT_REFUSED}'
                    WHEN outcome = 'quarantined' THEN coalesce(verdict, settled_code)
                    ELSE verdict END AS code,
               CASE WHEN is_lost THEN replace({_quote(LOST_WORDS)}, '{{0}}', {_LOST_HOW})
                    WHEN outcome = 'quarantined' AND action = '{WITH_PARENT}'
                        THEN 'It goes when what holds it is deleted, and that was refused.'
                    WHEN outcome IN ('quarantined', 'not_attempted', 'queued', 'filtered',
                                     'held_by_strategy')
                        THEN coalesce(reason, collision, settled_words)
                    ELSE reason END AS reason,
               CASE outcome {_HELD_WORDS} ELSE 'It changed at the destination during the run.' END
                   AS held_words,
               is_soft AND is_right AND outcome IN ({ALIKE}) AS is_kept,
               NOT is_right AND outcome <> 'filtered' AS differs,
               NOT is_right AND (is_lost OR verdict IS NOT DISTINCT FROM '{LOST_BY_SERVER}'
                   OR outcome IN ('unchanged', 'queued', 'not_attempted')) AS is_broken,
               body,
               CASE WHEN found_digest IS DISTINCT FROM digest THEN found_body END AS found_body
        FROM ended
    """
