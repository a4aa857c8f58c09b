"""A pair's settings in the words of each domain: the domains do not know the settings file."""

from collections.abc import Mapping

from d2_assets.data_values.choices import Choices, Reverse
from d2_assets.mapping.explicit import read_explicit
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.policy import MetadataPolicy
from d2_assets.settings import Pair, Settings


def choose_data_values(pair: Pair, settings: Settings) -> Choices:
    """What of the pair concerns aggregate data values; ``settings`` tell who runs against it."""
    return Choices(
        data_sets=pair.filters.data_sets,
        org_units=pair.filters.org_units,
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
    )


def _read_crosswalk(pair: Pair, settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """The pair's own table of matches; ConfigurationError where it cannot be used."""
    path = pair.metadata.crosswalk
    return read_explicit(settings.base / path.expanduser()) if path else {}
