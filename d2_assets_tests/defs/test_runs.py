"""The frame in which every asset runs, with a stand-in for what it moves."""

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.defs.partitions import build_partitions
from d2_assets.defs.reports import CheckReport, PartitionReport
from d2_assets.defs.runs import AssetRun, FindChanged, materialise_partitions
from d2_assets.errors import ConfigurationError, D2AssetsError, TransientError
from d2_assets.settings import Pair, Settings
from d2_assets.settings.loading import parse_settings
from d2_assets.sync.narrowing import WHOLE, Narrowing
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
        self,
        unfit: Sequence[str] = (),
        broken: Sequence[str] = (),
        fails_at: str = "",
        error: type[D2AssetsError] = TransientError,
    ) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._unfit, self._broken, self._fails_at = unfit, broken, fails_at
        self._error = error

    def move(self, pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
        self.asked.append((pair.name, tuple(months)))
        for month in months:
            yield self._report(pair.name, month)

    def _report(self, pair: str, month: str) -> PartitionReport:
        error: D2AssetsError | None = None
        if month == self._fails_at or pair == self._fails_at:
            error = self._error(f"{pair} was cut in {month}.", remedy="Run again.")
        check = CheckReport(
            "is_good",
            passed=month not in (*self._unfit, *self._broken),
            is_warning=month in self._unfit,
            description=f"That was {month}.",
        )
        return PartitionReport(
            pair, month, {"rows": int(month)}, [check], error, written=int(month[4:])
        )


Materialise = Callable[..., Run]


@pytest.fixture
def materialise(settings: Settings) -> Iterator[Materialise]:
    """Runs a small asset in the frame: ``materialise(mover, first key, last key)``."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield partial(run_asset, instance, settings)


def run_asset(
    instance: dg.DagsterInstance,
    settings: Settings,
    mover: Mover,
    first: str,
    last: str = "",
    *,
    narrowing: Narrowing = WHOLE,
    find_changed: FindChanged | None = None,
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
        yield from materialise_partitions(
            AssetRun(context, KEY, "data_values", settings, narrowing), mover.move, find_changed
        )

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


def test_a_run_says_how_much_it_wrote_also_where_it_failed(materialise: Materialise) -> None:
    assert materialise(Mover(), "ab|202401", "ab|202404").tags["d2/written"] == "10"
    assert materialise(Mover(fails_at="202402"), "ab|202401", "ab|202402").tags["d2/written"] == "3"
    assert materialise(Mover(), "metadata-only|202401").tags["d2/written"] == "0"


@pytest.mark.parametrize(
    ("error", "kind"), [(TransientError, "transient"), (ConfigurationError, "permanent")]
)
def test_a_failure_is_told_in_tags(
    materialise: Materialise, error: type[D2AssetsError], kind: str
) -> None:
    run = materialise(Mover(fails_at="ab", error=error), "ab|202401", "ba|202401")
    assert run.tags["d2/failure"] == kind
    assert run.tags["d2/cause"] == "ab was cut in 202401."
    assert run.tags["d2/mend"] == "Run again."


def test_a_part_is_observed_with_its_checks_and_marks_nothing(materialise: Materialise) -> None:
    narrowing = Narrowing(data_sets=("BfMAe6Itzgt",))
    mover = Mover(unfit=["202402"])
    run = materialise(mover, "ab|202401", "ab|202402", narrowing=narrowing)
    assert run.success
    assert (run.materialised, run.checks) == ([], [])
    assert run.observe("202401", "rows")["checks"][0]["answer"] == "passed"
    (row,) = run.observe("202402", "rows")["checks"]
    assert row == {"check": "is_good", "answer": "warning", "words": "That was 202402."}
    assert {"data_sets: BfMAe6Itzgt" in (one.description or "") for one in run.observations} == {
        True
    }
    assert run.tags["d2/outcome"] == "completed_with_warnings"


def test_a_part_that_fails_answers_no_check(materialise: Materialise) -> None:
    narrowing = Narrowing(org_units=("ImspTQPwCqd",))
    run = materialise(Mover(fails_at="202401"), "ab|202401", narrowing=narrowing)
    assert not run.success
    assert (run.materialised, run.checks) == ([], [])
    assert run.observe("202401", "checks")["rows"] == 202401


def test_months_that_did_not_change_are_neither_moved_nor_marked(materialise: Materialise) -> None:
    def find_changed(pair: Pair, months: Sequence[str]) -> Sequence[str]:
        return [month for month in months if month == "202402"]

    mover, narrowing = Mover(), Narrowing(changed_only=True)
    run = materialise(
        mover, "ab|202401", "ab|202404", narrowing=narrowing, find_changed=find_changed
    )
    assert run.success
    assert mover.asked == [("ab", ("202402",))]
    assert run.materialised == ["ab|202402"]
