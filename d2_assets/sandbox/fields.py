"""DHIS2's ``fields``: ``id,name,parent[id,path]``, ``:owner``, ``!sharing``.

A field that the class does not know is left out without a word, so that asking for ``nosuch``
gives empty objects [seen].
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.schema_table import read_schemas
from d2_assets.sandbox.store import Store

PLURALS = frozenset({
    "aggregateDataExchanges", "attributes", "categories", "categoryCombos",
    "categoryOptionCombos", "categoryOptionGroups", "categoryOptionGroupSets",
    "categoryOptions", "constants", "dashboards", "dataApprovalLevels",
    "dataApprovalWorkflows", "dataElementGroups", "dataElementGroupSets", "dataElements",
    "dataEntryForms", "dataSetNotificationTemplates", "dataSets", "documents", "eventCharts",
    "eventReports", "eventVisualizations", "externalMapLayers", "indicatorGroups",
    "indicatorGroupSets", "indicators", "indicatorTypes", "legendSets", "maps", "mapViews",
    "optionGroups", "optionGroupSets", "options", "optionSets", "organisationUnitGroups",
    "organisationUnitGroupSets", "organisationUnitLevels", "organisationUnits",
    "predictorGroups", "predictors", "programDataElements", "programIndicatorGroups",
    "programIndicators", "programNotificationTemplates", "programRuleActions", "programRules",
    "programRuleVariables", "programs", "programSections", "programStages",
    "programStageSections", "relationshipTypes", "reports", "sections", "sqlViews",
    "trackedEntityAttributes", "trackedEntityTypes", "userGroups", "userRoles", "users",
    "validationRuleGroups", "validationRules", "visualizations",
})  # fmt: skip
_OWN = {"*", ":all", ":owner", ":persisted"}
_PRESETS = {
    ":identifiable": "id,name,code,created,lastUpdated,displayName",
    ":nameable": "id,name,shortName,description,code,created,lastUpdated,displayName",
    ":simple": "id,name,code,created,lastUpdated",
}


def find_singular(plural: str) -> str:
    """ "categories" -> "category"."""
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural[:-1]


_CLASS_OF_PROPERTY = {find_singular(plural): plural for plural in PLURALS} | {
    "parent": "organisationUnits",
    "children": "organisationUnits",
    "ancestors": "organisationUnits",
    "dataViewOrganisationUnits": "organisationUnits",
    "teiSearchOrganisationUnits": "organisationUnits",
    "createdBy": "users",
    "lastUpdatedBy": "users",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field, with the fields asked of what it refers to."""

    name: str
    children: tuple["Field", ...] = ()


def parse_fields(text: str) -> tuple[Field, ...]:
    """The tree of a ``fields`` parameter."""
    fields, _ = _parse(text, 0)
    return fields


def _parse(text: str, at: int) -> tuple[tuple[Field, ...], int]:
    fields: list[Field] = []
    name = ""
    while at < len(text) and text[at] != "]":
        if text[at] == "[":
            children, at = _parse(text, at + 1)
            fields.append(Field(name.strip(), children))
            name = ""
        elif text[at] == ",":
            fields += [Field(name.strip())] if name.strip() else []
            name = ""
        else:
            name += text[at]
        at += 1
    fields += [Field(name.strip())] if name.strip() else []
    expanded = [
        inner
        for field in fields
        for inner in (parse_fields(_PRESETS[field.name]) if field.name in _PRESETS else (field,))
    ]
    return tuple(expanded), at


class Projection:
    """Objects cut to the fields asked for, references followed, derived members computed."""

    def __init__(self, store: Store, account: Account, line: str) -> None:
        self._store = store
        self._account = account
        self._schemas = read_schemas(line)

    def project(self, plural: str, body: Mapping[str, Any], fields: Sequence[Field]) -> dict:
        """One object with the fields that it has."""
        excluded = {field.name[1:] for field in fields if field.name.startswith("!")}
        projected: dict[str, Any] = {}
        for field in fields:
            if field.name in _OWN:
                projected |= self._keep_own(plural, body) if field.name == ":owner" else body
            elif not field.name.startswith("!"):
                value = self.find_property(plural, body, field.name)
                if value is not None:
                    projected[field.name] = self._project_value(field, value)
        return {name: value for name, value in projected.items() if name not in excluded}

    def _keep_own(self, plural: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The members that the class owns; all of a class that is not known."""
        schema = self._schemas.get(plural)
        if schema is None or not schema.properties:
            return body
        return {name: value for name, value in body.items() if name in schema.properties}

    def _project_value(self, field: Field, value: Any) -> Any:
        if not field.children:
            return value
        if isinstance(value, list):
            return [self._project_value(field, item) for item in value]
        if not isinstance(value, Mapping):
            return value
        plural = find_class(field.name)
        return self.project(plural or "", self.follow(plural, value), field.children)

    def follow(self, plural: str | None, reference: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object behind a reference, or what stands there."""
        found = self._store.get_object(plural, reference.get("id", "")) if plural else None
        return {**reference, **found} if found else reference

    def find_property(self, plural: str, body: Mapping[str, Any], name: str) -> Any:
        """A stored or derived member; None when there is none."""
        if name in body:
            return body[name]
        derive = _DERIVED.get((plural, name)) or _DERIVED.get(("", name))
        return derive(self, body) if derive else None

    def knows_property(self, plural: str, name: str) -> bool:
        """Whether a class has a member of that name, as far as the stored objects tell."""
        schema = self._schemas.get(plural)
        return (
            name in _COMMON
            or (schema is not None and name in schema.properties)
            or (plural, name) in _DERIVED
            or ("", name) in _DERIVED
            or any(name in body for body in self._store.metadata(plural))
        )

    @cached_property
    def _children(self) -> Mapping[str, list[dict]]:
        return _group(self._store.metadata("organisationUnits"), "parent")

    @cached_property
    def _sections(self) -> Mapping[str, list[dict]]:
        return _group(self._store.metadata("sections"), "dataSet")

    @cached_property
    def _option_combos(self) -> Mapping[str, list[dict]]:
        return _group(self._store.metadata("categoryOptionCombos"), "categoryCombo")

    @cached_property
    def _set_elements(self) -> Mapping[str, list[dict]]:
        members: dict[str, list[dict]] = {}
        for data_set in self._store.metadata("dataSets"):
            for member in data_set.get("dataSetElements", []):
                members.setdefault(member["dataElement"]["id"], []).append(member)
        return members

    def _list_ancestors(self, body: Mapping[str, Any]) -> list[dict]:
        return [{"id": uid} for uid in body.get("path", "").split("/")[1:-1]]

    def _derive_access(self, body: Mapping[str, Any]) -> dict[str, Any]:
        sharing = body.get("sharing", {})
        read, write = (self._account.may(action, sharing) for action in ("read", "write"))
        return {
            "read": read,
            "update": write,
            "externalize": False,
            "delete": write,
            "write": write,
            "manage": write,
            "data": {
                "read": self._account.may("data_read", sharing),
                "write": self._account.may("data_write", sharing),
            },
        }


def find_class(name: str) -> str | None:
    """The class behind a member name: "categoryCombo" -> "categoryCombos"."""
    return name if name in PLURALS else _CLASS_OF_PROPERTY.get(name)


def _group(bodies: Sequence[Mapping[str, Any]], member: str) -> Mapping[str, list[dict]]:
    groups: dict[str, list[dict]] = {}
    for body in bodies:
        if member in body:
            groups.setdefault(body[member]["id"], []).append({"id": body["id"]})
    return groups


_COMMON = frozenset({"id", "name", "code", "shortName", "created", "lastUpdated", "level", "path"})
_DERIVED: Mapping[tuple[str, str], Callable[[Projection, Mapping[str, Any]], Any]] = {
    ("", "displayName"): lambda _, body: body.get("name"),
    ("", "displayShortName"): lambda _, body: body.get("shortName"),
    ("", "access"): Projection._derive_access,
    ("users", "name"): lambda _, body: f"{body.get('firstName')} {body.get('surname')}",
    ("organisationUnits", "children"): lambda all_, body: all_._children.get(body["id"], []),
    ("organisationUnits", "leaf"): lambda all_, body: body["id"] not in all_._children,
    ("organisationUnits", "ancestors"): Projection._list_ancestors,
    ("categoryCombos", "categoryOptionCombos"): lambda all_, body: all_._option_combos.get(
        body["id"], []
    ),
    ("dataSets", "sections"): lambda all_, body: all_._sections.get(body["id"], []),
    ("dataElements", "dataSetElements"): lambda all_, body: all_._set_elements.get(body["id"], []),
}
