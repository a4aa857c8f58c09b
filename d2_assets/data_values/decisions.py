"""What is done with a row: from what stands at both ends, and from what earlier runs left.

The plan compares; here each compared row gets its state (what happened to it since both ends
agreed) and the action that follows. The order of the states is the order of the decisions.
"""

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.clocks import ClockErrors
from d2_assets.data_values.content import digest, same_key
from d2_assets.data_values.two_way import DESTINATION_NEWER, is_two_way, rule_sql
from d2_assets.data_values.verdicts import (
    CHANGED_ON_BOTH_SIDES,
    CHANGED_ON_BOTH_SIDES_WORDS,
    LOST_BY_SERVER,
    LOST_WORDS,
    quote,
)


def decide_query(compared: str, choices: Choices, clocks: ClockErrors) -> str:
    """SQL: the rows of ``compared`` with ``state``, ``action`` and the fingerprint ``digest``.

    It reads the tables ``journalled`` and ``discarded``, and ``agreed`` with reverse pairs.
    """
    return f"""
        SELECT *, CASE state
            WHEN 'changed_at_source' THEN one_way
            WHEN 'changed_at_destination' THEN '{DESTINATION_NEWER}'
            WHEN 'changed_at_both' THEN {rule_sql(choices, clocks)}
            WHEN 'refused_earlier' THEN 'quarantined'
            WHEN 'lost_earlier' THEN 'quarantined'
            ELSE state END AS action
        FROM (SELECT *, {_STATE} AS state FROM ({_recall_query(compared, choices)}))"""


def _recall_query(compared: str, choices: Choices) -> str:
    """What earlier runs left of each row. What a run that was cut short wrote is agreed on.

    An agreement has two fingerprints where merging kept a comment.
    """
    marked = f"SELECT *, {digest(compared)} AS digest FROM {compared}"
    journal = """
        j.outcome AS settled_as, j.code AS settled_code, j.words AS settled_words,
        coalesce(j.attempts, 0) AS attempts,
        c.digest IN (SELECT digest FROM discarded) AS is_discarded"""
    joined = f"FROM ({marked}) AS c LEFT JOIN journalled AS j ON j.digest = c.digest"
    if not choices.reverse:
        return f"""
            SELECT c.*, {journal}, false AS two_way,
                   NULL::UBIGINT AS agreed, NULL::UBIGINT AS agreed_unmerged {joined}"""
    return f"""
        SELECT c.*, {journal}, {is_two_way("c")} AS two_way,
               CASE WHEN j.outcome = 'taken' THEN c.digest ELSE b.digest END AS agreed,
               CASE WHEN j.outcome = 'taken' THEN c.unmerged ELSE b.unmerged END AS agreed_unmerged
        {joined} LEFT JOIN agreed AS b ON {same_key("c", "b")}"""


#: What happened to a row, the first that is true. A row that the destination never had is no
#: edit there: DHIS2 keeps deleted rows. One that only the destination has is mirrored where both
#: ends had agreed on it; otherwise it was entered there.
_STATE = """CASE
    WHEN judged_as = 'filtered' THEN judged_as
    WHEN is_discarded THEN 'discarded'
    WHEN judged_as IS NOT NULL THEN judged_as
    WHEN is_right THEN 'unchanged'
    WHEN settled_as = 'quarantined' THEN 'refused_earlier'
    WHEN settled_as = 'taken' AND (is_absent OR NOT two_way) THEN 'lost_earlier'
    WHEN is_absent OR NOT two_way THEN 'changed_at_source'
    WHEN old_digest IN (agreed, agreed_unmerged) THEN 'changed_at_source'
    WHEN digest IN (agreed, agreed_unmerged) OR unmerged IN (agreed, agreed_unmerged) OR row < 0
        THEN 'changed_at_destination'
    ELSE 'changed_at_both' END"""

#: SQL: why a decided row is where it is: its code, and words.
VERDICT = f"""CASE
    WHEN state = 'refused_earlier' THEN settled_code
    WHEN state = 'lost_earlier' THEN '{LOST_BY_SERVER}'
    WHEN state = 'changed_at_both' AND action = 'quarantined' THEN '{CHANGED_ON_BOTH_SIDES}'
    ELSE verdict END"""

REASON = f"""CASE
    WHEN state = 'refused_earlier' THEN settled_words
    WHEN state = 'lost_earlier' THEN {quote(LOST_WORDS)}
    WHEN state = 'discarded' THEN 'A person took it off the work list.'
    WHEN state = 'changed_at_both' AND action = 'quarantined'
        THEN {quote(CHANGED_ON_BOTH_SIDES_WORDS)}
    WHEN action = '{DESTINATION_NEWER}'
        THEN 'It changed at the destination since both ends were last seen to agree.'
    ELSE reason END"""
