"""A pair's settings in the words of each domain: the domains do not know the settings file.

A pair that was narrowed at launch comes narrowed; of the ``narrowing`` only what it takes a server
to join with the pair is looked at here.
"""

from collections.abc import Mapping
from pathlib import Path

from d2_assets.data_values.choices import Choices, Reverse
from d2_assets.errors import ConfigurationError
from d2_assets.mapping.explicit import read_explicit
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.policy import MetadataPolicy
from d2_assets.settings import Moved, Pair, Settings
from d2_assets.stock.choices import StockChoices
from d2_assets.stock.reasons import Bucket, LossKind, ReasonRules
from d2_assets.sync.narrowing import WHOLE, Narrowing
from d2_assets.tracker.choices import TrackerChoices


def choose_data_values(pair: Pair, settings: Settings, narrowing: Narrowing = WHOLE) -> Choices:
    """What of the pair concerns aggregate data values; ``settings`` tell who runs against it."""
    return Choices(
        data_sets=pair.filters.data_sets,
        org_units=pair.filters.org_units,
        within=narrowing.org_units,
        deepest_level=pair.filters.deepest_level,
        pull_level=pair.filters.pull_level,
        start_date=pair.filters.start_date,
        end_date=pair.filters.end_date,
        import_strategy=pair.import_strategy,
        merge=pair.merge_mode == "MERGE",
        propagate_deletes=pair.deletes.policy == "propagate",
        mirror=pair.deletes.mirror,
        brake_percent=pair.deletes.brake_percent,
        reverse=tuple(
            Reverse(other.filters.data_sets, other.filters.org_units, other.filters.deepest_level)
            for other in settings.find_reverse(pair, "data_values")
        ),
        conflict_rule=pair.conflicts.rule,
        source_has_priority=pair.conflicts.priority_instance == pair.source,
        match_by=pair.metadata.match_by,
        explicit=_read_crosswalk(pair, settings),
        page_size=pair.page_size,
        chunk_size=pair.chunk_size,
        writers=pair.writers,
        writing_runs=settings.instance(pair.destination).writing_runs,
    )


def choose_metadata(pair: Pair, settings: Settings) -> MetadataChoices:
    """What of the pair concerns metadata; relative paths start at the settings file."""
    wanted = pair.metadata
    return MetadataChoices(
        policy=MetadataPolicy(
            sharing=wanted.sharing,
            users=wanted.users,
            assignments=wanted.org_unit_assignments,
        ),
        org_units=pair.filters.org_units,
        deepest_level=pair.filters.deepest_level,
        import_strategy=pair.import_strategy,
        merge=pair.merge_mode == "MERGE",
        mirror=pair.deletes.mirror,
        brake_percent=pair.deletes.brake_percent,
        match_by=wanted.match_by,
        explicit=_read_crosswalk(pair, settings),
        page_size=pair.page_size,
        chunk_size=wanted.chunk_size,
        writing_runs=settings.instance(pair.destination).writing_runs,
    )


def choose_tracker(
    pair: Pair, settings: Settings, moved: Moved, narrowing: Narrowing = WHOLE
) -> TrackerChoices:
    """What of the pair concerns ``moved``: "events" or "tracker"."""
    wanted = pair.tracker
    return TrackerChoices(
        programs=pair.filters.programs,
        stages=pair.filters.program_stages,
        only_stages=narrowing.program_stages,
        shows_part=bool(narrowing.programs or narrowing.program_stages),
        org_units=pair.filters.org_units,
        within=narrowing.org_units,
        deepest_level=pair.filters.deepest_level,
        start_date=pair.filters.start_date,
        end_date=pair.filters.end_date,
        import_strategy=pair.import_strategy,
        merge=pair.merge_mode == "MERGE",
        propagate_deletes=pair.deletes.policy == "propagate",
        mirror=pair.deletes.mirror,
        brake_percent=pair.deletes.brake_percent,
        is_two_way=bool(settings.find_reverse(pair, moved)),
        conflict_rule=pair.conflicts.rule,
        source_has_priority=pair.conflicts.priority_instance == pair.source,
        match_by=pair.metadata.match_by,
        explicit=_read_crosswalk(pair, settings),
        skip_rule_engine=wanted.skip_rule_engine,
        skip_side_effects=wanted.skip_side_effects,
        run_async=wanted.import_mode == "async",
        old_endpoints=wanted.old_endpoints,
        page_size=pair.page_size,
        chunk_size=wanted.chunk_size,
        writers=pair.writers,
        writing_runs=settings.instance(pair.destination).writing_runs,
    )


def choose_stock(pair: Pair, settings: Settings) -> StockChoices:
    """What of the pair concerns stock; ConfigurationError where it names no mapping files."""
    wanted = pair.stock
    return StockChoices(
        facilities=_find_mapping(pair, settings, "facilities", wanted.facilities),
        products=_find_mapping(pair, settings, "products", wanted.products),
        org_units=wanted.org_units,
        rules=_choose_reasons(pair),
        months_for_average=wanted.months_for_average,
        late_months=wanted.late_months,
        leave_out_withdrawn=wanted.leave_out_withdrawn,
        import_strategy=pair.import_strategy,
        page_size=pair.page_size,
        chunk_size=pair.chunk_size,
        writers=pair.writers,
        writing_runs=settings.instance(pair.destination).writing_runs,
    )


def _find_mapping(pair: Pair, settings: Settings, name: str, path: Path | None) -> Path:
    if path is None:
        raise ConfigurationError(
            f"The pair {pair.name} does not say where its stock goes: stock.{name} is missing.",
            remedy=f"Name the CSV file of {name} there (docs/settings.md).",
            file=str(settings.file),
            key=f"stock.{name}",
        )
    return settings.base / path.expanduser()


def _choose_reasons(pair: Pair) -> ReasonRules:
    """Ids compare in small letters; reasons of one kind of loss are losses."""
    wanted = pair.stock.reasons
    kinds: dict[str, LossKind] = {}
    listed: tuple[tuple[LossKind, tuple[str, ...]], ...] = (
        ("expired", wanted.expired),
        ("damaged", wanted.damaged),
        ("lost", wanted.lost),
    )
    for kind, ids in listed:
        kinds |= dict.fromkeys((uid.lower() for uid in ids), kind)
    by_id = {uid.lower(): Bucket(bucket) for uid, bucket in wanted.by_id.items()}
    return ReasonRules(
        by_id=dict.fromkeys(kinds, Bucket.LOSSES) | by_id,
        by_tag={tag: Bucket(bucket) for tag, bucket in wanted.by_tag.items()},
        by_type={_split(key): Bucket(bucket) for key, bucket in wanted.by_type.items()},
        from_source=Bucket(wanted.from_source),
        to_destination=Bucket(wanted.to_destination),
        loss_kinds=kinds,
    )


def _split(key: str) -> tuple[str, str]:
    category, _, kind = key.partition("/")
    return category, kind


def _read_crosswalk(pair: Pair, settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """The pair's own table of matches; ConfigurationError where it cannot be used."""
    path = pair.metadata.crosswalk
    return read_explicit(settings.base / path.expanduser()) if path else {}
