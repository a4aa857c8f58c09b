"""Both sides of a family are read, side by side, and planned on."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from d2_assets.both_sides import ask_both, heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.echoes import load_echoes
from d2_assets.mapping.hierarchy import select_units
from d2_assets.metadata.clean import clean_objects
from d2_assets.metadata.compare import Comparison
from d2_assets.metadata.deletes import (
    find_destination_only,
    hold_brake,
    plan_deletes,
    spare_option_groups,
)
from d2_assets.metadata.event_visualizations import CHARTS, EVENT_VISUALIZATIONS, REPORTS
from d2_assets.metadata.extract import Side, choose_classes, load_side, stage_objects
from d2_assets.metadata.families import FAMILIES
from d2_assets.metadata.given import Given
from d2_assets.metadata.identities import (
    Catalogue,
    catalogue_objects,
    find_referenced,
    match_catalogues,
)
from d2_assets.metadata.line import plan_line
from d2_assets.metadata.objects import Key, MetadataObject
from d2_assets.metadata.own_account import find_own_account
from d2_assets.metadata.plan import Action, Plan
from d2_assets.metadata.policy import Principals, join_yielding
from d2_assets.metadata.system_settings import plan_settings, read_settings
from d2_assets.metadata.translate import Bridge, translate_objects
from d2_assets.sync.family import MetadataWork, NotCarried, PlannedFamily, Promised
from d2_assets.sync.family_counts import count_not_carried
from d2_assets.sync.lookup import look_up

#: The family that carries system settings and tells what is not carried.
_SYSTEM = "system"
_USERS = "users"
_GROUPS = "userGroups"
_NAMES_PEOPLE = frozenset(
    {"sharing", "user", "users", "userAccesses", "userGroupAccesses", "dashboardItems"}
)


@dataclass(frozen=True, slots=True)
class _Read:
    """One server as far as the family goes: its objects, and settings where they belong to it."""

    side: Side
    settings: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    not_carried: tuple[NotCarried, ...] = ()


class FamilyReader:
    """Reads and plans one piece of work; what both servers are asked is asked at the same time."""

    def __init__(
        self,
        work: MetadataWork,
        source: DHIS2Client,
        destination: DHIS2Client,
        promised: Promised,
    ) -> None:
        self._work = work
        self._source = source
        self._destination = destination
        self._promised = promised
        self._family = FAMILIES[work.family]

    def plan(self) -> PlannedFamily:
        """Read both sides and plan; nothing is sent."""
        work = self._work
        began = work.clock()
        theirs, ours = self._read_both()
        given = self._prepare(theirs.side, ours.side)
        plan = self._add_deletes(plan_line(given), given, theirs.side)
        settings = plan_settings(theirs.settings, ours.settings, work.choices)
        plan = replace(plan, planned=(*plan.planned, *settings))
        own = sum(len(theirs.side.of_class(plural)) for plural in self._family.classes)
        return PlannedFamily(
            work=work,
            source=self._source,
            destination=self._destination,
            plan=plan,
            read=own + len(settings) + plan.count(Action.DELETE),
            comparison=given.comparison,
            before=_stamps(plan, ours.side),
            not_carried=theirs.not_carried,
            seconds_reading=work.clock() - began,
        )

    def _read_both(self) -> tuple[_Read, _Read]:
        """Stage and load both; the meter counts classes."""
        work, folder = self._work, self._work.folder
        clients = {"source": self._source, "destination": self._destination}
        plurals = [*self._family.classes, *(plural for plural, _ in self._family.second_pass)]
        so_far: dict[str, tuple[int, int]] = dict.fromkeys(clients, (0, 0))

        def read(name: str) -> _Read:
            def note(classes: int, objects: int) -> None:
                so_far[name] = classes, objects
                heed(work.stop)

            client, path = clients[name], folder / f"{name}.parquet"
            wanted = choose_classes(client.schemas, plurals)
            stage_objects(client, wanted, work.choices.page_size, path, note)
            if self._family.name != _SYSTEM:
                return _Read(load_side(path))
            not_carried = count_not_carried(client) if name == "source" else ()
            return _Read(load_side(path), read_settings(client), not_carried)

        def report() -> None:
            classes, objects = map(sum, zip(*so_far.values(), strict=True))
            work.meter.add(classes, success=objects)

        work.meter.begin(f"reading {self._family.name}", 2 * len(set(plurals)))
        return ask_both(lambda: read("source"), lambda: read("destination"), work.stop, report)

    def _prepare(self, theirs: Side, ours: Side) -> Given:
        """Clean, translate and match the source's objects."""
        choices, schemas = self._work.choices, self._destination.schemas
        principals = self._read_principals(theirs, ours)
        cleaned = clean_objects(list(theirs), choices.policy, principals, self._read_units())
        bridge = Bridge(
            self._source.schemas, schemas, self._source.dialect, self._destination.dialect
        )
        translated = translate_objects(cleaned.objects, bridge)
        read = theirs.objects.keys() | ours.objects.keys() | set(self._family.classes)
        abroad, here = self._look_up(find_referenced(translated.objects, schemas, read))
        matching = match_catalogues(
            abroad.join(catalogue_objects(_as_translated(theirs, translated.objects))),
            here.join(catalogue_objects(ours)),
            schemas,
            choices.match_by,
            choices.explicit,
        )
        return Given(
            family=self._family,
            objects=translated.objects,
            destination=ours,
            matching=matching,
            around=here,
            schemas=schemas,
            comparison=Comparison(schemas, self._source.schemas, merge=choices.merge),
            choices=choices,
            refusals=(*cleaned.refusals, *translated.refusals),
            left_out=(*cleaned.left_out, *translated.left_out),
            adaptations=(*cleaned.adaptations, *translated.adaptations),
            yielding=join_yielding(cleaned, translated),
            echoes=load_echoes(self._work.home.echoes(self._work.asset, self._work.pair)),
            promised=self._promised.objects,
            later=_list_later(self._family.name),
            account=find_own_account(ours, self._destination.get_me().id),
            takes_option_combos_as_sets=self._destination.dialect.option_combos_as_full_set,
        )

    def _read_principals(self, theirs: Side, ours: Side) -> Principals:
        """Users and groups of both servers: who an object belongs to, and who may see it."""
        own = theirs.objects.keys() | ours.objects.keys() | set(self._family.classes)
        named = find_referenced(map(_only_people, theirs), self._source.schemas, own)
        abroad, here = self._look_up(
            {plural: uids for plural, uids in named.items() if plural in (_USERS, _GROUPS)}
        )
        abroad = abroad.join(_only_principals(theirs))
        here = here.join(_only_principals(ours))
        matches = match_catalogues(
            abroad,
            here,
            self._destination.schemas,
            self._work.choices.match_by,
            self._work.choices.explicit,
        ).crosswalk
        known = {_USERS: {}, _GROUPS: {}}
        for plural, uid in self._promised.objects:
            known.get(plural, {})[uid] = uid
        for one in matches:
            known[one.plural][one.source] = one.destination
        return Principals(
            users=known[_USERS],
            groups=known[_GROUPS],
            account=self._destination.get_me().id,
        )

    def _read_units(self) -> frozenset[str] | None:
        """The org units of the pair, where assignments are restricted to them."""
        choices = self._work.choices
        if choices.policy.assignments != "restrict":
            return None
        units = {one.id: one for one in self._source.list_org_units(choices.page_size)}
        return select_units(units, choices.org_units, choices.deepest_level)

    def _add_deletes(self, plan: Plan, given: Given, theirs: Side) -> Plan:
        """Objects that only the destination has: deleted by a pair that mirrors, else counted."""
        choices, crosswalk = given.choices, given.matching.crosswalk
        matched = {(one.plural, one.destination) for one in crosswalk}
        matched |= {item.key for item in theirs} | {one.destination_key for one in plan}
        only = find_destination_only(self._own(given.destination), matched, given.account)
        if not choices.mirrors:
            return replace(plan, destination_only=len(only))
        if not self._work.is_preview:
            hold_brake(only, self._own(given.destination), choices, self._family.title)
        going, told = spare_option_groups(only)
        return replace(
            plan,
            planned=(*plan.planned, *plan_deletes(going, given.schemas)),
            adaptations=(*plan.adaptations, *told),
            destination_only=len(told),
        )

    def _own(self, side: Side) -> Side:
        """The family's own objects, without those that the pair does not move at all."""
        moved = set(self._family.classes)
        if self._work.choices.policy.users == "leave_out":
            moved.discard(_USERS)
        views = moved & {REPORTS, CHARTS}
        whole = side.of_class(EVENT_VISUALIZATIONS)
        old = {
            plural: {u: body for u, body in side.of_class(plural).items() if u not in whole}
            for plural in views
        }
        return Side({plural: side.of_class(plural) for plural in moved - views} | old)

    def _look_up(self, wanted: Mapping[str, Set[str]]) -> tuple[Catalogue, Catalogue]:
        return look_up(self._source, self._destination, wanted, self._work.choices, self._work.stop)


def _only_people(item: MetadataObject) -> MetadataObject:
    """An object with just the members that name users and groups."""
    body = {name: value for name, value in item.body.items() if name in _NAMES_PEOPLE}
    return MetadataObject(item.plural, item.id, body)


def _only_principals(side: Side) -> Catalogue:
    return catalogue_objects(item for item in side if item.plural in (_USERS, _GROUPS))


def _stamps(plan: Plan, ours: Side) -> Mapping[Key, str]:
    """When objects that are to be updated were last stored: told apart from lost updates."""
    return {
        one.destination_key: str((ours.find(*one.destination_key) or {}).get("lastUpdated") or "")
        for one in plan
        if one.action == Action.UPDATE
    }


def _list_later(family: str) -> frozenset[tuple[str, str]]:
    """Members that families after this one set."""
    names = list(FAMILIES)
    after = names[names.index(family) + 1 :]
    return frozenset(member for name in after for member in FAMILIES[name].second_pass)


def _as_translated(theirs: Side, translated: Sequence[MetadataObject]) -> Iterator[MetadataObject]:
    """The source's objects, each once, under the class that it has at the destination."""
    yield from translated
    seen = {item.id for item in translated}
    yield from (item for item in theirs if item.id not in seen)
