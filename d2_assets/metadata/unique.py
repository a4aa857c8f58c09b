"""What must be unique at the destination (code, name, short name) is free, or two owners are named.

A server refuses the second owner with E5003 [seen]; known before, nothing is sent in vain.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from d2_assets.dhis2.schemas import Schemas
from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import MetadataObject, Refusal, refuse

UNIQUE_TAKEN = "unique_taken"


@dataclass(frozen=True, slots=True)
class _Clash:
    """A member whose value another object has."""

    member: str
    value: str
    owner: str


def check_unique(
    objects: Iterable[MetadataObject], destination: Side, schemas: Schemas
) -> tuple[list[MetadataObject], list[Refusal]]:
    """Split objects by whether what must be unique (code, name, short name) is free for them."""
    waiting = list(objects)
    ours = {item.destination_key: item for item in waiting}
    names = {item.key: item.name for item in destination} | {
        key: item.name for key, item in ours.items()
    }
    taken = {
        (item.plural, name, value): item.id
        for item in destination
        for name, value in _unique_values(item, schemas)
    }
    free: list[MetadataObject] = []
    refusals: list[Refusal] = []
    for item in waiting:
        values = list(_unique_values(item, schemas))
        clash = _find_clash(item, values, taken)
        if clash is None:
            free.append(item)
            taken.update({(item.plural, *value): item.body["id"] for value in values})
            continue
        owner = item.plural, clash.owner
        refusals.append(_refuse_taken(item, clash, names[owner], ours.get(owner)))
    return free, refusals


def _find_clash(
    item: MetadataObject,
    values: Iterable[tuple[str, str]],
    taken: Mapping[tuple[str, str, str], str],
) -> _Clash | None:
    for name, value in values:
        owner = taken.get((item.plural, name, value), item.body["id"])
        if owner != item.body["id"]:
            return _Clash(name, value, owner)
    return None


def _refuse_taken(
    item: MetadataObject, clash: _Clash, name: str, owner: MetadataObject | None
) -> Refusal:
    """``owner`` is the object that has the value, where it is one of the source, too."""
    member = clash.member
    mend = (
        f"Give one of them another {member}, or name both in the table of matches when they are "
        "the same."
    )
    if owner is not None and str(owner.body.get(member)) != clash.value:
        mend = "That one gives it up now: run again."
    where = "of the source, too," if owner is not None else "at the destination"
    return refuse(
        item,
        UNIQUE_TAKEN,
        f"The {member} «{clash.value}» must be unique and belongs to «{name}» ({clash.owner}) "
        f"{where} already. {mend}",
    )


def _unique_values(item: MetadataObject, schemas: Schemas) -> Iterator[tuple[str, str]]:
    schema = schemas.get(item.plural)
    for about in schema.properties.values() if schema else ():
        value = item.body.get(about.name)
        if about.is_unique and about.name != "id" and value and isinstance(value, str | int):
            yield about.name, str(value)
