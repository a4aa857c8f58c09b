"""Why a row does not travel: the closed table of verdicts of the check, in words for people.

Real servers accept most of these in silence (2.38-2.42 store a quarterly value in a monthly
data set, a value of an org unit outside the data set, the same key twice), and 2.43 refuses the
whole request for one of them. So they are caught before anything is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from d2_assets.ledger.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verdict does with the row, and how it reads. ``{}`` stands for the thing named."""

    outcome: Outcome
    words: str


VERDICTS: Mapping[str, Verdict] = {
    "org_unit_too_deep": Verdict(
        Outcome.FILTERED,
        "Organisation unit {org_unit} lies outside the pair's part of the hierarchy.",
    ),
    "same_value_elsewhere": Verdict(
        Outcome.FILTERED, "The same value is carried by another data set of the pair."
    ),
    "other_data_set": Verdict(
        Outcome.FILTERED,
        "The value belongs to another data set with data element {data_element}, "
        "which the pair leaves out.",
    ),
    "identity_unclear": Verdict(
        Outcome.QUARANTINED, "Which object of the destination is meant is not clear: {doubt}"
    ),
    "period_malformed": Verdict(
        Outcome.QUARANTINED, "Period {period} is not a DHIS2 period. Mend it at the source."
    ),
    "period_not_asked": Verdict(
        Outcome.QUARANTINED, "Period {period} was not asked for: the source's answer is wrong."
    ),
    "data_set_unknown": Verdict(
        Outcome.QUARANTINED,
        "The destination has no data set {data_set}, or its account may not read it. "
        "Load the metadata first, or share the data set with the account.",
    ),
    "data_set_read_only": Verdict(
        Outcome.QUARANTINED,
        "The destination's account may not write data of data set {data_set}. "
        "Give it data write access in the data set's sharing.",
    ),
    "period_wrong_type": Verdict(
        Outcome.QUARANTINED,
        "Period {period} is not of the period type of data set {data_set}. "
        "Delete the value at the source or move it to the right data set.",
    ),
    "data_element_outside_data_set": Verdict(
        Outcome.QUARANTINED,
        "Data element {data_element} is not in data set {data_set} at the destination. "
        "Load the metadata first, or add it there.",
    ),
    "org_unit_unknown": Verdict(
        Outcome.QUARANTINED,
        "The destination has no organisation unit {org_unit}. Load the metadata first.",
    ),
    "org_unit_outside_data_set": Verdict(
        Outcome.QUARANTINED,
        "Organisation unit {org_unit} is not assigned to data set {data_set} at the destination. "
        "Assign it there, or delete the value at the source.",
    ),
    "org_unit_outside_account": Verdict(
        Outcome.QUARANTINED,
        "The destination's account may not write to organisation unit {org_unit}. "
        "Give it that unit, or one above it, for data capture.",
    ),
    "org_unit_not_open": Verdict(
        Outcome.QUARANTINED,
        "Organisation unit {org_unit} opened after period {period} at the destination. "
        "Mend its opening date there.",
    ),
    "category_option_combo_outside": Verdict(
        Outcome.QUARANTINED,
        "Category option combo {category_option_combo} is unknown at the destination, or not one "
        "of data element {data_element} there. Load the metadata first.",
    ),
    "attribute_option_combo_outside": Verdict(
        Outcome.QUARANTINED,
        "Attribute option combo {attribute_option_combo} is unknown at the destination, or not one "
        "of data set {data_set} there. Load the metadata first.",
    ),
    "duplicate_key": Verdict(
        Outcome.QUARANTINED,
        "The source gave this key more than once. Decide at the source which value is right.",
    ),
    "empty_value": Verdict(
        Outcome.QUARANTINED,
        "The value is empty and there is no comment. Enter or delete it at the source.",
    ),
    "comment_without_value": Verdict(
        Outcome.QUARANTINED,
        "There is a comment and no value, which the destination's version of DHIS2 refuses. "
        "Enter a value at the source, or delete the row there.",
    ),
    "value_misfit": Verdict(
        Outcome.QUARANTINED, "The value does not fit data element {data_element}: {misfit}."
    ),
}

#: The code of a row that the server took and does not hold, and its words.
LOST_BY_SERVER = "lost_by_server"
LOST_WORDS = (
    "The server answered success, and the value is not there as it was sent. "
    "Look at the server's log; launch the partition again."
)

#: The code of a row that two pairs of opposite directions would write over each other.
CHANGED_ON_BOTH_SIDES = "changed_on_both_sides"
CHANGED_ON_BOTH_SIDES_WORDS = (
    "The value differs, and both ends have changed since they were last seen to agree, or never "
    "were. Make both alike at either end, or set conflicts.rule of the pair."
)


def word_sql(verdict_column: str) -> str:
    """A DuckDB expression that turns a verdict's name and its row into words."""
    branches = " ".join(
        f"WHEN '{name}' THEN {_fill(verdict.words)}" for name, verdict in VERDICTS.items()
    )
    return f"CASE {verdict_column} {branches} END"


def outcome_sql(verdict_column: str) -> str:
    """A DuckDB expression that gives a verdict's outcome; NULL for a row that is fit."""
    branches = " ".join(
        f"WHEN '{name}' THEN '{verdict.outcome}'" for name, verdict in VERDICTS.items()
    )
    return f"CASE {verdict_column} {branches} END"


def quote(words: str) -> str:
    """Words as SQL text."""
    return "'" + words.replace("'", "''") + "'"


def _fill(words: str) -> str:
    """'a {b} c' as SQL text: the quoted parts joined with the columns named in braces."""
    parts = words.replace("'", "''").replace("{", "', coalesce(").replace("}", ", ''), '")
    return f"concat('{parts}')"
