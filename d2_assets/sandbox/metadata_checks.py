"""What a server checks of the objects of an import before it stores any, class by class.

The order is the server's: required members and lengths, form of the UID, unique members,
references. Each check that refuses an object counts it as ignored once more [seen: 2 for one].
"Required" is not enforced where Java has a default of its own: for booleans and numbers, for the
default category objects, for the enums named below [seen for zeroIsSignificant and categoryCombo].
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from d2_assets.sandbox.metadata_references import STORED_AS, iterate_references
from d2_assets.sandbox.metadata_reports import Complaint
from d2_assets.sandbox.metadata_requests import Item
from d2_assets.sandbox.schema_table import Property, Schema, read_schemas
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.versions import VersionFacts

_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
_SIMPLE = frozenset({"TEXT", "IDENTIFIER", "INTEGER", "NUMBER", "EMAIL", "URL", "PHONENUMBER"})
#: Types that are never null in Java, or whose lists start empty.
_NEVER_NULL = frozenset({"BOOLEAN", "INTEGER", "NUMBER", "COLLECTION"})
#: Classes with a default object, which stands in where none is named.
WITH_DEFAULT = {
    "CategoryCombo": "bjDvmb4bfuf",
    "Category": "GLevLNI9wkl",
    "CategoryOption": "xYerKDKCefk",
    "CategoryOptionCombo": "HllvX50cXC0",
}
#: Required enums that have a default in Java [read].
ENUM_DEFAULTS = {
    # A package of 2.37 has none, and the recorded servers show its report with this one.
    ("eventReports", "type"): "PIVOT_TABLE",
    ("programIndicators", "analyticsType"): "EVENT",
    ("programRuleActions", "evaluationTime"): "ALWAYS",
    ("trackedEntityAttributes", "aggregationType"): "NONE",
    ("sqlViews", "cacheStrategy"): "RESPECT_SYSTEM_SETTING",
    ("jobConfigurations", "jobStatus"): "SCHEDULED",
    ("jobConfigurations", "lastExecutedStatus"): "NOT_STARTED",
    ("jobConfigurations", "schedulingType"): "CRON",
}


@dataclass(slots=True)
class Known:
    """What is there: on the server, and in the request as far as it was not refused."""

    store: Store
    facts: VersionFacts
    #: Class as stored -> UID -> object of the request.
    items: dict[str, dict[str, Item]] = field(default_factory=dict)
    _unique: dict[tuple[str, str], dict[Any, str]] = field(default_factory=dict)
    _sent_combos: dict[str, list[Item]] | None = None
    _stored_combos: dict[str, list[str]] | None = None

    def has(self, plural: str, uid: str) -> bool:
        """Whether a class has an object of that UID."""
        plural = STORED_AS.get(plural, plural)
        return uid in self.items.get(plural, ()) or self.store.get_object(plural, uid) is not None

    def find(self, plural: str, uid: str) -> Mapping[str, Any]:
        """A body of the request before one of the server's; empty where there is none."""
        plural = STORED_AS.get(plural, plural)
        item = self.items.get(plural, {}).get(uid)
        return item.body if item else self.store.get_object(plural, uid) or {}

    @property
    def option_combos_by_combo(self) -> Mapping[str, list[Item]]:
        """The option combos of the request by their category combo."""
        if self._sent_combos is None:
            self._sent_combos = {}
            for item in self.items.get("categoryOptionCombos", {}).values():
                combo = (item.body.get("categoryCombo") or {}).get("id", "")
                self._sent_combos.setdefault(combo, []).append(item)
        return self._sent_combos

    @property
    def stored_option_combos(self) -> Mapping[str, list[str]]:
        """The UIDs of the server's option combos by their category combo."""
        if self._stored_combos is None:
            self._stored_combos = {}
            for body in self.store.metadata("categoryOptionCombos"):
                combo = (body.get("categoryCombo") or {}).get("id", "")
                self._stored_combos.setdefault(combo, []).append(body["id"])
        return self._stored_combos

    def holder(self, plural: str, member: str, value: Any) -> str | None:
        """The UID of the object that has a value of a unique member."""
        return self._index(plural, member).get(value)

    def claim(self, plural: str, member: str, value: Any, uid: str) -> None:
        """Let the value be an object's from now on."""
        self._index(plural, member)[value] = uid

    def _index(self, plural: str, member: str) -> dict[Any, str]:
        key = (plural, member)
        if key not in self._unique:
            self._unique[key] = {
                body[member]: body["id"]
                for body in self.store.metadata(plural)
                if body.get(member) is not None
            }
        return self._unique[key]


Check = Callable[[Item, Known], Iterator[Complaint]]


def check_strategy(item: Item, strategy: str, facts: VersionFacts) -> Iterator[Complaint]:
    """CREATE of what is there (E5000), UPDATE and DELETE of what is not (E5001)."""
    if strategy == "CREATE" and not item.is_new:
        words = facts.create_refusal.format(item.label)
        yield Complaint("E5000", words, ("UID", item.label), main_id=item.uid)
    if strategy in ("UPDATE", "DELETE") and item.is_new:
        words = (
            f"No matching object for reference. Identifier was UID, and object was {item.label}."
        )
        name = "id" if strategy == "UPDATE" else ""
        yield Complaint("E5001", words, ("UID", item.label), name, main_id=item.uid)


def check_form(item: Item, known: Known) -> Iterator[Complaint]:
    """Required members (E4000) and the length of texts (E4002)."""
    for one in item.schema.properties.values():
        if not one.is_persisted or not one.is_writable:
            continue
        value = item.uid if one.member == "id" else item.body.get(one.member)
        if value is None:
            if is_enforced(item.schema, one):
                yield Complaint(
                    "E4000", f"Missing required property `{one.name}`", (one.name,), one.name,
                    one.item_klass or one.klass,
                )  # fmt: skip
        elif isinstance(value, str) and one.kind in ("TEXT", "IDENTIFIER"):
            yield from _check_length(one, value)


def is_enforced(schema: Schema, one: Property) -> bool:
    """Whether an object without the member is refused."""
    return (
        one.is_required
        and one.member != "id"
        and one.kind not in _NEVER_NULL
        and not one.is_collection
        and one.target.rpartition(".")[2] not in WITH_DEFAULT
        and (schema.plural, one.member) not in ENUM_DEFAULTS
    )


def _check_length(one: Property, value: str) -> Iterator[Complaint]:
    least = one.minimum or 0.0
    most = one.maximum if one.maximum is not None else 2147483647.0
    if not least <= len(value) <= most:
        words = (
            f"Allowed length range for property `{one.name}` is [{least:.0f} to {most:.0f}], "
            f"but given length was {len(value)}"
        )
        arguments = (one.name, least, most, len(value))
        yield Complaint("E4002", words, arguments, one.name, one.klass)


def check_uid(item: Item, known: Known) -> Iterator[Complaint]:
    """The form of a new UID (E4014)."""
    if known.facts.checks_uid_form and item.is_new and not _UID.fullmatch(item.uid):
        klass = item.schema.short_klass
        words = f"Invalid UID `{item.uid}` for property `{klass}`"
        yield Complaint("E4014", words, (item.uid, klass))


def check_unique(item: Item, known: Known) -> Iterator[Complaint]:
    """Members that no two objects of a class share (E5003), those of the request included."""
    plural = STORED_AS.get(item.schema.plural, item.schema.plural)
    gap = " " if known.facts.names_blamed_objects else "\u00a0"
    mine = []
    for one in item.schema.properties.values():
        value = item.body.get(one.member)
        if not one.is_unique or one.member == "id" or one.kind not in _SIMPLE or value is None:
            continue
        holder = known.holder(plural, one.member, value)
        if holder not in (None, item.uid):
            words = (
                f"Property `{one.name}`{gap}with value `{value}` on object {item.label}{gap}"
                f"already exists on object {holder}"
            )
            arguments = (one.name, value, item.label, holder)
            yield Complaint("E5003", words, arguments, one.name, main_id=holder or "")
        else:
            mine.append((one.member, value))
    for member, value in mine:
        known.claim(plural, member, value, item.uid)


def check_references(item: Item, known: Known) -> Iterator[Complaint]:
    """References to what is neither here nor sent (E5002); the object keeps in mind which.

    References of parts are not looked at: they fail when the object is stored [read].
    """
    for reference in iterate_references(known.facts.line, item.schema, item.body):
        plural = reference.target.plural
        if reference.is_in_part or known.has(plural, reference.uid):
            continue
        item.missing.add((plural, reference.uid))
        nobody = "null null " if plural == "users" else ""
        label = f"{nobody}[{reference.uid}] ({reference.target.short_klass})"
        yield _miss(item, label, reference.member, is_named=True)
    yield from _check_attributes(item, known)
    yield from _check_sharing(item, known)


def _miss(item: Item, label: str, member: str, *, is_named: bool) -> Complaint:
    words = f"Invalid reference {label} on object {item.label} for association `{member}`"
    arguments = (label, item.label, member)
    if not is_named:
        return Complaint("E5002", words, arguments)
    return Complaint("E5002", words, arguments, member, main_id=item.uid)


def _check_attributes(item: Item, known: Known) -> Iterator[Complaint]:
    values = item.body.get("attributeValues")
    if not isinstance(values, list) or "attributeValues" not in item.schema.properties:
        return
    for value in values:
        attribute = value.get("attribute") if isinstance(value, Mapping) else None
        uid = str((attribute or {}).get("id", ""))
        if not known.has("attributes", uid):
            item.missing.add(("attributes", uid))
            yield _miss(item, f"[{uid}] (Attribute)", "attributeValues", is_named=False)


def _check_sharing(item: Item, known: Known) -> Iterator[Complaint]:
    sharing = item.body.get("sharing")
    if not isinstance(sharing, Mapping) or "sharing" not in item.schema.properties:
        return
    for member, plural, klass, association in (
        ("userGroups", "userGroups", "UserGroup", "userGroupAccesses"),
        ("users", "users", "User", "userAccesses"),
    ):
        for uid in sharing.get(member) or ():
            if not known.has(plural, uid):
                item.missing.add((plural, uid))
                nobody = "null null " if plural == "users" else ""
                yield _miss(item, f"{nobody}[{uid}] ({klass})", association, is_named=False)


def find_null(item: Item, known: Known) -> str | None:
    """The required member that would be stored without its object: "DataElement.categoryCombo".

    Seen of an object's own member with atomicMode=NONE; of members of parts it is a guess.
    """
    schemas = read_schemas(known.facts.line)
    for reference in iterate_references(known.facts.line, item.schema, item.body):
        if not reference.is_required or reference.is_collection:
            continue
        if not known.has(reference.target.plural, reference.uid):
            return f"{schemas.by_klass[reference.owner.klass].klass}.{reference.member}"
    return None
