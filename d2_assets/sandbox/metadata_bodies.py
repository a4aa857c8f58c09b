"""What a server keeps of a body that is imported: its own members, defaults, stamps.

Booleans and lists that are left out come back as false and empty [seen: always there in lists];
members that are unknown, derived or null are dropped; references keep their UID alone.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.metadata_checks import ENUM_DEFAULTS, WITH_DEFAULT
from d2_assets.sandbox.metadata_references import (
    PRINCIPALS,
    STORED_AS,
    drop_references,
    drop_unknown_items,
    find_part,
    is_reference,
)
from d2_assets.sandbox.metadata_requests import Item, MetadataOptions
from d2_assets.sandbox.schema_table import Property, Schema, read_schemas
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.versions import VersionFacts

Body = dict[str, Any]

#: Enums that are never empty, beside those that are required [seen in lists].
_USUAL: Mapping[str, Mapping[str, str]] = {
    "programs": {"accessLevel": "OPEN"},
    "programStages": {"validationStrategy": "ON_COMPLETE"},
    "validationRules": {"importance": "MEDIUM"},
    "trackedEntityTypes": {"featureType": "NONE"},
    "dataEntryForms": {"style": "NORMAL"},
    "programIndicators": {"aggregationType": "AVERAGE"},
    "visualizations": {
        "digitGroupSeparator": "SPACE",
        "displayDensity": "NORMAL",
        "fontSize": "NORMAL",
        "hideEmptyRowItems": "NONE",
        "numberType": "VALUE",
        "regressionType": "NONE",
    },
    "eventVisualizations": {
        "dataType": "AGGREGATED_VALUES",
        "digitGroupSeparator": "SPACE",
        "displayDensity": "NORMAL",
        "fontSize": "NORMAL",
        "outputType": "EVENT",
    },
}
#: Where the UIDs of referenced objects stand alone.
_NAMED = frozenset({"id"})


class Shaper:
    """Makes stored bodies for one import."""

    def __init__(
        self,
        store: Store,
        facts: VersionFacts,
        options: MetadataOptions,
        author: Body,
        now: str,
        random: Random,
    ) -> None:
        self._store = store
        self._facts = facts
        self._options = options
        self._author = author
        self._now = now
        self._random = random
        self._schemas = read_schemas(facts.line)

    def shape(self, item: Item, is_known: Any) -> Body:
        """The body as it is stored."""
        schema, old = item.schema, item.existing
        body = self._keep_own(schema, item.body)
        if self._options.merges and old is not None:
            body = {**old, **_only_said(schema, body)}
        elif old is not None and ("sharing" not in body or self._options.skips_sharing):
            body |= {name: old[name] for name in ("sharing",) if name in old}
        if item.missing:
            body = self._drop_missing(item, body)
        body = drop_unknown_items(body, is_known)
        self._fill(schema, body)
        self._stamp(item, body, is_known)
        if schema.plural in STORED_AS:
            body["legacy"] = True
        return {"id": item.uid} | body

    def _keep_own(self, schema: Schema, sent: Body) -> Body:
        kept: Body = {}
        for name, value in sent.items():
            one = schema.properties.get(name)
            if one is None or value is None or not one.is_owned or name in PRINCIPALS:
                continue
            kept[name] = self._keep_value(one, value, schema)
        return kept

    def _keep_value(self, one: Property, value: Any, owner: Schema) -> Any:
        if is_reference(one, self._schemas.by_klass.get(one.target)):
            return _refer_all(value)
        part = find_part(one, self._schemas)
        if part is None or not isinstance(value, dict | list):
            return value
        if isinstance(value, list):
            return [self._keep_part(part, item, owner) for item in value if isinstance(item, dict)]
        return self._keep_part(part, value, owner)

    def _keep_part(self, part: Schema, sent: Body, owner: Schema) -> Body:
        kept = self._keep_own(part, sent)
        for name, one in part.properties.items():
            if name in kept:
                continue
            if one.kind == "BOOLEAN":
                kept[name] = False
            elif one.is_collection:
                kept[name] = []
        if part.is_identifiable and "id" in part.properties:
            kept["id"] = str(sent.get("id") or generate_uid(self._random))
            stamps = {"created": sent.get("created") or self._now, "lastUpdated": self._now}
            kept |= {name: stamp for name, stamp in stamps.items() if name in part.properties}
        return kept

    def _drop_missing(self, item: Item, body: Body) -> Body:
        missing = frozenset(item.missing)
        cut = drop_references(self._facts.line, item.schema, body, missing)
        if isinstance(cut.get("attributeValues"), list):
            cut["attributeValues"] = [
                value
                for value in cut["attributeValues"]
                if ("attributes", str(value.get("attribute", {}).get("id"))) not in missing
            ]
        return cut

    def _fill(self, schema: Schema, body: Body) -> None:
        plural = STORED_AS.get(schema.plural, schema.plural)
        for name, one in schema.properties.items():
            if name in body or not one.is_owned:
                continue
            klass = one.target.rpartition(".")[2]
            if one.kind == "BOOLEAN":
                body[name] = False
            elif name in ("translations", "attributeValues") or one.is_collection:
                body[name] = []
            elif one.is_required and klass in WITH_DEFAULT:
                body[name] = {"id": WITH_DEFAULT[klass]}
            elif (schema.plural, name) in ENUM_DEFAULTS:
                body[name] = ENUM_DEFAULTS[schema.plural, name]
            elif one.is_required and one.kind in ("INTEGER", "NUMBER"):
                body[name] = 0
            elif name in _USUAL.get(plural, ()):
                body[name] = _USUAL[plural][name]

    def _stamp(self, item: Item, body: Body, is_known: Any) -> None:
        names = item.schema.properties
        old = item.existing or {}
        created = old.get("created") or item.body.get("created") or self._now
        body |= {"created": created, "lastUpdated": self._now}
        if "createdBy" in names:
            author = item.body.get("createdBy") or {}
            is_there = isinstance(author, dict) and is_known("users", str(author.get("id", "")))
            body["createdBy"] = old.get("createdBy") or (
                self._name_user(author) if is_there else self._author
            )
        if "lastUpdatedBy" in names:
            body["lastUpdatedBy"] = self._author
        if "sharing" in names:
            body["sharing"] = self._share(body.get("sharing"), body.get("createdBy"))

    def _name_user(self, author: Body) -> Body:
        user = self._store.get_object("users", author["id"]) or {}
        known = {name: user[name] for name in ("id", "username", "name") if name in user}
        return known or {"id": author["id"]}

    def _share(self, sharing: Any, author: Any) -> Body:
        """Sharing as it is kept; unknown users stay in it [seen: reported and stored]."""
        given = dict(sharing) if isinstance(sharing, dict) else {}
        owner = (author or self._author).get("id")
        kept = {
            "owner": given.get("owner") or owner,
            "users": given.get("users") or {},
            "userGroups": given.get("userGroups") or {},
            "public": given.get("public") or ("rw------" if not given else "--------"),
        }
        if self._facts.sharing_external:
            kept["external"] = bool(given.get("external", False))
        return kept


def _refer_all(value: Any) -> Any:
    if isinstance(value, list):
        return [_refer_all(item) for item in value]
    if isinstance(value, dict) and "id" in value:
        return {"id": value["id"]}
    return value


def _only_said(schema: Schema, body: Body) -> Body:
    """The members that MERGE takes over: empty lists say nothing, booleans are false [seen]."""
    said = {name: value for name, value in body.items() if value not in ([], {})}
    unsaid = {
        name: False
        for name, one in schema.properties.items()
        if one.kind == "BOOLEAN" and one.is_owned and name not in said
    }
    return said | unsaid
