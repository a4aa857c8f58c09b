"""Deleting metadata: what is still needed is vetoed (E4030), lists forget what is gone.

Which handlers DHIS2 has for which class is too much to copy: here an object is needed by those
that name it in a member of their own (a data element its category combo), and by data values. Lists
of groups, sets and forms forget it, and what belongs to it goes with it. [read; words are ours]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.metadata_effects import INVERSES
from d2_assets.sandbox.metadata_references import STORED_AS, iterate_references
from d2_assets.sandbox.metadata_reports import Complaint
from d2_assets.sandbox.metadata_requests import Item
from d2_assets.sandbox.schema_table import Schema, read_schemas

Body = dict[str, Any]

#: Owners that go with what they belong to, or only lose the reference.
_FORGETFUL = frozenset({
    "sections", "options", "programStages", "programSections", "programStageSections",
    "programRuleActions", "categoryOptionCombos", "dataEntryForms", "users",
})  # fmt: skip
#: Lists whose owners cannot do without their items.
_NEEDED_IN_LISTS = frozenset({
    ("categoryCombos", "categories"),
    ("categoryOptionCombos", "categoryOptions"),
})  # fmt: skip
#: What goes with its parent, beside what stands in a list of it: class -> member.
_BELONGINGS = {
    "categoryCombos": {"categoryOptionCombos": "categoryCombo"},
    "dataSets": {"sections": "dataSet"},
}
_VALUE_COLUMNS = {
    "dataElements": "data_element",
    "organisationUnits": "org_unit",
    "categoryOptionCombos": "category_option_combo",
}


def delete_items(
    instance: Instance, items: Sequence[Item], *, dry_run: bool
) -> tuple[list[Item], list[tuple[Item, Complaint]]]:
    """Delete what nothing needs: (deleted, vetoed with the reason)."""
    if not items:
        return [], []
    plural = STORED_AS.get(items[0].schema.plural, items[0].schema.plural)
    wanted = {item.uid for item in items}
    holders = _find_holders(instance, plural, wanted)
    gone: list[Item] = []
    vetoed: list[tuple[Item, Complaint]] = []
    puts: dict[str, dict[str, Body]] = {}
    for item in items:
        veto = _find_veto(instance, plural, item.uid, holders.get(item.uid, []))
        if veto:
            words = (
                f"Object could not be deleted because it is associated with another object: {veto}"
            )
            vetoed.append((item, Complaint("E4030", words)))
            continue
        gone.append(item)
        for schema, holder, _ in holders.get(item.uid, []):
            owner = STORED_AS.get(schema.plural, schema.plural)
            body = puts.setdefault(owner, {}).get(holder["id"]) or dict(holder)
            puts[owner][holder["id"]] = _forget(body, item.uid)
    uids = {item.uid for item in gone}
    if uids and not dry_run:
        children = _list_children(instance, plural, uids)
        for child, lost in children.items():
            puts[child] = {
                uid: body for uid, body in puts.get(child, {}).items() if uid not in lost
            }
        instance.store.change_metadata(puts, {plural: uids, **children})
    return gone, vetoed


def _list_children(instance: Instance, plural: str, uids: set[str]) -> dict[str, set[str]]:
    """What goes with its parent: a program's stages, an option set's options."""
    belongings = {
        **{child: member for child, (member, parent, _) in INVERSES.items() if parent == plural},
        **_BELONGINGS.get(plural, {}),
    }
    return {
        child: {
            body["id"]
            for body in instance.store.metadata(child)
            if (body.get(member) or {}).get("id") in uids
        }
        for child, member in belongings.items()
    }


#: The class and the body that refer, and the member; required or not.
_Holder = tuple[Schema, Mapping[str, Any], tuple[str, bool, bool]]


def _find_holders(instance: Instance, plural: str, uids: set[str]) -> dict[str, list[_Holder]]:
    found: dict[str, list[_Holder]] = {}
    for schema in read_schemas(instance.facts.line).by_plural.values():
        if not schema.endpoint or schema.plural in STORED_AS:
            continue
        for body in instance.store.metadata(schema.plural):
            for one in iterate_references(instance.facts.line, schema, body):
                target = STORED_AS.get(one.target.plural, one.target.plural)
                if target == plural and one.uid in uids:
                    how = (one.member, one.is_collection, one.is_in_part)
                    found.setdefault(one.uid, []).append((schema, body, how))
    return found


def _find_veto(instance: Instance, plural: str, uid: str, holders: Sequence[_Holder]) -> str:
    """What needs the object: "DataElement"; empty when nothing does."""
    for schema, _, (member, is_list, is_in_part) in holders:
        if (schema.plural, member) in _NEEDED_IN_LISTS:
            return schema.short_klass
        if not is_list and not is_in_part and schema.plural not in _FORGETFUL:
            return schema.short_klass
    column = _VALUE_COLUMNS.get(plural)
    return "DataValue" if column and instance.store.has_data_values(column, uid) else ""


def _forget(value: Any, uid: str) -> Any:
    """A body without references to what is gone, and without parts that were about it."""
    if isinstance(value, list):
        items = [_forget(item, uid) for item in value if not _is_about(item, uid)]
        return items
    if not isinstance(value, dict):
        return value
    return {
        name: _forget(item, uid)
        for name, item in value.items()
        if not (isinstance(item, dict) and item.get("id") == uid)
    }


def _is_about(item: Any, uid: str) -> bool:
    if not isinstance(item, dict):
        return False
    return item.get("id") == uid or any(
        isinstance(inner, dict) and inner.get("id") == uid for inner in item.values()
    )
