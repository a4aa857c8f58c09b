"""What a pair moves of events or tracked entities, as its two servers know it.

Both servers are asked at once. Of org units only UIDs are kept: a country has 100,000 of them, and
they are known four times over (source, destination, in scope, writable).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from d2_assets.both_sides import ask_both
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import OrgUnit
from d2_assets.dhis2.programs import Program, TrackedEntityType
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk
from d2_assets.mapping.hierarchy import find_covering_roots, list_units_below
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.facts import Facts, by_combo
from d2_assets.tracker.identities import (
    ATTRIBUTES,
    DATA_ELEMENTS,
    OPTION_COMBOS,
    ORG_UNITS,
    PROGRAMS,
    RELATIONSHIP_TYPES,
    STAGES,
    TYPES,
    learn_identities,
    match_stages,
)
from d2_assets.tracker.scope_source import EVERYWHERE, SourceSide, read_source
from d2_assets.tracker.users import NO_USERS, Users


@dataclass(frozen=True, slots=True)
class Scope:
    """Both servers' view of what the pair moves.

    ``programs``, ``types``, ``stages`` and ``source_roots`` go by the source's UIDs: they are what
    it is asked by. ``stages``: those that the pair names, each narrowing its own program; empty:
    all. ``source_roots`` and ``destination_roots``: org units to ask by, each with everything below
    it; ("",) for all that the account sees, () for none. ``org_units``: the units in scope by the
    destination's UIDs; None for all. ``doubts``: words for marked UIDs, which could be more than
    one thing. ``facts`` and ``users`` are the destination's. ``is_narrow``: whether the pair names
    its programs.
    """

    is_registration: bool
    programs: Mapping[str, Program]
    types: tuple[str, ...] = ()
    stages: frozenset[str] = frozenset()
    is_narrow: bool = False
    source_roots: tuple[str, ...] = EVERYWHERE
    destination_roots: tuple[str, ...] = EVERYWHERE
    org_units: frozenset[str] | None = None
    crosswalk: Crosswalk = NO_CROSSWALK
    doubts: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    users: Users = NO_USERS
    chosen_programs: frozenset[str] = field(init=False)
    chosen_stages: frozenset[str] = field(init=False)
    chosen_types: frozenset[str] = field(init=False)
    _attributes: Mapping[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        """``chosen_...``: what is in scope, by the destination's UIDs, known there or not."""
        programs = frozenset(self.crosswalk.get(PROGRAMS, uid) for uid in self.programs)
        stages = frozenset(
            self.crosswalk.get(STAGES, stage)
            for program in self.programs
            for stage in self._list_stages(program)
        )
        types = frozenset(self.crosswalk.get(TYPES, uid) for uid in self.types)
        attributes = {uid: self.facts.list_attributes(uid, programs) for uid in types}
        object.__setattr__(self, "chosen_programs", programs)
        object.__setattr__(self, "chosen_stages", stages)
        object.__setattr__(self, "chosen_types", types)
        object.__setattr__(self, "_attributes", attributes)

    @property
    def destination_programs(self) -> tuple[str, ...]:
        """The pair's programs that the destination has, by its UIDs."""
        return tuple(sorted(self.chosen_programs & self.facts.programs.keys()))

    @property
    def destination_types(self) -> tuple[str, ...]:
        """The pair's tracked entity types that the destination has, by its UIDs."""
        return tuple(sorted(self.chosen_types & self.facts.types.keys()))

    def stages_asked(self, program: str) -> tuple[str, ...]:
        """The stages to ask the source for, by its UIDs; ("",) for all of the program at once."""
        return self._list_stages(program) if self._is_narrowed(program) else ("",)

    def programs_of(self, type_: str) -> tuple[str, ...]:
        """The pair's programs with entities of a type; both by the source's UIDs."""
        return tuple(uid for uid, one in self.programs.items() if one.tracked_entity_type == type_)

    def list_attributes(self, type_: str) -> frozenset[str]:
        """Attributes that an entity of a type in scope can show at the destination; its UIDs."""
        return self._attributes.get(type_, frozenset())

    def _is_narrowed(self, program: str) -> bool:
        return any(stage.id in self.stages for stage in self.programs[program].stages)

    def _list_stages(self, program: str) -> tuple[str, ...]:
        stages = (stage.id for stage in self.programs[program].stages)
        if not self._is_narrowed(program):
            return tuple(stages)
        return tuple(uid for uid in stages if uid in self.stages)


def read_scope(
    source: DHIS2Client,
    destination: DHIS2Client,
    choices: TrackerChoices,
    is_registration: bool,
    stop: Event | None = None,
) -> Scope:
    """Ask both servers. ConfigurationError names a program, stage or org unit that the source
    lacks, and the key of the pair's settings.

    ``is_registration``: whether tracked entities are moved, or events of programs without.
    """
    stop = stop or Event()
    theirs, (facts, units) = ask_both(
        lambda: read_source(source, choices, is_registration),
        lambda: _read_facts(destination, choices),
        stop,
    )
    strange = find_strange_classes(theirs, facts)
    crosswalk, doubts = learn_identities(source, destination, choices, strange, stop)
    if STAGES in strange and "name" in choices.match_by:
        crosswalk = match_stages(theirs.programs.values(), facts.programs, crosswalk)
    inside = theirs.units_in_scope
    return Scope(
        is_registration=is_registration,
        programs=theirs.programs,
        types=theirs.types,
        stages=theirs.stages,
        is_narrow=theirs.is_narrow,
        source_roots=theirs.roots,
        destination_roots=_find_roots_there(theirs.roots, units, facts, crosswalk),
        org_units=None
        if inside is None
        else frozenset(crosswalk.get(ORG_UNITS, uid) for uid in inside),
        crosswalk=crosswalk,
        doubts=doubts,
        facts=_keep_org_units_of(facts, (crosswalk.get(PROGRAMS, uid) for uid in theirs.programs)),
        users=Users(lambda: destination.list_identities("users", choices.page_size)),
    )


def find_strange_classes(theirs: SourceSide, facts: Facts) -> frozenset[str]:
    """The classes of which the source uses an object that the destination does not know."""
    known = {
        PROGRAMS: facts.programs.keys(),
        STAGES: facts.stages.keys(),
        TYPES: facts.types.keys(),
        ATTRIBUTES: facts.attributes.keys(),
        DATA_ELEMENTS: facts.elements.keys(),
        ORG_UNITS: facts.org_units,
        OPTION_COMBOS: facts.all_option_combos,
        RELATIONSHIP_TYPES: facts.relationship_types.keys(),
    }
    return frozenset(plural for plural, used in theirs.used.items() if used - known[plural])


def _read_facts(
    destination: DHIS2Client, choices: TrackerChoices
) -> tuple[Facts, dict[str, OrgUnit]]:
    size = choices.page_size
    units = {unit.id: unit for unit in destination.list_org_units(size)}
    account = [unit.id for unit in destination.get_me().org_units]
    facts = Facts(
        programs={one.id: one for one in destination.list_programs()},
        types=_index_types(destination.list_tracked_entity_types(size)),
        elements={one.id: one for one in destination.list_typed(DATA_ELEMENTS, size)},
        attributes={one.id: one for one in destination.list_typed(ATTRIBUTES, size)},
        option_codes=destination.list_option_codes(size),
        relationship_types={one.id: one for one in destination.list_relationship_types(size)},
        option_combos=by_combo(destination.list_category_combos(size)),
        org_units=frozenset(units),
        writable=frozenset(list_units_below(units.values(), account, None)),
    )
    return facts, units


def _index_types(types: Iterable[TrackedEntityType]) -> dict[str, TrackedEntityType]:
    return {one.id: one for one in types}


def _keep_org_units_of(facts: Facts, programs: Iterable[str]) -> Facts:
    """Assigned org units are needed of the pair's programs only; in a country they are many."""
    kept = frozenset(programs)
    return replace(
        facts,
        programs={
            uid: one if uid in kept else replace(one, org_units=frozenset())
            for uid, one in facts.programs.items()
        },
    )


def _find_roots_there(
    roots: Sequence[str], units: Mapping[str, OrgUnit], facts: Facts, crosswalk: Crosswalk
) -> tuple[str, ...]:
    """Where to ask the destination. What its account may not write to it is not asked for: up to
    2.43 that is an error, and nothing of ours can be there."""
    if tuple(roots) == EVERYWHERE:
        return EVERYWHERE
    there = [crosswalk.get(ORG_UNITS, root) for root in roots]
    below = list_units_below(units.values(), there, None)
    return find_covering_roots({uid: one for uid, one in below.items() if uid in facts.writable})
