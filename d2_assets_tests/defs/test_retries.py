import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from d2_assets.definitions import build_definitions
from d2_assets.defs.failed_runs import JOBLESS
from d2_assets.defs.jobs import build_jobs
from d2_assets.defs.notifier import NOTICES, NotifierResource
from d2_assets.defs.partitions import build_partitions
from d2_assets.defs.retries import build_retries
from d2_assets.defs.run_facts import read_run_facts
from d2_assets.errors import ConfigurationError
from d2_assets.settings import Settings, parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD

FAILURE = dg.DagsterRunStatus.FAILURE
VALUES, TRACKER = dg.AssetKey(["data", "data_values"]), dg.AssetKey(["data", "tracker"])
PAIRS = """
  - {name: twice, source: national, destination: training, retries: {tries: 2}}
  - {name: asleep, source: national, destination: training, active: false}
"""
ONE = {"dagster/partition": "national--training|202511"}
RANGE = {
    "dagster/asset_partition_range_start": "national--training|202509",
    "dagster/asset_partition_range_end": "national--training|202511",
}
TRANSIENT = {"d2/failure": "transient"}
#: After it every first try is due, however slow the machine is.
HOUR = 3600.0


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse_settings(GOOD + PAIRS, FILE)


@pytest.fixture(scope="module")
def repository(settings: Settings) -> dg.RepositoryDefinition:
    return build_definitions(settings).get_repository_def()


@dataclass(slots=True)
class Tries:
    """The sensor over a Dagster without a daemon; its clock stands at ``now``."""

    instance: dg.DagsterInstance
    settings: Settings
    repository: dg.RepositoryDefinition
    now: float = field(default_factory=time.time)
    cursor: str | None = None
    words: str = ""
    sensor: dg.SensorDefinition = field(init=False)

    def __post_init__(self) -> None:
        partitions = build_partitions(self.settings)
        self.sensor = build_retries(self.settings, build_jobs(), partitions, clock=lambda: self.now)

    def tick(self, later: float = 0.0, switched_on: float | None = None) -> list[dg.RunRequest]:
        self.now += later
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={"notifier": NotifierResource()},
            last_sensor_start_time=switched_on,
        )
        result = self.sensor.evaluate_tick(context)
        self.cursor, self.words = result.cursor, result.skip_message or ""
        return list(result.run_requests or [])

    def fail(
        self,
        tags: dict[str, str],
        job: str = "data",
        assets: Sequence[dg.AssetKey] | None = None,
        **run: object,
    ) -> dg.DagsterRun:
        """A run that ended in failure just now, as a daemon reports it."""
        made = self.add(tags, job, assets, dg.DagsterRunStatus.STARTED, **run)
        self.instance.report_run_failed(made, "It was found dead.")
        return self.read(made)

    def add(
        self,
        tags: dict[str, str],
        job: str = "data",
        assets: Sequence[dg.AssetKey] | None = None,
        status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTING,
        **run: object,
    ) -> dg.DagsterRun:
        selection = frozenset(assets) if assets is not None else None
        return create_run_for_test(
            self.instance, job, tags=tags, asset_selection=selection, status=status, **run
        )

    def launch(
        self,
        request: dg.RunRequest,
        status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTING,
    ) -> dg.DagsterRun:
        """What the daemon makes of a request."""
        tags = {**request.tags, "dagster/run_key": request.run_key or ""}
        job, config = request.job_name or "", request.run_config
        return self.add(tags, job, request.asset_selection, status, run_config=config)

    def read(self, run: dg.DagsterRun) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run.run_id)
        assert found is not None
        return found

    def due_of(self, run: dg.DagsterRun) -> int:
        return int(self.read(run).tags["d2/retry_at"])

    def told(self) -> list[str]:
        """The words of all notices, oldest first."""
        found = self.instance.fetch_observations(NOTICES, limit=20).records
        events = [record.asset_observation for record in found]
        return [event.description or "" for event in reversed(events) if event]


@pytest.fixture
def tries(settings: Settings, repository: dg.RepositoryDefinition) -> Iterator[Tries]:
    with dg.DagsterInstance.ephemeral() as instance:
        switched_on = Tries(instance, settings, repository)
        assert switched_on.tick() == []
        yield switched_on


def test_a_run_is_tried_again_when_its_minute_has_passed_and_as_it_was(tries: Tries) -> None:
    config = {"resources": {"launch": {"config": {"data_sets": ["lyLU2wR22tC"]}}}}
    tags = {**ONE, **TRANSIENT, "team": "hmis", "d2/user": "ruth", "d2/partial": "true"}
    run = tries.fail(tags, assets=[VALUES], run_config=config)
    assert tries.tick() == []
    assert f"Run {run.run_id[:8]} is tried again at " in tries.words
    marked = tries.read(run).tags
    assert (marked["d2/retry"], marked["d2/status"]) == ("waiting", "retrying")
    tries.now = tries.due_of(run) - 1
    assert tries.tick() == []
    (request,) = tries.tick(later=1)
    assert request.job_name == "data"
    assert request.run_config == config
    assert request.asset_selection == [VALUES]
    assert request.partition_key == ONE["dagster/partition"]
    told = {
        "dagster/parent_run_id": run.run_id,
        "dagster/root_run_id": run.run_id,
        "d2/attempt": "1",
        "d2/trigger": "retry",
        "d2/pair": "national--training",
        "team": "hmis",
        "d2/user": "ruth",
    }
    assert told.items() <= request.tags.items()
    assert not {"d2/partial", "d2/failure", "d2/retry", "d2/status"} & request.tags.keys()


def test_a_request_is_made_until_its_run_is_seen_and_always_by_the_same_key(tries: Tries) -> None:
    run = tries.fail({**RANGE, **TRANSIENT})
    (first,) = tries.tick(later=HOUR)
    (again,) = tries.tick(later=HOUR)
    assert first.run_key == again.run_key == f"retry of {run.run_id}"
    assert RANGE.items() <= first.tags.items()
    assert (first.partition_key, first.asset_selection) == (None, None)
    # Made and not launched: a daemon that ended in between goes on with it when it is asked again.
    tries.launch(first, status=dg.DagsterRunStatus.NOT_STARTED)
    (third,) = tries.tick(later=HOUR)
    assert third.run_key == first.run_key
    tries.launch(first)
    assert tries.tick(later=HOUR) == []
    marked = tries.read(run).tags
    assert (marked["d2/retry"], marked["d2/status"]) == ("launched", "failed")
    assert tries.tick(later=HOUR) == []


def test_waits_double_and_after_the_last_try_people_are_told_once(tries: Tries) -> None:
    run = root = tries.fail({"dagster/partition": "twice|202511", **TRANSIENT})
    for attempt, seconds in ((1, 60), (2, 120)):
        tries.tick()
        record = tries.instance.get_run_record_by_id(run.run_id)
        assert record is not None
        assert record.end_time is not None
        assert tries.due_of(run) == round(record.end_time) + seconds
        tries.now = max(tries.now, tries.due_of(run))
        (request,) = tries.tick()
        assert request.tags["d2/attempt"] == str(attempt)
        assert request.tags["dagster/root_run_id"] == root.run_id
        assert request.tags["dagster/parent_run_id"] == run.run_id
        run = tries.launch(request)
        cause = {"d2/cause": "The server is down.", "d2/mend": "Start it."}
        tries.instance.add_run_tags(run.run_id, {**TRANSIENT, **cause})
        tries.instance.report_run_failed(run)
    assert tries.tick() == []
    assert tries.tick(later=HOUR) == []
    marked = tries.read(run).tags
    assert (marked["d2/retry"], marked["d2/failure"]) == ("used_up", "permanent")
    assert (marked["d2/status"], marked["d2/notice"]) == ("failed_permanently",) * 2
    assert tries.told() == [
        f"Run {run.run_id[:8]} of data for 202511 failed, the last of 3 tries, "
        "and is not tried again."
    ]
    (record,) = tries.instance.fetch_observations(NOTICES, limit=2).records
    event = record.asset_observation
    assert event is not None
    assert event.metadata["cause"].value == "The server is down."
    assert event.metadata["what to do"].value == "Start it."
    assert event.metadata["run"].value == run.run_id


def test_a_cause_that_does_not_pass_is_told_at_once(tries: Tries) -> None:
    tags = {**RANGE, "d2/failure": "permanent", "d2/cause": "The account is locked."}
    run = tries.fail(tags)
    assert tries.tick() == []
    assert tries.tick(later=HOUR) == []
    assert tries.read(run).tags["d2/retry"] == "hopeless"
    (words,) = tries.told()
    assert "of data for 202509 to 202511 failed, and is not tried again." in words


def test_a_process_that_was_killed_is_tried_again(tries: Tries) -> None:
    tries.fail(ONE)
    assert len(tries.tick(later=HOUR)) == 1


def test_a_tick_that_was_cut_off_does_not_tell_twice(tries: Tries) -> None:
    tries.fail({**ONE, "d2/failure": "permanent", "d2/notice": "failed_permanently"})
    tries.tick()
    assert tries.told() == []


@pytest.mark.parametrize(
    ("job", "assets"), [("__ASSET_JOB", [VALUES, TRACKER]), (JOBLESS, [VALUES])]
)
def test_assets_launched_without_a_job_are_tried_again_without_one(
    tries: Tries, job: str, assets: list[dg.AssetKey]
) -> None:
    tries.fail({**ONE, **TRANSIENT}, job, assets)
    (request,) = tries.tick(later=HOUR)
    assert request.job_name == JOBLESS
    assert request.asset_selection == assets
    assert request.tags["dagster/partition"] == ONE["dagster/partition"]
    assert tries.repository.get_job(JOBLESS).asset_layer.selected_asset_keys >= set(assets)
    # The queue counts it like the first one.
    facts = read_run_facts(tries.launch(request), ["national--training"])
    assert facts.writes == {key.to_user_string() for key in assets}


@pytest.mark.parametrize("job", ["preview", "test_instances", "discard_quarantined"])
def test_jobs_that_move_nothing_are_left_alone(tries: Tries, job: str) -> None:
    run = tries.fail({**ONE, **TRANSIENT}, job)
    assert tries.tick(later=HOUR) == []
    assert "d2/retry" not in tries.read(run).tags


@pytest.mark.parametrize(
    ("tags", "job", "assets"),
    [
        ({"dagster/partition": "gone--training|202511"}, "data", None),
        ({"dagster/partition": "asleep|202511"}, "data", None),
        ({"dagster/partition": "twice|202311"}, "data", None),  # before the first month
        (ONE, "data", [dg.AssetKey(["data", "renamed"])]),
    ],
)
def test_what_does_not_exist_any_more_holds_up_nothing_else(
    tries: Tries, tags: dict[str, str], job: str, assets: list[dg.AssetKey] | None
) -> None:
    lost = tries.fail({**tags, **TRANSIENT}, job, assets)
    sound = tries.fail({**RANGE, **TRANSIENT})
    (request,) = tries.tick(later=HOUR)
    assert request.tags["dagster/parent_run_id"] == sound.run_id
    assert tries.read(lost).tags["d2/status"] == "failed_permanently"
    assert len(tries.told()) == 1


@pytest.mark.parametrize(
    ("tags", "job", "assets", "takes_over"),
    [
        (RANGE, "data", None, True),
        (ONE, "complete", [VALUES, TRACKER], True),
        (ONE, "complete", [TRACKER], False),
        ({"dagster/partition": "national--training|202510"}, "data", None, False),
        ({"dagster/partition": "twice|202511"}, "data", None, False),
        (ONE, "preview", None, False),
    ],
)
def test_a_later_run_takes_over_where_it_does_all_that_the_failed_one_was_to_do(
    tries: Tries,
    tags: dict[str, str],
    job: str,
    assets: list[dg.AssetKey] | None,
    takes_over: bool,
) -> None:
    run = tries.fail({**ONE, **TRANSIENT}, "complete", [VALUES])
    tries.tick()
    tries.add(tags, job, assets or ([VALUES] if job == "data" else None))
    assert len(tries.tick(later=HOUR)) == (not takes_over)
    assert (tries.read(run).tags["d2/retry"] == "superseded") == takes_over


def test_a_run_that_a_person_narrowed_or_cancelled_takes_over_from_none(tries: Tries) -> None:
    tries.fail({**ONE, **TRANSIENT})
    config = {"resources": {"launch": {"config": {"data_sets": ["lyLU2wR22tC"]}}}}
    tries.add(ONE, run_config=config)
    tries.add(ONE, status=dg.DagsterRunStatus.CANCELED)
    assert len(tries.tick(later=HOUR)) == 1


def test_a_run_that_a_person_executes_again_is_theirs(tries: Tries) -> None:
    run = tries.fail({**ONE, **TRANSIENT})
    again = tries.add({"dagster/parent_run_id": run.run_id, "dagster/root_run_id": run.run_id})
    assert tries.tick(later=HOUR) == []
    assert f"Run {again.run_id[:8]} took over" in tries.words
    assert tries.told() == []


def test_a_cancelled_run_is_not_tried_again(tries: Tries) -> None:
    run = tries.add({**ONE, **TRANSIENT}, status=dg.DagsterRunStatus.STARTED)
    tries.instance.report_run_canceled(run)
    assert tries.tick(later=HOUR) == []


def test_what_failed_before_it_was_switched_on_is_left_alone(
    settings: Settings, repository: dg.RepositoryDefinition
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        tries = Tries(instance, settings, repository)
        before = tries.fail({**ONE, **TRANSIENT})
        tries.now = time.time()
        assert tries.tick() == tries.tick(later=HOUR) == []
        during = tries.fail({**ONE, **TRANSIENT})
        switched_on = time.time()
        assert tries.tick(later=HOUR, switched_on=switched_on) == []
        for run in (before, during):
            assert "d2/retry" not in tries.read(run).tags
        since = tries.fail({**ONE, **TRANSIENT})
        (request,) = tries.tick(later=HOUR, switched_on=switched_on)
        assert request.tags["dagster/parent_run_id"] == since.run_id


def test_a_cursor_that_cannot_be_read_says_what_to_do(tries: Tries) -> None:
    tries.cursor = "yesterday"
    with pytest.raises(Exception, match="retries") as told:
        tries.tick()
    assert isinstance(told.value.__cause__ or told.value, ConfigurationError)
    assert "Reset it on the page of the sensor" in str(told.value.__cause__ or told.value)


def test_it_is_off_until_someone_switches_it_on(repository: dg.RepositoryDefinition) -> None:
    sensor = repository.get_sensor_def("retries")
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.minimum_interval_seconds == 30
