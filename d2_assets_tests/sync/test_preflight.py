from dataclasses import replace
from typing import Any, Literal

import pytest

from d2_assets.dhis2.system import SystemInfo
from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.sync.preflight import (
    Preflight,
    check_destination,
    check_servers,
    check_write_access,
)
from d2_assets_tests.data_values.builders import (
    CLINIC_3,
    DATA_SETS,
    REGION_2,
    UNITS,
    make_scope,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2


class DownDHIS2(FakeDHIS2):
    """A server that is not there."""

    def get_system_info(self) -> SystemInfo:
        raise TransientError(f"{self.name} does not answer.", remedy="Try again later.")


def _source(**changes: Any) -> FakeDHIS2:
    return FakeDHIS2(**{"name": "national", "authorities": frozenset(), **changes})


def test_servers_that_are_there_and_known_pass() -> None:
    passed = check_servers(_source().client, FakeDHIS2(version="2.43.1").client)
    assert passed == Preflight("2.40.9.1", "2.43.1")


def test_a_version_that_was_not_tried_passes_with_a_warning() -> None:
    passed = check_servers(_source(version="2.41.3").client, FakeDHIS2(version="2.44.0").client)
    assert len(passed.warnings) == 2
    assert "2.41.3" in passed.warnings[0]
    assert "2.44.0" in passed.warnings[1]


@pytest.mark.parametrize("calendar", ["ethiopian", "nepali"])
def test_another_calendar_is_refused(calendar: str) -> None:
    with pytest.raises(ConfigurationError, match=f"national keeps the calendar {calendar}"):
        check_servers(_source(calendar=calendar).client, FakeDHIS2().client)
    with pytest.raises(ConfigurationError, match=f"training keeps the calendar {calendar}"):
        check_servers(_source().client, FakeDHIS2(calendar=calendar).client)


def test_the_gregorian_calendar_is_the_same_to_us() -> None:
    check_servers(_source(calendar="gregorian").client, FakeDHIS2().client)


def test_a_version_that_is_too_old_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"2\.37\.9 is too old"):
        check_servers(_source().client, FakeDHIS2(version="2.37.9").client)


def test_an_account_that_may_not_write_is_named() -> None:
    destination = FakeDHIS2(authorities=frozenset({"F_DATAVALUE_READ"}))
    with pytest.raises(ConfigurationError, match="mover at training may not write") as refused:
        check_servers(_source().client, destination.client)
    assert "F_DATAVALUE_ADD" in refused.value.remedy


def test_a_superuser_may_write() -> None:
    check_servers(_source().client, FakeDHIS2(authorities=frozenset({"ALL"})).client)


def test_an_account_without_units_to_write_to_is_named() -> None:
    with pytest.raises(ConfigurationError, match="mover at training has no data capture"):
        check_servers(_source().client, FakeDHIS2(account_units=()).client)


def test_one_problem_is_raised_as_it_is() -> None:
    with pytest.raises(TransientError, match="national does not answer"):
        check_servers(DownDHIS2(name="national").client, FakeDHIS2().client)


def test_several_problems_are_told_in_one_failure() -> None:
    destination = FakeDHIS2(calendar="nepali", authorities=frozenset(), account_units=())
    with pytest.raises(ConfigurationError, match="Nothing was sent") as refused:
        check_servers(DownDHIS2(name="national").client, destination.client)
    for words in ("national does not answer", "nepali", "may not write", "no data capture"):
        assert words in refused.value.message
    assert refused.value.remedy


def test_writing_to_some_of_the_pair_is_enough() -> None:
    check_write_access(make_scope(writable=frozenset({CLINIC_3})), FakeDHIS2().client)


def test_an_account_outside_all_units_of_the_pair_is_named() -> None:
    scope = make_scope(source_units={CLINIC_3: UNITS[CLINIC_3]}, writable=frozenset({REGION_2}))
    with pytest.raises(ConfigurationError, match="mover at training may not write to any"):
        check_write_access(scope, FakeDHIS2().client)


def test_an_account_that_no_data_set_is_shared_with_is_named() -> None:
    closed = {uid: replace(item, may_write=False) for uid, item in DATA_SETS.items()}
    with pytest.raises(ConfigurationError, match="any data set") as refused:
        check_write_access(make_scope(destination_data_sets=closed), FakeDHIS2().client)
    assert "sharing" in refused.value.remedy


def test_a_destination_without_the_metadata_is_left_to_the_check() -> None:
    empty = make_scope(destination_units={}, destination_data_sets={}, writable=frozenset())
    check_write_access(empty, FakeDHIS2().client)


@pytest.mark.parametrize("moves", ["events", "tracker"])
def test_events_and_tracker_need_units_to_write_at_and_no_right_to_values(
    moves: Literal["events", "tracker"],
) -> None:
    nobody = FakeDHIS2(authorities=frozenset())
    check_servers(_source().client, nobody.client, moves=moves)
    nowhere = FakeDHIS2(authorities=frozenset({"ALL"}), account_units=())
    with pytest.raises(ConfigurationError, match="no data capture org units"):
        check_servers(_source().client, nowhere.client, moves=moves)


def test_a_destination_is_asked_by_itself_when_its_source_is_no_dhis2() -> None:
    assert check_destination(FakeDHIS2().client) == ()
    (warning,) = check_destination(FakeDHIS2(version="2.44.0").client)
    assert "2.44.0" in warning
    with pytest.raises(ConfigurationError, match="data capture"):
        check_destination(FakeDHIS2(account_units=()).client)
