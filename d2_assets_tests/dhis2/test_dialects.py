import pytest

from d2_assets.dhis2.dialects import DIALECTS, find_dialect
from d2_assets.errors import ConfigurationError
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange


@pytest.mark.parametrize(
    ("version", "row", "warned"),
    [
        ("2.38.7", "2.38", False),
        ("2.39.10", "2.38", True),
        ("2.40", "2.40", False),
        ("2.40.9.1", "2.40", False),
        ("2.41.0", "2.40", True),
        ("2.42.4.1", "2.42", False),
        ("2.43.1-SNAPSHOT", "2.43", False),
        ("2.43-rc", "2.43", False),
        ("2.44.0", "2.43", True),
        ("2.50", "2.43", True),
    ],
)
def test_a_version_gets_the_nearest_lower_dialect(version, row, warned):
    dialect, warning = find_dialect(version)
    assert dialect.version == row
    assert (warning is not None) == warned
    if warning:
        assert version in warning
        assert row in warning


@pytest.mark.parametrize("version", ["2.37.9", "2.9", "", "3.0", "dev", "2.", "2.x"])
def test_what_is_too_old_or_no_version_is_refused(version):
    with pytest.raises(ConfigurationError) as caught:
        find_dialect(version)
    assert version in caught.value.message
    assert caught.value.remedy


@needs_recordings
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda item: item.version)
def test_the_table_says_what_was_recorded(dialect):
    def body(name: str):
        return read_exchange(dialect.version, name).response["json"]

    created = body("dv-create")["response"]
    again = body("dv-strategy-create-existing")["response"]
    unknown = body("dv-unknown-data-element")["response"]
    read = body("dv-read-one-period-one-ou")
    assert dialect.import_result_counts_created == (created["importCount"]["imported"] > 0)
    assert dialect.honours_import_strategy == (again["importCount"]["updated"] == 0)
    assert dialect.refuses_whole_group == (unknown["importCount"]["updated"] == 0)
    assert dialect.gives_rejected_indexes == ("rejectedIndexes" in created)
    assert dialect.root_holds_shared_keys == ("orgUnit" not in read["dataValues"][0])
    unknown_read = read_exchange(dialect.version, "dv-read-bad-data-set").status
    assert dialect.refuses_unknown_read == (unknown_read == 409)
    assert dialect.requires_value == ("E8120" in str(body("dv-empty-value")))
    assert dialect.knows_merge_mode == ("code" in body("meta-after-merge"))


def test_option_combos_are_a_set_from_the_version_on_that_no_longer_makes_them():
    assert [one.version for one in DIALECTS if one.option_combos_as_full_set] == ["2.43"]


def test_caches_are_cleared_where_a_first_data_set_was_seen_to_fail():
    needing = [one.version for one in DIALECTS if one.needs_cache_clear_before_data_sets]
    assert needing == ["2.40", "2.42"]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_version_is_known_without_a_warning(version):
    recorded = read_exchange(version, "system-info").response["json"]["version"]
    dialect, warning = find_dialect(recorded)
    assert (dialect.version, warning) == (version, None)
