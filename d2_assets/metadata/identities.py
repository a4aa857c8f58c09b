"""Which object of the destination each object of the source is, in and around a family.

A family's own objects are known by their bodies; of classes that it only refers to, just UID, code
and name are read, and only of those that are really referred to. Matching is done anew in every
run from what both servers hold now.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata_objects import (
    Identity,
    OptionCombo,
    parse_identity,
    parse_option_combo,
)
from d2_assets.dhis2.schemas import Schemas
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk, join_crosswalks
from d2_assets.mapping.matching import Ambiguity, By, Matched, match_identities
from d2_assets.mapping.option_combos import match_option_combos
from d2_assets.metadata.event_visualizations import CHARTS, EVENT_VISUALIZATIONS, REPORTS
from d2_assets.metadata.expressions import iterate_candidates
from d2_assets.metadata.extract import choose_classes
from d2_assets.metadata.objects import Key, MetadataObject, Refusal
from d2_assets.metadata.option_combos import COMBOS, OPTION_COMBOS
from d2_assets.metadata.readback import IDS_A_REQUEST
from d2_assets.metadata.references import iterate_references

AMBIGUOUS = "ambiguous_match"
_CATEGORY_OPTIONS = "categoryOptions"
_OPTIONS = "options"
_OPTION_SETS = "optionSets"
_USERS = "users"
_LEVELS = "organisationUnitLevels"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What identifies the objects of one server, by class; option combos by their options."""

    identities: Mapping[str, Sequence[Identity]] = field(default_factory=dict)
    option_combos: Sequence[OptionCombo] = ()

    def join(self, other: "Catalogue") -> "Catalogue":
        """Both together; of a class that both have the other one's counts."""
        return Catalogue(
            {**self.identities, **other.identities}, other.option_combos or self.option_combos
        )

    def lacks(self, other: "Catalogue", plural: str) -> bool:
        """Whether the other server lacks a UID of the class that this one has."""
        theirs = {one.id for one in self.identities.get(plural, ())}
        return not theirs <= {one.id for one in other.identities.get(plural, ())}

    @property
    def present(self) -> dict[str, Set[str]]:
        """UIDs by class."""
        found: dict[str, Set[str]] = {
            plural: {one.id for one in items} for plural, items in self.identities.items()
        }
        if self.option_combos:
            found[OPTION_COMBOS] = {one.id for one in self.option_combos}
        return found


@dataclass(frozen=True, slots=True)
class Matching:
    """The crosswalk, names at the source by class and UID at the destination, and the objects
    that could be more than one."""

    crosswalk: Crosswalk
    names: Mapping[Key, str]
    ambiguous: tuple[Refusal, ...] = ()


def catalogue_objects(objects: Iterable[MetadataObject]) -> Catalogue:
    """The catalogue of objects whose bodies were read."""
    identities: dict[str, list[Identity]] = {}
    option_combos: list[OptionCombo] = []
    for item in objects:
        if item.plural == OPTION_COMBOS:
            option_combos.append(parse_option_combo(item.body))
        else:
            identities.setdefault(item.plural, []).append(_identify(item))
    return Catalogue(identities, option_combos)


def _identify(item: MetadataObject) -> Identity:
    """What an object is known by. There is one org unit level of each number, whatever people
    call it: the number is its code."""
    identity = parse_identity(item.body)
    if item.plural == _LEVELS:
        return replace(identity, code=str(item.body.get("level") or ""))
    return identity


def read_catalogue(
    client: DHIS2Client, wanted: Mapping[str, Collection[str]], page_size: int
) -> Catalogue:
    """The catalogue of the UIDs by class, or of whole classes where no UIDs are named; a class
    that is unknown to the server is empty."""
    classes = dict(wanted)
    if OPTION_COMBOS in classes:
        classes |= {COMBOS: (), _CATEGORY_OPTIONS: ()}
    if _OPTIONS in classes and not classes[_OPTIONS]:  # some are known by their set and code
        classes |= {_OPTION_SETS: ()}
    identities: dict[str, list[Identity]] = {}
    for plural in choose_classes(client.schemas, sorted(classes.keys() - {OPTION_COMBOS})):
        uids = sorted(classes[plural])
        parts = [uids[at : at + IDS_A_REQUEST] for at in range(0, len(uids), IDS_A_REQUEST)]
        identities[plural] = [
            one for part in parts or [[]] for one in client.list_identities(plural, page_size, part)
        ]
    combos = client.list_option_combos(page_size) if OPTION_COMBOS in classes else ()
    return Catalogue(identities, combos)


def find_referenced(
    objects: Iterable[MetadataObject], schemas: Schemas, own: Set[str]
) -> dict[str, set[str]]:
    """UIDs by class, outside ``own``, that objects refer to in members or in expressions."""
    found: dict[str, set[str]] = {}
    for item in objects:
        keys = {(one.plural, one.id) for one in iterate_references(item.body, item.plural, schemas)}
        for plural, uid in keys.union(iterate_candidates(item.body, item.plural)):
            if plural not in own:
                found.setdefault(plural, set()).add(uid)
    return found


def match_catalogues(
    source: Catalogue,
    destination: Catalogue,
    schemas: Schemas,
    match_by: Sequence[By],
    explicit: Mapping[str, Mapping[str, str]],
) -> Matching:
    """Find for each object of the source which one of the destination it is."""

    def match(plural: str, theirs: Iterable[Identity], ours: Iterable[Identity]) -> Matched:
        by = _choose_by(plural, schemas, match_by)
        return match_identities(plural, theirs, ours, explicit=explicit.get(plural, {}), by=by)

    parts = {
        plural: match(plural, items, destination.identities.get(plural, ()))
        for plural, items in source.identities.items()
        if plural != _OPTIONS
    }
    sets = Crosswalk(parts[_OPTION_SETS].matches) if _OPTION_SETS in parts else NO_CROSSWALK
    parts[_OPTIONS] = match(
        _OPTIONS,
        _code_by_set(source.identities.get(_OPTIONS, ()), sets),
        _code_by_set(destination.identities.get(_OPTIONS, ()), NO_CROSSWALK),
    )
    crosswalk = join_crosswalks(Crosswalk(part.matches) for part in parts.values())
    combos = match_option_combos(
        source.option_combos, destination.option_combos, crosswalk, explicit.get(OPTION_COMBOS)
    )
    crosswalk = join_crosswalks([crosswalk, Crosswalk(combos.matches)])
    views = (
        replace(one, plural=view)
        for one in crosswalk
        if one.plural == EVENT_VISUALIZATIONS
        for view in (REPORTS, CHARTS)
    )
    crosswalk = join_crosswalks([crosswalk, Crosswalk(tuple(views))])
    names = {
        (plural, crosswalk.get(plural, one.id)): one.name or one.username or one.code
        for plural, items in source.identities.items()
        for one in items
    }
    names.update(
        ((OPTION_COMBOS, crosswalk.get(OPTION_COMBOS, one.id)), one.name)
        for one in source.option_combos
    )
    ambiguous = [*(one for part in parts.values() for one in part.ambiguous), *combos.ambiguous]
    return Matching(crosswalk, names, tuple(map(_refuse, ambiguous)))


def _code_by_set(options: Iterable[Identity], sets: Crosswalk) -> list[Identity]:
    """Options whose code says which set they are of, as the destination names it: many sets have
    a «YES», and the one of another set is another option."""
    return [
        replace(
            one,
            code=f"{one.code} ({sets.get(_OPTION_SETS, one.option_set)})"
            if one.code and one.option_set
            else "",
        )
        for one in options
    ]


def _choose_by(plural: str, schemas: Schemas, match_by: Sequence[By]) -> tuple[By, ...]:
    """Names count only where the destination keeps them unique; people by their user name."""
    if plural == _USERS:
        return ("uid", "username")
    schema = schemas.get(plural)
    name = schema.properties.get("name") if schema else None
    is_unique = name is not None and name.is_unique
    return tuple(by for by in match_by if by != "name" or is_unique)


def _refuse(one: Ambiguity) -> Refusal:
    return Refusal(one.plural, one.source, one.name, AMBIGUOUS, one.words)
