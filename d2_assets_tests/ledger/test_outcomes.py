from hypothesis import strategies as st

from d2_assets.ledger.outcomes import OUTCOME_WORDS, Outcome, Tally

_counts = st.dictionaries(st.sampled_from(Outcome), st.integers(0, 1000))
_tallies = st.builds(Tally, st.integers(0, 5000), _counts)


def test_every_outcome_has_words() -> None:
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert len(set(OUTCOME_WORDS.values())) == len(Outcome)


def test_the_table_of_outcomes_is_closed() -> None:
    assert [str(outcome) for outcome in Outcome] == [
        "created",
        "updated",
        "unchanged",
        "deleted",
        "filtered",
        "held_by_strategy",
        "destination_newer",
        "quarantined",
        "discarded",
        "queued",
        "not_attempted",
    ]


def test_a_tally_counts_what_was_written_held_and_left_open() -> None:
    tally = Tally(66, {outcome: number for number, outcome in enumerate(Outcome, start=1)})
    assert tally.unaccounted == 0
    assert tally.written == 1 + 2 + 4
    assert tally.held == 6
    assert tally.unsettled == 10 + 11


def test_lost_rows_and_rows_counted_twice_are_told_apart() -> None:
    assert Tally(5, {Outcome.CREATED: 3}).unaccounted == 2
    assert Tally(3, {Outcome.CREATED: 3, Outcome.UPDATED: 1}).unaccounted == -1
    assert Tally(0).unaccounted == Tally(0).count(Outcome.CREATED) == 0
