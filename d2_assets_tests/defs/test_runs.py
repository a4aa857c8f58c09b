"""The frame in which every asset runs, with a stand-in for what it moves."""

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.defs.partitions import build_partitions
from d2_assets.defs.runs import CheckReport, PartitionReport, materialise_partitions
from d2_assets.errors import D2AssetsError, TransientError
from d2_assets.settings import Pair, Settings
from d2_assets.settings.loading import parse_settings
from d2_assets_tests.journeys.runs import Run

KEY = dg.AssetKey(["data", "things"])
MONTHS = ("202401", "202402", "202403", "202404")
_SETTINGS = """
first_month: "202401"
instances:
  - {name: a, url: "https://a.example.org", auth: {username: u, password_env: A}}
  - {name: b, url: "https://b.example.org", auth: {username: u, password_env: B}}
pairs:
  - {name: ab, source: a, destination: b}
  - {name: metadata-only, source: a, destination: b, sync_type: metadata}
  - {name: ba, source: b, destination: a}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse_settings(_SETTINGS, tmp_path / "settings.yaml")


class Mover:
    """Says what a test wants said of each month, and remembers what it was asked for."""

    def __init__(
        self, unfit: Sequence[str] = (), broken: Sequence[str] = (), fails_at: str = ""
    ) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._unfit, self._broken, self._fails_at = unfit, broken, fails_at

    def move(self, pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
        self.asked.append((pair.name, tuple(months)))
        for month in months:
            yield self._report(pair.name, month)

    def _report(self, pair: str, month: str) -> PartitionReport:
        error: D2AssetsError | None = None
        if month == self._fails_at or pair == self._fails_at:
            error = TransientError(f"{pair} was cut in {month}.", remedy="Run again.")
        check = CheckReport(
            "is_good",
            passed=month not in (*self._unfit, *self._broken),
            is_warning=month in self._unfit,
            description=f"That was {month}.",
        )
        return PartitionReport(pair, month, {"rows": int(month)}, [check], error)


Materialise = Callable[..., Run]


@pytest.fixture
def materialise(settings: Settings) -> Iterator[Materialise]:
    """Runs a small asset in the frame: ``materialise(mover, first key, last key)``."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield partial(run_asset, instance, settings)


def run_asset(
    instance: dg.DagsterInstance, settings: Settings, mover: Mover, first: str, last: str = ""
) -> Run:
    partitions = build_partitions(settings)

    @dg.multi_asset(
        specs=[dg.AssetSpec(KEY, skippable=True)],
        check_specs=[dg.AssetCheckSpec("is_good", asset=KEY, partitions_def=partitions)],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def things(context: dg.AssetExecutionContext):
        yield from materialise_partitions(context, KEY, "data_values", settings, mover.move)

    result = dg.materialize(
        [things],
        instance=instance,
        raise_on_error=False,
        partition_key=None if last else first,
        tags={
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        }
        if last
        else None,
    )
    return Run(instance, result.run_id)


def test_one_partition_gives_its_numbers_and_its_checks(materialise: Materialise) -> None:
    run = materialise(Mover(), "ab|202402")
    assert run.success
    assert run.materialised == ["ab|202402"]
    assert run.show("202402")["rows"] == 202402
    assert [(check.check_name, check.passed) for check in run.checks] == [("is_good", True)]
    assert "d2/outcome" not in run.tags


def test_a_range_is_moved_at_once_and_told_by_month(materialise: Materialise) -> None:
    mover = Mover()
    run = materialise(mover, "ab|202401", "ab|202404")
    assert mover.asked == [("ab", MONTHS)]
    assert run.materialised == [f"ab|{month}" for month in MONTHS]
    assert [run.show(month)["rows"] for month in MONTHS] == [int(month) for month in MONTHS]
    told = {check.partition: check.passed for check in run.checks if check.partition}
    assert told == {f"ab|{month}": True for month in MONTHS}


def test_a_rectangle_is_grouped_by_pair_and_leaves_out_what_does_not_belong(
    materialise: Materialise,
) -> None:
    mover = Mover()
    run = materialise(mover, "ab|202401", "ba|202401")
    assert mover.asked == [("ab", ("202401",)), ("ba", ("202401",))]
    assert run.materialised == ["ab|202401", "ba|202401"]
    assert any(
        "metadata-only: not part of this pair: its sync_type is metadata" in entry.user_message
        for entry in run.log
    )


@pytest.mark.parametrize(
    ("unfit", "broken", "severity"),
    [(["202402"], [], "WARN"), ([], ["202403"], "ERROR"), (["202401"], ["202403"], "ERROR")],
)
def test_the_checks_of_a_range_are_merged_to_the_worst(
    materialise: Materialise, unfit: list[str], broken: list[str], severity: str
) -> None:
    run = materialise(Mover(unfit, broken), "ab|202401", "ab|202404")
    assert run.success
    merged = run.check("is_good")
    assert not merged.passed
    assert merged.severity.value == severity
    assert (merged.description or "").startswith(f"{len(unfit + broken)} of 4 partitions: That was")
    assert run.tags["d2/outcome"] == "completed_with_warnings"


def test_what_finished_before_a_failure_is_recorded(materialise: Materialise) -> None:
    run = materialise(Mover(fails_at="202403"), "ab|202401", "ab|202404")
    assert not run.success
    assert run.materialised == ["ab|202401", "ab|202402"]
    assert run.observe("202403", "rows")["rows"] == 202403
    assert {check.partition for check in run.checks} == {f"ab|{month}" for month in MONTHS[:3]}
    assert run.failure == "ab was cut in 202403. Run again."
    assert run.failure_parts["what to do"] == "Run again."


@pytest.mark.parametrize("fails_at", ["ab", "ba"])
def test_a_pair_that_fails_does_not_hold_up_the_others(
    materialise: Materialise, fails_at: str
) -> None:
    mover = Mover(fails_at=fails_at)
    run = materialise(mover, "ab|202401", "ba|202401")
    assert not run.success
    assert [pair for pair, _ in mover.asked] == ["ab", "ba"]
    assert run.materialised == [f"{'ba' if fails_at == 'ab' else 'ab'}|202401"]
    assert f"{fails_at} was cut in 202401" in run.failure


def test_a_pair_that_is_left_out_alone_marks_nothing(materialise: Materialise) -> None:
    mover = Mover()
    run = materialise(mover, "metadata-only|202401")
    assert run.success
    assert (run.materialised, run.checks, mover.asked) == ([], [], [])
