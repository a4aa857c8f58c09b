import pytest

from d2_assets.settings import parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD, refusal_of, with_change

SECOND_PAIR = "  - {source: national, destination: training}\n"


def test_instances_have_names_of_their_own() -> None:
    error = refusal_of(with_change("name: lmis", "name: national"))
    assert error.key == "instances[2].name"
    assert "line 11" in error.message
    assert "national is taken" in error.message


def test_two_pairs_of_the_same_instances_need_a_name() -> None:
    error = refusal_of(GOOD + SECOND_PAIR)
    assert error.key == "pairs[1].name"
    assert "national--training is taken" in error.message
    named = GOOD + SECOND_PAIR.replace("{", "{name: again, ")
    assert [pair.name for pair in parse_settings(named, FILE).pairs] == [
        "national--training",
        "again",
    ]


@pytest.mark.parametrize(
    ("old", "new", "key", "words", "mend"),
    [
        ("source: national", "source: natonal", "source", "no instance named natonal", "lmis, nat"),
        ("destination: training", "destination: x", "destination", "no instance named x", "lmis"),
        ("destination: training", "destination: national", "destination", "the same", "two"),
        ("role: source", "role: destination", "source", "no data may come from it", "both"),
        ("role: destination", "role: source", "destination", "nothing may be written", "both"),
        ("source: national", "source: lmis", "sync_type", "needs a source of kind dhis2", "stock"),
        ("filters: {deepest_level: 4}", "sync_type: stock", "sync_type", "kind openlmis", "stock"),
        ("destination: training", "destination: lmis", "destination", "only go to DHIS2", "dhis2"),
    ],
)
def test_the_ends_of_a_pair_fit_together(
    old: str, new: str, key: str, words: str, mend: str
) -> None:
    error = refusal_of(with_change(old, new))
    assert error.key == f"pairs[0].{key}"
    assert words in error.message
    assert mend in error.remedy


def test_a_stock_pair_comes_from_openlmis() -> None:
    text = with_change("source: national", "source: lmis")
    text = text.replace("filters: {deepest_level: 4}", "sync_type: stock")
    assert parse_settings(text, FILE).pair("lmis--training").moves("stock")


def test_an_instance_with_a_mistake_of_its_own_still_counts_as_declared() -> None:
    error = refusal_of(with_change("role: source", "role: sender"))
    assert error.key == "instances[0].role"


REVERSE = "  - {source: training, destination: national%s}\n"
BOTH_WAYS = GOOD.replace("role: source", "role: both").replace("role: destination", "role: both")


def _conflicts(*, ours: str = "", theirs: str = "", also: str = "") -> str:
    """Two pairs that run against each other, each with its ``conflicts``."""
    mine = BOTH_WAYS + (f"    conflicts: {ours}\n" if ours else "")
    return mine + REVERSE % ((f", conflicts: {theirs}" if theirs else "") + also)


def test_pairs_that_run_against_each_other_have_one_rule() -> None:
    newest = "{rule: newest}"
    error = refusal_of(_conflicts(ours=newest))
    assert error.key == "pairs[1].conflicts"
    assert "national--training" in error.message
    assert "training--national" in error.message
    assert "line" in error.message
    parse_settings(_conflicts(), FILE)
    parse_settings(_conflicts(ours=newest, theirs=newest), FILE)


@pytest.mark.parametrize("also", [", active: false", ", sync_type: metadata"])
def test_pairs_that_do_not_meet_may_have_rules_of_their_own(also: str) -> None:
    parse_settings(_conflicts(ours="{rule: newest}", also=also), FILE)


def test_priority_goes_to_one_and_the_same_end() -> None:
    national = "{rule: priority, priority_instance: national}"
    training = "{rule: priority, priority_instance: training}"
    both = parse_settings(_conflicts(ours=national, theirs=national), FILE)
    assert both.pairs[0].conflicts.priority_instance == "national"
    assert "different conflicts" in refusal_of(_conflicts(ours=national, theirs=training)).message


@pytest.mark.parametrize(
    ("conflicts", "words"),
    [
        ("{rule: priority}", "needs a priority_instance"),
        ("{rule: priority, priority_instance: lmis}", "no end of the pair national--training"),
        ("{rule: newest, priority_instance: national}", "no effect under the rule newest"),
        ("{priority_instance: national}", "no effect under the rule quarantine"),
    ],
)
def test_a_priority_instance_goes_with_its_rule_and_its_pair(conflicts: str, words: str) -> None:
    error = refusal_of(GOOD + f"    conflicts: {conflicts}\n")
    assert error.key == "pairs[0].conflicts.priority_instance"
    assert words in error.message


def test_an_unknown_rule_is_answered_with_the_known_ones() -> None:
    error = refusal_of(GOOD + "    conflicts: {rule: latest}\n")
    assert error.key == "pairs[0].conflicts.rule"
    assert "newest" in error.remedy
