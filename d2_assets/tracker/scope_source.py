"""The source's side of the scope: its programs, types and org units that the pair moves.

Also every UID of metadata that their objects may use, by class: what of it the destination does
not know has to be matched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import OrgUnit
from d2_assets.dhis2.programs import Program, TrackedEntityType
from d2_assets.errors import ConfigurationError
from d2_assets.mapping.hierarchy import find_roots, narrow_roots, select_units
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.identities import (
    ATTRIBUTES,
    DATA_ELEMENTS,
    OPTION_COMBOS,
    ORG_UNITS,
    PROGRAMS,
    RELATIONSHIP_TYPES,
    STAGES,
    TYPES,
)

#: Org units to ask by: no particular one, all that the account sees.
EVERYWHERE = ("",)


@dataclass(frozen=True, slots=True)
class SourceSide:
    """``programs`` in scope, without their org units; ``units_in_scope``: None for all; ``used``:
    UIDs by class. ``stages``: those that are named, each narrowing its own program; ``is_narrow``:
    whether programs are named. All UIDs are the source's."""

    programs: Mapping[str, Program]
    types: tuple[str, ...]
    roots: tuple[str, ...]
    units_in_scope: frozenset[str] | None
    used: Mapping[str, frozenset[str]]
    stages: frozenset[str]
    is_narrow: bool


def read_source(source: DHIS2Client, choices: TrackerChoices, is_registration: bool) -> SourceSide:
    """Ask the source. ConfigurationError names what the pair names and the source lacks."""
    size = choices.page_size
    known = {one.id: replace(one, org_units=frozenset()) for one in source.list_programs()}
    choices = keep_stages(known, choices, source.name)
    programs = choose_programs(known, choices, source.name, is_registration)
    listed = source.list_tracked_entity_types(size) if is_registration else []
    types = {one.id: one for one in listed}
    chosen = choose_types(types, programs, choices) if is_registration else ()
    units = {unit.id: unit for unit in source.list_org_units(size)}
    roots = find_roots(units, choices.org_units, source.name)
    roots = narrow_roots(units, roots, choices.within, source.name)
    inside = _find_units(units, roots, choices.deepest_level)
    used = _list_used(programs, [types[uid] for uid in chosen if uid in types])
    used[ORG_UNITS] = frozenset(units) if inside is None else inside
    used[TYPES] = frozenset(chosen)
    used[RELATIONSHIP_TYPES] = frozenset(one.id for one in source.list_relationship_types(size))
    used[OPTION_COMBOS] = _list_option_combos(source, programs, size)
    return SourceSide(
        programs,
        chosen,
        roots or EVERYWHERE,
        inside,
        used,
        stages=frozenset(choices.stages),
        is_narrow=bool(choices.programs),
    )


def keep_stages(
    known: Mapping[str, Program], choices: TrackerChoices, server: str
) -> TrackerChoices:
    """The choices with the stages of the launch and their programs alone. ConfigurationError names
    a stage that the pair does not move."""
    if not choices.only_stages:
        return choices
    programs = {stage.id: program for program in known.values() for stage in program.stages}
    outside = [uid for uid in choices.only_stages if not _is_moved(uid, programs.get(uid), choices)]
    if outside:
        raise ConfigurationError(
            f"The pair does not move the program stages {', '.join(outside)} that were chosen at "
            f"launch: {server} lacks them, or the filters leave them out.",
            remedy="Choose stages of programs that the pair moves, among its "
            "filters.program_stages where it names some of that program.",
            key="resources.launch.config.program_stages",
        )
    kept = dict.fromkeys(programs[uid].id for uid in choices.only_stages)
    return replace(choices, programs=tuple(kept), stages=choices.only_stages)


def _is_moved(stage: str, program: Program | None, choices: TrackerChoices) -> bool:
    if program is None or (choices.programs and program.id not in choices.programs):
        return False
    named = {one.id for one in program.stages}.intersection(choices.stages)
    return not named or stage in named


def choose_programs(
    known: Mapping[str, Program], choices: TrackerChoices, server: str, is_registration: bool
) -> dict[str, Program]:
    """The pair's programs of one kind. ConfigurationError names what is not known."""
    _require(choices.programs, known, "program", "filters.programs", server)
    stages = {stage.id for program in known.values() for stage in program.stages}
    _require(choices.stages, stages, "program stage", "filters.program_stages", server)
    return {
        uid: known[uid]
        for uid in (dict.fromkeys(choices.programs) or sorted(known))
        if known[uid].is_registration is is_registration
    }


def choose_types(
    known: Iterable[str], programs: Mapping[str, Program], choices: TrackerChoices
) -> tuple[str, ...]:
    """Tracked entity types of the programs; all types where the pair names no programs: an entity
    without any enrollment counts too."""
    of_programs = (one.tracked_entity_type for one in programs.values())
    named = dict.fromkeys(uid for uid in of_programs if uid)
    return tuple(named if choices.programs else dict.fromkeys([*named, *known]))


def _require(wanted: Iterable[str], known: Iterable[str], what: str, key: str, server: str) -> None:
    there = frozenset(known)
    missing = [uid for uid in dict.fromkeys(wanted) if uid not in there]
    if missing:
        raise ConfigurationError(
            f"{server} has no {what} {', '.join(missing)}, or its account may not read it.",
            remedy=f"Mend {key} of the pair, or what was chosen at launch, or let the account "
            "read it there.",
            key=key,
        )


def _find_units(
    units: Mapping[str, OrgUnit], roots: tuple[str, ...], deepest_level: int | None
) -> frozenset[str] | None:
    if not roots and deepest_level is None:
        return None
    inside = select_units(units, roots, deepest_level)
    if not inside:
        raise ConfigurationError(
            f"All organisation units of the pair lie below deepest_level {deepest_level}.",
            remedy="Raise filters.deepest_level of the pair, or choose units above it.",
            key="filters.deepest_level",
        )
    return inside


def _list_used(
    programs: Mapping[str, Program], types: Sequence[TrackedEntityType]
) -> dict[str, frozenset[str]]:
    stages = [stage for program in programs.values() for stage in program.stages]
    of_types = (uid for one in types for uid in one.attributes)
    of_programs = (
        attribute.id for program in programs.values() for attribute in program.attributes
    )
    return {
        PROGRAMS: frozenset(programs),
        STAGES: frozenset(stage.id for stage in stages),
        DATA_ELEMENTS: frozenset(element.id for stage in stages for element in stage.elements),
        ATTRIBUTES: frozenset((*of_types, *of_programs)),
    }


def _list_option_combos(
    source: DHIS2Client, programs: Mapping[str, Program], page_size: int
) -> frozenset[str]:
    """The option combos of the programs' category combos: what their events may be of."""
    combos = {one.category_combo for one in programs.values()}
    listed = source.list_category_combos(page_size) if programs else []
    return frozenset(uid for one in listed if one.id in combos for uid in one.option_combos)
