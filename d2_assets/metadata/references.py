"""Which objects an object refers to, and the same object with other UIDs.

A server's schemas say which members are references and which are parts with members of their own.
What no schema describes (data dimension items, query criteria) is known by its members' names.
Texts that hold UIDs are the business of ``expressions``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from d2_assets.dhis2.schemas import Property, Schema, Schemas
from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.metadata.objects import Body

_USERS = "users"
_GROUPS = "userGroups"
_UNITS = "organisationUnits"

#: Who made, changed and owns an object: members of every class.
_PEOPLE = frozenset({"createdBy", "lastUpdatedBy", "user"})
#: Who may see an object, as the servers before 2.41 say it beside ``sharing``.
_ACCESSES = {"userAccesses": (_USERS, "userUid"), "userGroupAccesses": (_GROUPS, "userGroupUid")}
#: Members that hold no reference, whatever their own members are called. ``styleDataItem`` is a
#: note of the maps app, which the server does not read.
_PLAIN = frozenset({"translations", "access", "period", "periods", "geometry", "styleDataItem"})
#: What holds no members of its own, as JSON is read (a bool is an int).
_SCALARS = (str, int, float, Decimal)
#: Blocks that no schema lists and that servers up to 2.40 send all the same.
_UNLISTED = frozenset({"userCredentials"})
#: What a member refers to where its name alone does not say it.
_ALIASES = {
    "userInfo": _USERS,
    "programAttribute.attribute": "trackedEntityAttributes",
    "legend.set": "legendSets",
}
#: Texts that are a UID and that the server looks up as a reference.
_TEXTS = {
    ("eventFilters", "program"): "programs",
    ("eventFilters", "programStage"): "programStages",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: ``path`` from the object ("dataSetElements[3].dataElement"), ``property`` its
    first member, ``plural`` and ``id`` of what is referred to.

    ``is_principal``: a user or group as author or in sharing, not as content.
    """

    path: str
    property: str
    plural: str
    id: str
    is_required: bool = False
    is_principal: bool = False


def iterate_references(body: Body, plural: str, schemas: Schemas) -> Iterator[Reference]:
    """Every reference of an object of the class, those of its parts among them."""
    found: list[Reference] = []

    def note(reference: Reference) -> str:
        found.append(reference)
        return reference.id

    _Walk(schemas, note).visit_object(body, plural)
    return iter(found)


def rewrite_references(body: Body, plural: str, schemas: Schemas, crosswalk: Crosswalk) -> Body:
    """The object with the destination's UIDs in all references, its own id, and its path."""

    def exchange(reference: Reference) -> str:
        return crosswalk.get(reference.plural, reference.id)

    rewritten = _Walk(schemas, exchange).visit_object(body, plural)
    changed = {"id": crosswalk.get(plural, body["id"])} if "id" in body else {}
    if plural == _UNITS and isinstance(path := body.get("path"), str):
        changed["path"] = "/".join(crosswalk.get(_UNITS, uid) for uid in path.split("/"))
    return {**rewritten, **changed}


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the walk is. ``name`` is the nearest member's name, without its place in a list."""

    path: str = ""
    top: str = ""
    name: str = ""

    def enter(self, name: str) -> "_Spot":
        path = f"{self.path}.{name}" if self.path else name
        return _Spot(path, self.top or name, name)

    def item(self, place: int) -> "_Spot":
        return _Spot(f"{self.path}[{place}]", self.top, self.name)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk through a body. ``visit`` gives the UID that takes a reference's place; what does not
    change is given back as it is, and nothing is changed in place."""

    schemas: Schemas
    visit: Callable[[Reference], str]

    def visit_object(self, body: Body, plural: str) -> Body:
        texts = {name: target for (owner, name), target in _TEXTS.items() if owner == plural}
        schema = self.schemas.get(plural)
        return self._each(body, lambda name, value: self._object(name, value, schema, texts))

    def _object(
        self, name: str, value: Any, schema: Schema | None, texts: Mapping[str, str]
    ) -> Any:
        if name in texts and isinstance(value, str):
            return self.visit(Reference(name, name, texts[name], value, is_required=True))
        return self._member(_Spot(), name, value, schema)

    def _part(self, spot: _Spot, part: Any, schema: Schema | None) -> Any:
        if not isinstance(part, Mapping):
            return part
        return self._each(part, lambda name, value: self._member(spot, name, value, schema))

    def _member(self, above: _Spot, name: str, value: Any, schema: Schema | None) -> Any:
        # Most members are plain: nothing is built for them.
        if not value or isinstance(value, _SCALARS) or name in _PLAIN:
            return value
        spot = above.enter(name)
        if spot.name == "sharing" and isinstance(value, Mapping):
            return self._sharing(spot, value)
        if spot.name == "attributeValues":
            return self._attribute_values(spot, value)
        if spot.name in _PEOPLE:
            return self._refer(spot, value, _USERS, is_principal=True)
        if spot.name in _ACCESSES and isinstance(value, list):
            return self._items(spot, value, self._access)
        about = schema.properties.get(spot.name) if schema else None
        if about is not None:
            return self._described(spot, value, about)
        if schema is None or spot.name in _UNLISTED:
            return self._named(spot, value)
        return value

    def _described(self, spot: _Spot, value: Any, about: Property) -> Any:
        """A member that a schema describes."""
        target = self.schemas.find_klass(about.target)
        if about.is_reference:
            if target is None:
                return value
            if not target.is_embedded:
                return self._refer(spot, value, target.plural, is_required=about.is_required)
        is_part = target is not None and target.is_embedded and bool(target.properties)
        return self._parts(spot, value, target if is_part else None)

    def _named(self, spot: _Spot, value: Any) -> Any:
        """A member that no schema describes: what it is, its name tells."""
        target = self.schemas.find_name(self._find_alias(spot) or spot.name)
        if target is not None and not target.is_embedded:
            return self._refer(spot, value, target.plural)
        return self._parts(spot, value, target if target and target.properties else None)

    def _find_alias(self, spot: _Spot) -> str | None:
        above = ".".join(step.partition("[")[0] for step in spot.path.split(".")[-2:])
        return _ALIASES.get(above) or _ALIASES.get(spot.name)

    def _parts(self, spot: _Spot, value: Any, schema: Schema | None) -> Any:
        if isinstance(value, list):
            return self._items(spot, value, lambda one, part: self._part(one, part, schema))
        return self._part(spot, value, schema)

    def _refer(
        self,
        spot: _Spot,
        value: Any,
        plural: str,
        *,
        is_required: bool = False,
        is_principal: bool = False,
    ) -> Any:
        def refer(one: _Spot, item: Any) -> Any:
            if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
                return item
            uid = self.visit(
                Reference(one.path, one.top, plural, item["id"], is_required, is_principal)
            )
            return item if uid == item["id"] else {**item, "id": uid}

        if isinstance(value, list):
            return self._items(spot, value, refer)
        return refer(spot, value)

    def _access(self, spot: _Spot, item: Any) -> Any:
        """``{"id": …, "userUid": …}``: both name the same user."""
        plural, twin = _ACCESSES[spot.name]
        changed = self._refer(spot, item, plural, is_principal=True)
        if changed is item or twin not in item:
            return changed
        return {**changed, twin: changed["id"]}

    def _attribute_values(self, spot: _Spot, value: Any) -> Any:
        """A list of attribute and value, or values by the attribute's UID."""
        if isinstance(value, Mapping):
            return self._keyed(spot, value, "attributes", is_principal=False)
        return self._items(
            spot,
            value,
            lambda one, part: self._each(
                part,
                lambda name, item: (
                    self._refer(one.enter(name), item, "attributes")
                    if name == "attribute"
                    else item
                ),
            ),
        )

    def _sharing(self, spot: _Spot, sharing: Mapping[str, Any]) -> Any:
        def share(name: str, value: Any) -> Any:
            one = spot.enter(name)
            if name == "owner" and isinstance(value, str):
                return self.visit(Reference(one.path, one.top, _USERS, value, is_principal=True))
            if name in (_USERS, _GROUPS) and isinstance(value, Mapping):
                return self._keyed(one, value, name, is_principal=True)
            return value

        return self._each(sharing, share)

    def _keyed(
        self, spot: _Spot, value: Mapping[str, Any], plural: str, *, is_principal: bool
    ) -> Any:
        """Things by the UID of what they belong to, which they may name inside, too."""
        rewritten: dict[str, Any] = {}
        for uid, item in value.items():
            path = f"{spot.path}.{uid}"
            new = self.visit(Reference(path, spot.top, plural, uid, is_principal=is_principal))
            names_it = isinstance(item, Mapping) and item.get("id") == uid
            rewritten[new] = {**item, "id": new} if names_it and new != uid else item
        return value if list(rewritten) == list(value) else rewritten

    def _items(self, spot: _Spot, value: list[Any], change: Callable[[_Spot, Any], Any]) -> Any:
        changed = [change(spot.item(place), item) for place, item in enumerate(value)]
        same = all(new is old for new, old in zip(changed, value, strict=True))
        return value if same else changed

    def _each(self, part: Any, change: Callable[[str, Any], Any]) -> Any:
        if not isinstance(part, Mapping):
            return part
        changed = {name: change(name, value) for name, value in part.items()}
        same = all(changed[name] is value for name, value in part.items())
        return part if same else changed
