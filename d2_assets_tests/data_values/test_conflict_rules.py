"""A row that changed at both ends goes by the rule of its pair."""

from dataclasses import replace
from pathlib import Path

import pytest

from d2_assets.data_values.clocks import ON_TIME, SAME_MOMENT, ClockErrors
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.agreeing import (
    LIVE,
    NEWER,
    OURS,
    THEIRS,
    TWO_WAY,
    actions,
    agree,
    plan,
)
from d2_assets_tests.data_values.builders import (
    MONTH,
    read_rows,
)


@pytest.mark.parametrize(("has_priority", "action"), [(True, "update"), (False, NEWER)])
def test_the_priority_instance_wins(
    database: Database, tmp_path: Path, has_priority: bool, action: str
) -> None:
    choices = replace(TWO_WAY, conflict_rule="priority", source_has_priority=has_priority)
    agree(database, tmp_path, [LIVE], choices)
    found = plan(database, tmp_path, [OURS], [THEIRS], choices)
    assert actions(found) == {action: 1}
    assert found.conflicts == {MONTH: 1}
    assert read_rows(database, "plan")[0]["verdict"] is None


NOON, LATER = "2025-11-20T12:00:00.000+0000", "2025-11-20T12:30:00.000+0000"
THREE_HOURS = 3 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("ours", "theirs", "clocks", "action"),
    [
        (LATER, NOON, ON_TIME, "update"),
        (NOON, LATER, ON_TIME, NEWER),
        # A clock that is ahead makes its own edits look late.
        (LATER, NOON, ClockErrors(source=THREE_HOURS), NEWER),
        (NOON, LATER, ClockErrors(destination=THREE_HOURS), "update"),
        (NOON, LATER, ClockErrors(source=-THREE_HOURS), "update"),
        (NOON, LATER, ClockErrors(THREE_HOURS, THREE_HOURS), NEWER),
        # Offsets say the same moment in other words.
        ("2025-11-20T15:30:00.000+0300", NOON, ON_TIME, "update"),
        ("2025-11-20T15:30:00.000+0530", NOON, ON_TIME, NEWER),
        ("2025-11-20T12:30:00Z", NOON, ON_TIME, "update"),
        ("2025-11-20T12:30:00.000+00:00", NOON, ON_TIME, "update"),
        # No order.
        (NOON, NOON, ON_TIME, "quarantined"),
        (LATER, None, ON_TIME, "quarantined"),
        (None, LATER, ON_TIME, "quarantined"),
        ("2025-11-20T12:30:00.000", NOON, ON_TIME, "quarantined"),
        ("yesterday", NOON, ON_TIME, "quarantined"),
        (LATER, NOON, ClockErrors(source=None), "quarantined"),
        (LATER, NOON, ClockErrors(destination=None), "quarantined"),
        (NOON, NOON, ClockErrors(source=-SAME_MOMENT), "quarantined"),
        (NOON, NOON, ClockErrors(source=-SAME_MOMENT - 1), "update"),
        (NOON, NOON, ClockErrors(destination=-SAME_MOMENT - 1), NEWER),
    ],
)
def test_the_newest_edit_wins_by_stamps_corrected_for_each_clock(
    database: Database,
    tmp_path: Path,
    ours: str | None,
    theirs: str | None,
    clocks: ClockErrors,
    action: str,
) -> None:
    choices = replace(TWO_WAY, conflict_rule="newest")
    agree(database, tmp_path, [LIVE], choices)
    source, destination = OURS | {"last_updated": ours}, THEIRS | {"last_updated": theirs}
    found = plan(database, tmp_path, [source], [destination], choices, clocks)
    assert actions(found) == {action: 1}
    assert found.conflicts == {MONTH: 1}


def test_stamps_are_not_looked_at_where_one_end_alone_changed(
    database: Database, tmp_path: Path
) -> None:
    choices = replace(TWO_WAY, conflict_rule="newest")
    agree(database, tmp_path, [LIVE], choices)
    late, early = {"last_updated": LATER}, {"last_updated": NOON}
    found = plan(database, tmp_path, [OURS | early], [LIVE | late], choices)
    assert actions(found) == {"update": 1}
    found = plan(database, tmp_path, [LIVE | late], [THEIRS | early], choices)
    assert actions(found) == {NEWER: 1}
    found = plan(database, tmp_path, [LIVE | late], [LIVE | early], choices)
    assert actions(found) == {"unchanged": 1}


# Merging and mirroring
