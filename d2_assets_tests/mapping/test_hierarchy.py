"""Org units that were chosen at launch, joined with those of the pair."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.metadata import OrgUnit
from d2_assets.errors import ConfigurationError
from d2_assets.mapping.hierarchy import find_roots, list_units_below, narrow_roots


def _tree() -> dict[str, OrgUnit]:
    """Three levels below one country: r, r0..r2, r00..r22, r000..r222."""
    paths = [["r"]]
    for path in paths:
        if len(path) < 4:
            paths += [[*path, f"{path[-1]}{number}"] for number in range(3)]
    return {
        path[-1]: OrgUnit(path[-1], path[-1], "/" + "/".join(path), len(path), None, None)
        for path in paths
    }


UNITS = _tree()
chosen = st.lists(st.sampled_from(sorted(UNITS)), unique=True, max_size=4)


def _below(roots: object) -> set[str]:
    return set(list_units_below(UNITS.values(), roots or ("r",), None))  # type: ignore[arg-type]


@given(chosen, chosen)
def test_what_is_read_lies_below_both_and_each_unit_once(
    wanted: list[str], within: list[str]
) -> None:
    roots = find_roots(UNITS, wanted, "national")
    meant = [uid for uid in within if _below([uid]) & _below(roots)]
    narrowed = narrow_roots(UNITS, roots, meant, "national")
    assert _below(narrowed) == _below(roots) & _below(meant)
    units = [uid for root in narrowed for uid in list_units_below(UNITS.values(), [root], None)]
    assert len(units) == len(set(units))


def test_nothing_chosen_leaves_the_roots_as_they_are() -> None:
    assert narrow_roots(UNITS, ("r0", "r1"), (), "national") == ("r0", "r1")
    assert narrow_roots(UNITS, (), (), "national") == ()


@pytest.mark.parametrize("strange", ["r20", "elsewhere"])
def test_a_unit_outside_the_pair_or_unknown_is_named(strange: str) -> None:
    with pytest.raises(ConfigurationError, match=strange) as refused:
        narrow_roots(UNITS, ("r0", "r1"), ("r00", strange), "national")
    assert "r00" not in refused.value.message
    assert refused.value.key == "resources.launch.config.org_units"
