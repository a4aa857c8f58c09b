"""What is done with an object: from what stands at both ends, and from what earlier runs left.

The plan compares; here each compared row gets its state (what happened to it since both ends
agreed) and the action that follows. The order of the states is the order of the decisions.
"""

from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.two_way import DESTINATION_NEWER, rule_sql
from d2_assets.tracker.verdicts import (
    CHANGED_ON_BOTH_SIDES,
    CHANGED_ON_BOTH_SIDES_WORDS,
    LOST_BY_SERVER,
    LOST_WORDS,
    VERDICTS,
    outcome_sql,
)

HELD = "held_by_strategy"
DELETED_THERE = "deleted_at_destination"


def quote(words: str) -> str:
    """Words as an SQL text."""
    return "'" + words.replace("'", "''") + "'"


def compare_query(choices: TrackerChoices) -> str:
    """SQL: source beside destination, without bodies. ``stands``: why what belongs to the row
    cannot count on it."""
    two_way = "true" if choices.is_two_way else "false"
    is_gone = "NOT s.deleted AND coalesce(d.deleted, false)"
    # With two-way pairs the deletion is news of the destination: the other pair carries it.
    is_news = f"{two_way} AND coalesce(j.share IN (b.digest, b.other), false)"
    dead_end = f"{is_gone} AND NOT ({is_news}) AND {choices.creates}"
    agreed = (
        "LEFT JOIN agreed AS b ON b.kind = s.kind AND b.id = s.id"
        if choices.is_two_way
        else "CROSS JOIN (SELECT NULL::UBIGINT AS digest, NULL::UBIGINT AS other) AS b"
    )
    return f"""
        SELECT s.row, s.month, s.kind, s.id, s.root, s.parent, s.deleted, s.digest,
               CASE WHEN s.verdict IS NOT NULL THEN s.verdict
                    WHEN {dead_end} THEN '{DELETED_THERE}' END AS verdict,
               CASE WHEN s.verdict IS NOT NULL THEN s.reason
                    WHEN {dead_end} THEN {quote(VERDICTS[DELETED_THERE].words)} END AS reason,
               CASE WHEN s.verdict IS NOT NULL THEN s.verdict
                    WHEN {is_gone} THEN '{DELETED_THERE}'
                    WHEN e.outcome = 'quarantined' THEN e.code END AS stands,
               d.id IS NULL AS is_absent,
               d.id IS NOT NULL AND NOT d.deleted AS at_destination,
               CASE WHEN s.deleted THEN d.id IS NULL OR d.deleted
                    ELSE d.id IS NOT NULL AND NOT d.deleted
                         AND coalesce(j.is_right,
                                      s.digest = d.digest AND list_has_all(d.notes, s.notes))
                    END AS is_right,
               CASE WHEN s.deleted THEN '{"delete" if choices.deletes else HELD}'
                    WHEN d.id IS NULL OR d.deleted
                        THEN '{"create" if choices.creates else HELD}'
                    ELSE '{"update" if choices.updates else HELD}' END AS one_way,
               d.digest AS old_digest, j.share, j.old_share, j.newer,
               CASE WHEN e.outcome = 'taken' THEN j.share ELSE b.digest END AS agreed,
               CASE WHEN e.outcome = 'taken' THEN NULL ELSE b.other END AS agreed_other,
               e.outcome AS settled_as, e.code AS settled_code, e.words AS settled_words,
               coalesce(e.attempts, 0) AS attempts
        FROM source AS s
        LEFT JOIN destination AS d ON d.kind = s.kind AND d.id = s.id
        LEFT JOIN judged AS j ON j.kind = s.kind AND j.id = s.id
        LEFT JOIN journalled AS e ON e.digest = s.digest
        {agreed}
    """


def mirror_query(choices: TrackerChoices) -> str:
    """SQL: what only the destination has, as deletes. Their fingerprint is no live object's."""
    agreed = (
        "LEFT JOIN agreed AS b ON b.kind = o.kind AND b.id = o.id"
        if choices.is_two_way
        else "CROSS JOIN (SELECT NULL::UBIGINT AS digest, NULL::UBIGINT AS other) AS b"
    )
    return f"""
        SELECT -1 - o.row AS row, o.month, o.kind, o.id, o.root, o.parent, true AS deleted,
               xor(o.digest, 1::UBIGINT) AS digest, NULL AS verdict,
               'Only the destination has it.' AS reason, NULL AS stands,
               false AS is_absent, true AS at_destination, false AS is_right, 'delete' AS one_way,
               o.digest AS old_digest, NULL::UBIGINT AS share,
               l.share AS old_share,
               NULL::TINYINT AS newer, b.digest AS agreed, b.other AS agreed_other,
               e.outcome AS settled_as, e.code AS settled_code, e.words AS settled_words,
               coalesce(e.attempts, 0) AS attempts
        FROM destination_only AS o
        LEFT JOIN lone AS l ON l.kind = o.kind AND l.id = o.id
        LEFT JOIN journalled AS e ON e.digest = xor(o.digest, 1::UBIGINT)
        {agreed}
    """


def decide_query(compared: str, choices: TrackerChoices) -> str:
    """SQL: the rows of ``compared`` with ``state``, ``action``, and why.

    It reads the table ``following``: verdicts of children whose parents cannot be there.
    """
    two_way = "true" if choices.is_two_way else "false"
    return f"""
        SELECT *, {_CODE} AS final_verdict, {_REASON} AS final_reason FROM (
            SELECT *, CASE state
                WHEN 'changed_at_source' THEN one_way
                WHEN 'changed_at_destination' THEN '{DESTINATION_NEWER}'
                WHEN 'changed_at_both' THEN {rule_sql(choices)}
                WHEN 'refused_earlier' THEN 'quarantined'
                WHEN 'lost_earlier' THEN 'quarantined'
                ELSE state END AS action
            FROM (SELECT *, {_STATE.format(two_way=two_way)} AS state FROM (
                SELECT c.* EXCLUDE (verdict, reason),
                       coalesce(c.verdict, f.code) AS verdict,
                       CASE WHEN c.verdict IS NULL AND f.code IS NOT NULL THEN f.reason
                            ELSE c.reason END AS reason,
                       {outcome_sql("coalesce(c.verdict, f.code)")} AS judged_as
                FROM {compared} AS c
                LEFT JOIN following AS f ON f.kind = c.kind AND f.id = c.id)))"""


#: What happened to an object, the first that is true. One that the destination never had is no
#: edit there: DHIS2 keeps deleted ones. One that only the destination has is mirrored where both
#: ends had agreed on it; otherwise it was entered there.
_STATE = """CASE
    WHEN judged_as IS NOT NULL THEN judged_as
    WHEN is_right THEN 'unchanged'
    WHEN settled_as = 'quarantined' THEN 'refused_earlier'
    WHEN settled_as = 'taken' AND (is_absent OR NOT {two_way}) THEN 'lost_earlier'
    WHEN is_absent OR NOT {two_way} THEN 'changed_at_source'
    WHEN old_share IN (agreed, agreed_other) THEN 'changed_at_source'
    WHEN share IN (agreed, agreed_other) OR row < 0 THEN 'changed_at_destination'
    ELSE 'changed_at_both' END"""

_CODE = f"""CASE
    WHEN state = 'refused_earlier' THEN settled_code
    WHEN state = 'lost_earlier' THEN '{LOST_BY_SERVER}'
    WHEN state = 'changed_at_both' AND action = 'quarantined' THEN '{CHANGED_ON_BOTH_SIDES}'
    ELSE verdict END"""

_REASON = f"""CASE
    WHEN state = 'refused_earlier' THEN settled_words
    WHEN state = 'lost_earlier'
        THEN {quote(LOST_WORDS.format("an earlier run that was cut short had sent it"))}
    WHEN state = 'changed_at_both' AND action = 'quarantined'
        THEN {quote(CHANGED_ON_BOTH_SIDES_WORDS)}
    WHEN action = '{DESTINATION_NEWER}'
        THEN 'It changed at the destination since both ends were last seen to agree.'
    ELSE reason END"""
