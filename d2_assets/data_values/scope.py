"""What a pair moves, as its two servers know it: data sets, org units, combos, and how to ask.

Reads go by subtree (``children=true``). With a pull level they are split by the org units of
that level, and the units above it are asked for on their own: values are entered there too.
An org unit that the destination lacks must not be asked for there: up to 2.42 that is a 409.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from d2_assets.both_sides import ask_both
from d2_assets.data_values.choices import Choices
from d2_assets.data_values.identities import (
    Identities,
    find_strange_classes,
    is_marked,
    translate_data_sets,
    translate_units,
)
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import DataSet, OrgUnit
from d2_assets.errors import ConfigurationError
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk
from d2_assets.mapping.hierarchy import (
    find_covering_roots,
    find_roots,
    find_visible_roots,
    list_units_below,
    narrow_roots,
)

#: Org units named in one request: keeps the URL well below 8 kB.
_UNITS_A_REQUEST = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """One part of the hierarchy to read: these units, with or without all below them."""

    org_units: tuple[str, ...]
    children: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Both servers' view of what the pair moves.

    All UIDs are the destination's where ``crosswalk`` knows that they differ; ``source_cuts`` and
    ``source_data_sets`` are the source's own, to ask it by. ``doubts``: words for the UIDs that
    stand for nothing there, since they could be more than one thing. ``agrees_by_source``: what
    both ends share is noted by the source's UIDs; it is so at one end only, whoever is the source.

    ``data_sets``: the source's, chosen by the pair, by id. ``left_out``: those of the
    source's others that share a data element with one of them.
    ``source_units``: the units below the roots, down to the deepest level. ``writable``: the
    destination's units that its account may write to. ``option_combos``: the destination's, by
    category combo. ``strict_keys``: whether the destination refuses a whole request for an option
    combo outside the element's or data set's combo, or a period before a unit opened, as 2.43
    does; older ones take both. ``requires_value``: whether it refuses a comment without a value.
    """

    data_sets: Mapping[str, DataSet]
    left_out: Mapping[str, DataSet]
    destination_data_sets: Mapping[str, DataSet]
    source_units: Mapping[str, OrgUnit]
    destination_units: Mapping[str, OrgUnit]
    writable: frozenset[str]
    option_combos: Mapping[str, frozenset[str]]
    source_cuts: tuple[Cut, ...]
    destination_cuts: tuple[Cut, ...]
    strict_keys: bool
    requires_value: bool
    crosswalk: Crosswalk = NO_CROSSWALK
    doubts: Mapping[str, str] = field(default_factory=dict)
    agrees_by_source: bool = False

    @property
    def source_data_sets(self) -> tuple[str, ...]:
        """The pair's data sets as the source knows them."""
        return tuple(self.crosswalk.back("dataSets", uid) for uid in self.data_sets)

    @property
    def shared_data_sets(self) -> tuple[str, ...]:
        """The pair's data sets that the destination has."""
        return tuple(uid for uid in self.data_sets if uid in self.destination_data_sets)

    def takes_attribute(self, option_combo: str, category_combo: str) -> bool:
        """Whether the destination takes an attribute option combo for a data set's combo."""
        if self.strict_keys:
            return option_combo in self.option_combos.get(category_combo, ())
        return any(option_combo in options for options in self.option_combos.values())


@dataclass(frozen=True, slots=True)
class SourceSide:
    """All data sets of the source, those that the pair moves, and the units it moves."""

    known: Mapping[str, DataSet]
    chosen: Mapping[str, DataSet]
    roots: tuple[str, ...]
    units: Mapping[str, OrgUnit]


@dataclass(frozen=True, slots=True)
class _DestinationSide:
    """All units of the destination, those that its account may write to, and its combos."""

    units: Mapping[str, OrgUnit]
    writable: Mapping[str, OrgUnit]
    option_combos: Mapping[str, frozenset[str]]


def read_scope(
    source: DHIS2Client,
    destination: DHIS2Client,
    choices: Choices,
    stop: Event | None = None,
    identities: Identities | None = None,
) -> Scope:
    """Ask both servers. ConfigurationError names a data set or org unit that the source lacks.

    ``stop`` ends it where it waits before asking again. ``identities`` is where the crosswalk of
    this piece of work is learnt.
    """
    stop = stop or Event()
    identities = identities or Identities(source, destination, choices, stop)
    theirs, ours = ask_both(
        lambda: read_source(source, choices),
        lambda: _read_destination(destination, choices),
        stop,
    )
    left_out, assigned = ask_both(
        lambda: _read_relatives(source, theirs.known, theirs.chosen),
        lambda: destination.list_assigned_data_sets(list(theirs.chosen)),
        stop,
    )
    of_destination = {item.id: item for item in assigned}
    cuts = split_reads(theirs.units, theirs.roots, choices.pull_level)
    crosswalk = identities.learn(
        find_strange_classes(theirs.chosen, theirs.units, of_destination, ours.units)
    )
    if crosswalk.rows:
        theirs = replace(
            theirs,
            chosen=translate_data_sets(theirs.chosen, crosswalk),
            units=translate_units(theirs.units, crosswalk),
        )
        left_out = translate_data_sets(left_out, crosswalk)
        others = [uid for uid in theirs.chosen if uid not in of_destination and not is_marked(uid)]
        of_destination |= {item.id: item for item in destination.list_assigned_data_sets(others)}
    # What the account may not write to it may not read either (E2012): it is not asked for.
    shared = {uid: ours.writable[uid] for uid in theirs.units if uid in ours.writable}
    return Scope(
        data_sets=theirs.chosen,
        left_out=left_out,
        destination_data_sets={
            uid: of_destination[uid] for uid in theirs.chosen if uid in of_destination
        },
        source_units=theirs.units,
        destination_units=ours.units,
        writable=frozenset(ours.writable),
        option_combos=ours.option_combos,
        source_cuts=cuts,
        destination_cuts=split_reads(shared, find_covering_roots(shared), choices.pull_level),
        strict_keys=destination.dialect.refuses_whole_group,
        requires_value=destination.dialect.requires_value,
        crosswalk=crosswalk,
        doubts=identities.doubts,
        agrees_by_source=source.name < destination.name,
    )


def read_source(source: DHIS2Client, choices: Choices) -> SourceSide:
    """The source's side alone, by its own UIDs; errors as in ``read_scope``."""
    known = {item.id: item for item in source.list_data_sets(choices.page_size)}
    chosen = _choose_data_sets(known, choices.data_sets, source.name)
    units = {unit.id: unit for unit in source.list_org_units(choices.page_size)}
    roots = find_roots(units, choices.org_units or find_visible_roots(source), source.name)
    roots = narrow_roots(units, roots, choices.within, source.name)
    inside = list_units_below(units.values(), roots, choices.deepest_level)
    if not inside:
        raise ConfigurationError(
            f"All organisation units of the pair ({', '.join(roots)}) lie below "
            f"deepest_level {choices.deepest_level}.",
            remedy="Raise filters.deepest_level of the pair, or choose units above it.",
            key="filters.deepest_level",
        )
    return SourceSide(known, chosen, roots, inside)


def _read_destination(destination: DHIS2Client, choices: Choices) -> _DestinationSide:
    units = {unit.id: unit for unit in destination.list_org_units(choices.page_size)}
    account = [unit.id for unit in destination.get_me().org_units]
    combos = destination.list_category_combos(choices.page_size)
    return _DestinationSide(
        units,
        list_units_below(units.values(), account, None),
        {combo.id: combo.option_combos for combo in combos},
    )


def _choose_data_sets(
    known: Mapping[str, DataSet], wanted: Sequence[str], server: str
) -> dict[str, DataSet]:
    if not known:
        raise ConfigurationError(
            f"{server} shows the account no data set at all.",
            remedy="Share the data sets with the account there: data can view.",
        )
    missing = [uid for uid in wanted if uid not in known]
    if missing:
        raise ConfigurationError(
            f"{server} has no data set {', '.join(missing)}, or its account may not read it.",
            remedy="Mend filters.data_sets of the pair, or what was chosen at launch, or share the "
            "data set with the account.",
            key="filters.data_sets",
        )
    return {uid: known[uid] for uid in (wanted or sorted(known))}


def _read_relatives(
    source: DHIS2Client, known: Mapping[str, DataSet], chosen: Mapping[str, DataSet]
) -> dict[str, DataSet]:
    """Data sets that the pair leaves out and whose values come along all the same: a data set is
    read by its data elements, and they may be in others for other facilities or periods."""
    wanted = {element.data_element for item in chosen.values() for element in item.elements}
    relatives = [
        item.id
        for item in known.values()
        if item.id not in chosen
        and not wanted.isdisjoint(element.data_element for element in item.elements)
    ]
    return {item.id: item for item in source.list_assigned_data_sets(relatives)}


def split_reads(
    units: Mapping[str, OrgUnit], roots: Sequence[str], pull_level: int | None
) -> tuple[Cut, ...]:
    """How to ask for the values of all ``units``: each unit is covered by exactly one cut."""
    if pull_level is None:
        return _cuts(roots, children=True)
    below = {uid: unit for uid, unit in units.items() if unit.level >= pull_level}
    tops = find_covering_roots(below)
    above = [uid for uid in units if uid not in below]
    return tuple(Cut((uid,), children=True) for uid in tops) + _cuts(above, children=False)


def _cuts(org_units: Sequence[str], *, children: bool) -> tuple[Cut, ...]:
    return tuple(
        Cut(tuple(org_units[start : start + _UNITS_A_REQUEST]), children)
        for start in range(0, len(org_units), _UNITS_A_REQUEST)
    )
