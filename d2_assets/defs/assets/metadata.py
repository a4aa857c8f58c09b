"""The assets ``metadata/<family>``: one for each metadata family, in the order of their needs."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from d2_assets.defs.errands import open_servers, take_errand
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.metadata_checks import answer_family_checks, specify_family_checks
from d2_assets.defs.metadata_tables import show_family
from d2_assets.defs.order import order_tags
from d2_assets.defs.preflight import PreflightResource
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import PartitionReport, materialise_partitions, open_run
from d2_assets.metadata.families import FAMILIES, Family
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.choices import choose_metadata
from d2_assets.sync.metadata import MetadataWork, PlannedFamily, Promised, move_family, plan_family

#: Group and first part of the key of every family.
GROUP = "metadata"

#: The family that also carries what belongs to no class.
_SYSTEM = "system"

_MEANING = """\
Materialising pushes: it brings the destination of a pair to the state of its source. What is right
there already is not sent again; every object read ends in one named outcome; what was sent is read
back and compared member by member.

Metadata have no month. A period means "the definitions this month's data were loaded against": what
the source held when the partition was materialised. All months of a run are done once and show the
same numbers.
"""


def family_key(name: str) -> dg.AssetKey:
    """The asset of a family."""
    return dg.AssetKey([GROUP, name])


def make_deps(families: Sequence[str]) -> list[dg.AssetDep]:
    """Dependencies on families, partition by partition."""
    return [
        dg.AssetDep(family_key(name), partition_mapping=dg.IdentityPartitionMapping())
        for name in families
    ]


def build_metadata(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """All families over the given partitions, what is referred to first."""
    return [_build_family(family, partitions) for family in FAMILIES.values()]


def describe_family(family: Family) -> str:
    """What the family holds and what a period means, in sentences."""
    sentences = [f"{family.title}. It holds the classes {', '.join(family.classes)}."]
    if family.name == _SYSTEM:
        sentences.append(
            "It also carries the system settings that are not one server's own, and names the "
            "classes of the source that no family carries."
        )
    if family.second_pass:
        members = ", ".join(f"{plural}.{name}" for plural, name in family.second_pass)
        sentences.append(
            "It sets members of earlier families that refer to its objects and could not be set "
            f"before: {members}."
        )
    if family.needs:
        sentences.append(
            f"Its objects refer to the families {', '.join(family.needs)}: when one of these "
            "fails, this one is not begun."
        )
    return " ".join(sentences) + "\n\n" + _MEANING


def _build_family(family: Family, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    key = family_key(family.name)

    @dg.multi_asset(
        name=f"{GROUP}_{family.name}",
        specs=[
            dg.AssetSpec(
                key,
                deps=make_deps(family.needs),
                description=describe_family(family),
                group_name=GROUP,
                kinds={"dhis2", "parquet"},
                owners=["team:d2_assets"],
                tags={"d2/domain": "metadata", "d2/family": family.name},
                skippable=True,
            )
        ],
        check_specs=specify_family_checks(key, partitions),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        op_tags=order_tags("metadata"),
    )
    def metadata(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
        launch: LaunchResource,
        preflight: PreflightResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        run = open_run(context, key, "metadata", settings, launch, family.name)

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            preflight.check(run, dhis2, pair)
            with open_family(
                context,
                run.settings,
                run.find_home(home.open(), pair),
                dhis2,
                pair,
                family.name,
                months,
            ) as planned:
                yield from _report(planned)

        yield from materialise_partitions(run, move)

    return metadata


@contextmanager
def open_family(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    dhis2: DHIS2Resource,
    pair: Pair,
    family: str,
    months: Sequence[str],
    promised: Promised | None = None,
) -> Iterator[PlannedFamily]:
    """Read and plan a family of a pair, with this run's log, clock and progress. With ``promised``
    it is only looked at: what was planned further up counts as present."""
    looks = promised is not None
    key = family_key(family)
    errand = take_errand(context, settings, home, pair, months, key, is_preview=looks)
    choices = choose_metadata(pair, settings)
    work = MetadataWork(**errand.parts(), family=family, choices=choices)
    with (
        open_servers(dhis2, settings, pair, work.sleep) as servers,
        plan_family(work, *servers, promised or Promised()) as planned,
    ):
        yield planned


def _report(planned: PlannedFamily) -> Iterator[PartitionReport]:
    """The same for each month: the family is moved once."""
    result = move_family(planned)
    metadata, checks = show_family(planned, result), answer_family_checks(result)
    for number, month in enumerate(planned.work.months):
        yield PartitionReport(
            planned.work.pair,
            month,
            metadata,
            checks,
            result.error,
            written=0 if number else result.written,
        )
