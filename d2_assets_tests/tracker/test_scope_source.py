"""Program stages that were chosen at launch, within those of the pair."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.programs import Program, Stage
from d2_assets.errors import ConfigurationError
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.scope_source import keep_stages

#: Three programs of two stages: "a1" and "a2" are of "a".
PROGRAMS = {
    name: Program(name, name, stages=tuple(Stage(f"{name}{n}", f"{name}{n}") for n in (1, 2)))
    for name in "abc"
}
_STAGES = [stage.id for program in PROGRAMS.values() for stage in program.stages]


def list_moved(choices: TrackerChoices) -> set[str]:
    """The stages that choices move: those that are named narrow their own program alone."""
    moved = set()
    for program in PROGRAMS.values():
        if not choices.programs or program.id in choices.programs:
            own = {stage.id for stage in program.stages}
            moved |= own & set(choices.stages) or own
    return moved


@given(
    st.lists(st.sampled_from("abc"), unique=True, max_size=2),
    st.lists(st.sampled_from(_STAGES), unique=True, max_size=4),
    st.lists(st.sampled_from(_STAGES), unique=True, min_size=1, max_size=3),
)
def test_exactly_the_chosen_stages_are_moved_or_one_outside_the_pair_is_named(
    programs: list[str], stages: list[str], only: list[str]
) -> None:
    pair = TrackerChoices(programs=tuple(programs), stages=tuple(stages), only_stages=tuple(only))
    outside = [uid for uid in only if uid not in list_moved(pair)]
    if outside:
        with pytest.raises(ConfigurationError, match=", ".join(outside)):
            keep_stages(PROGRAMS, pair, "national")
    else:
        assert list_moved(keep_stages(PROGRAMS, pair, "national")) == set(only)


def test_a_stage_that_the_source_lacks_is_named() -> None:
    with pytest.raises(ConfigurationError, match="z1"):
        keep_stages(PROGRAMS, TrackerChoices(only_stages=("z1",)), "national")


def test_without_chosen_stages_the_pair_decides() -> None:
    pair = TrackerChoices(programs=("a",), stages=("a1",))
    assert keep_stages(PROGRAMS, pair, "national") is pair
