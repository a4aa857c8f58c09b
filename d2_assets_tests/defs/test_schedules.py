from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs.automation_names import name_automation
from d2_assets.defs.jobs import list_pair_assets
from d2_assets.defs.schedules import build_schedules
from d2_assets.errors import ConfigurationError
from d2_assets.settings import Settings, parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD

#: Pairs in two time zones, one of which knows summer time; what is not said is the default.
SCHEDULED = """
  - name: everything
    source: national
    destination: training
    sync_type: complete
    execution_mode: scheduled
    filters: {families: [organisation, data_elements]}
    schedule: {time_zone: Africa/Blantyre, months: 2}
  - name: nightly.data
    source: national
    destination: training
    execution_mode: scheduled
    schedule: {every: day, hour: 2, minute: 30, time_zone: America/New_York}
    sweep: {every: week, weekday: sunday, months: 3, time_zone: America/Lima}
  - name: idle
    source: national
    destination: training
    active: false
    execution_mode: scheduled
"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse_settings(GOOD + SCHEDULED, FILE)


@pytest.fixture(scope="module")
def repository(settings: Settings) -> dg.RepositoryDefinition:
    return build_definitions(settings).get_repository_def()


def evaluate(
    repository: dg.RepositoryDefinition, name: str, zone: str, due: str
) -> list[dg.RunRequest]:
    moment = datetime.fromisoformat(due).replace(tzinfo=ZoneInfo(zone))
    context = dg.build_schedule_context(scheduled_execution_time=moment, repository_def=repository)
    found = repository.get_schedule_def(name).evaluate_tick(context).run_requests
    assert found is not None
    return list(found)


def keys_of(request: dg.RunRequest) -> tuple[str, ...]:
    """The partition, or the two ends of the range."""
    names = ("dagster/partition", "dagster/asset_partition_range_start")
    ends = [request.tags[name] for name in names if name in request.tags]
    return (*ends, *filter(None, [request.tags.get("dagster/asset_partition_range_end")]))


def test_schedules_are_those_of_active_pairs_and_off_until_switched_on(
    repository: dg.RepositoryDefinition,
) -> None:
    found = {one.name: one for one in repository.schedule_defs}
    assert found.keys() == {
        "schedule__everything", "schedule__nightly_data", "sweep__nightly_data"
    }  # fmt: skip
    assert {one.default_status for one in found.values()} == {dg.DefaultScheduleStatus.STOPPED}
    assert [
        (one.job_name, one.cron_schedule, one.execution_timezone)
        for _, one in sorted(found.items())
    ] == [
        ("complete", "0 2 5 * *", "Africa/Blantyre"),
        ("data", "30 2 * * *", "America/New_York"),
        ("data", "0 3 * * 0", "America/Lima"),
    ]
    words = found["schedule__everything"].description or ""
    assert "on day 5 of each month at 02:00 in Africa/Blantyre" in words
    assert "the last 2 whole months and the current month of tracked entities" in words


def test_whole_months_are_one_run_and_the_current_one_is_of_tracked_entities_alone(
    repository: dg.RepositoryDefinition, settings: Settings
) -> None:
    whole, current = evaluate(
        repository, "schedule__everything", "Africa/Blantyre", "2026-01-05T02:00"
    )
    assert keys_of(whole) == ("everything|202511", "everything|202512")
    assert whole.partition_key is None
    assert whole.asset_selection == list(list_pair_assets(settings.pair("everything")))
    assert dg.AssetKey(["metadata", "users"]) not in (whole.asset_selection or ())
    assert keys_of(current) == ("everything|202601",)
    assert current.asset_selection == [dg.AssetKey(["data", "tracker"])]
    for request in (whole, current):
        assert (request.tags["d2/trigger"], request.tags["d2/pair"]) == ("schedule", "everything")
        assert request.job_name == "complete"
        assert request.run_config == {}


def test_a_time_evaluated_twice_has_the_same_run_keys_and_another_time_others(
    repository: dg.RepositoryDefinition,
) -> None:
    def run_keys(due: str) -> list[str | None]:
        found = evaluate(repository, "schedule__everything", "Africa/Blantyre", due)
        return [request.run_key for request in found]

    first, again, later = map(
        run_keys, ("2026-01-05T02:00", "2026-01-05T02:00", "2026-02-05T02:00")
    )
    assert first == again
    assert len({*first, *later}) == 4


@pytest.mark.parametrize(
    "due",
    [
        "2025-03-09T03:00",  # 02:30 does not exist: Dagster runs it when summer time begins
        "2025-11-02T02:30",
        "2025-12-31T02:30",
        "2026-01-01T02:30",
    ],
)
def test_a_daily_pair_takes_the_month_before_and_the_current_one_as_one_range(
    repository: dg.RepositoryDefinition, due: str
) -> None:
    (request,) = evaluate(repository, "schedule__nightly_data", "America/New_York", due)
    year, month = int(due[:4]), int(due[5:7])
    before = f"{year - 1}12" if month == 1 else f"{year}{month - 1:02}"
    assert keys_of(request) == (f"nightly.data|{before}", f"nightly.data|{year}{month:02}")


def test_dagster_s_own_times_around_summer_time_are_days_apart_and_each_has_its_key(
    repository: dg.RepositoryDefinition,
) -> None:
    zone = ZoneInfo("America/New_York")
    start = datetime(2025, 11, 1, tzinfo=zone).timestamp()
    from dagster._utils.schedules import schedule_execution_time_iterator

    times = schedule_execution_time_iterator(start, "30 2 * * *", zone.key)
    dues = [next(times) for _ in range(3)]
    assert [f"{due:%d %H:%M %z}" for due in dues] == [
        "01 02:30 -0400", "02 02:30 -0500", "03 02:30 -0500"
    ]  # fmt: skip
    keys = [
        evaluate(repository, "schedule__nightly_data", zone.key, f"{due:%Y-%m-%dT%H:%M}")[0].run_key
        for due in dues
    ]
    assert len(set(keys)) == 3


def test_a_sweep_is_one_run_of_changed_months_only(repository: dg.RepositoryDefinition) -> None:
    (request,) = evaluate(repository, "sweep__nightly_data", "America/Lima", "2025-12-31T22:00")
    assert keys_of(request) == ("nightly.data|202510", "nightly.data|202512")
    assert request.run_config == {"resources": {"launch": {"config": {"changed_only": True}}}}
    assert request.tags["d2/trigger"] == "sweep"
    job = repository.get_job("data")
    assert dg.validate_run_config(job, request.run_config)


def test_a_month_before_the_first_one_is_no_run(repository: dg.RepositoryDefinition) -> None:
    schedule = repository.get_schedule_def("schedule__everything")
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2023, 5, 5, tzinfo=ZoneInfo("Africa/Blantyre")),
        repository_def=repository,
    )
    data = schedule.evaluate_tick(context)
    assert not data.run_requests
    assert "first_month" in (data.skip_message or "")


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ('schedule: {every: cron, cron: "0 25 * * *"}', "pairs[0].schedule.cron"),
        ('schedule: {every: cron, cron: "0 2 31 2 *"}', "pairs[0].schedule.cron"),
        ('sweep: {every: cron, cron: "61 2 * * 9"}', "pairs[0].sweep.cron"),
    ],
)
def test_a_time_that_no_calendar_has_is_told_with_pair_and_key(words: str, key: str) -> None:
    text = GOOD.replace(
        "    filters: {deepest_level: 4}\n", f"    execution_mode: scheduled\n    {words}\n"
    )
    settings = parse_settings(text, FILE)
    with pytest.raises(ConfigurationError, match="no time that a calendar has") as told:
        build_schedules(settings)
    assert told.value.key == key
    assert "national--training" in told.value.message


def test_pairs_whose_names_become_alike_have_schedules_of_their_own(settings: Settings) -> None:
    two = parse_settings(
        GOOD
        + "  - {name: a-b, source: national, destination: training}\n"
        + "  - {name: a.b, source: national, destination: training}\n",
        FILE,
    )
    names = {name_automation("schedule", pair, two) for pair in ("a-b", "a.b")}
    assert len(names) == 2
    assert all(name.startswith("schedule__a_b_") for name in names)
    plain = name_automation("schedule", "national--training", two)
    assert plain == "schedule__national__training"
