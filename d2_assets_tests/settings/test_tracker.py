import pytest

from d2_assets.settings import TrackerSettings, parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD, refusal_of


def _tracker(text: str) -> str:
    return GOOD + f"    tracker: {text}\n"


def test_a_pair_that_says_nothing_runs_no_rules_again_and_tells_nobody() -> None:
    (pair,) = parse_settings(GOOD, FILE).pairs
    assert pair.tracker == TrackerSettings()
    assert (pair.tracker.skip_rule_engine, pair.tracker.skip_side_effects) == (True, True)
    assert (pair.tracker.atomic_mode, pair.tracker.import_mode) == ("OBJECT", "sync")
    assert (pair.tracker.chunk_size, pair.tracker.old_endpoints) == (500, False)


def test_each_member_arrives() -> None:
    text = _tracker(
        "{skip_rule_engine: false, skip_side_effects: false, import_mode: async, chunk_size: 50, "
        "old_endpoints: true}"
    )
    tracker = parse_settings(text, FILE).pair("national--training").tracker
    assert (tracker.skip_rule_engine, tracker.skip_side_effects) == (False, False)
    assert (tracker.import_mode, tracker.chunk_size, tracker.old_endpoints) == ("async", 50, True)


def test_the_word_none_of_older_documents_is_taken() -> None:
    tracker = parse_settings(_tracker("{atomic_mode: NONE}"), FILE).pairs[0].tracker
    assert tracker.atomic_mode == "NONE"


@pytest.mark.parametrize(
    ("text", "key", "words", "mend"),
    [
        ("{atomic_mode: ALL}", "atomic_mode", "refuse whole requests", "OBJECT"),
        ("{atomic_mode: SOME}", "atomic_mode", "'SOME' is not known here", "OBJECT"),
        ("{import_mode: later}", "import_mode", "'later' is not known here", "async"),
        ("{chunk_size: 0}", "chunk_size", "out of range", "1"),
        ("{skip_rules: true}", "skip_rules", "not known here", ""),
        ("keep", "", "a group of keys", "tracker:"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_its_mend(
    text: str, key: str, words: str, mend: str
) -> None:
    error = refusal_of(_tracker(text))
    assert error.key == ".".join(part for part in ("pairs[0].tracker", key) if part)
    assert words in error.message
    assert mend in error.remedy
