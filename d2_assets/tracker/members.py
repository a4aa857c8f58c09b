"""What becomes of each member of a tracker body: the one table, for all kinds and versions.

Members of ``/api/tracker`` as recorded on 2.38 to 2.43, and as the web API's documentation names
them. What is not in the table is left out and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType

from d2_assets.tracker.objects import Kind


class Fate(StrEnum):
    """``HARD`` travels, and must stand at the destination as it was sent; ``SOFT`` travels, and a
    server may keep it in its own way; ``CHILD`` is an object of its own; the others stay."""

    HARD = auto()
    SOFT = auto()
    CHILD = auto()
    STAMP = auto()
    DERIVED = auto()
    OWN = auto()


@dataclass(frozen=True, slots=True)
class Member:
    """``since``: the first version that knows it ("2.43"); empty: all. ``why`` it does not
    travel."""

    fate: Fate
    since: str = ""
    why: str = ""

    @property
    def travels(self) -> bool:
        return self.fate in (Fate.HARD, Fate.SOFT)


Table = Mapping[str, Member]

_HARD, _SOFT, _CHILD = Member(Fate.HARD), Member(Fate.SOFT), Member(Fate.CHILD)
_STAMP = Member(Fate.STAMP, why="The destination notes who writes to it, and when.")
_DERIVED = Member(Fate.DERIVED, why="It follows from the rest of the object.")

_STAMPS: Table = dict.fromkeys(
    ("createdAt", "updatedAt", "createdBy", "updatedBy", "storedBy", "storedAt"), _STAMP
)
_CLIENT_STAMPS: Table = dict.fromkeys(("createdAtClient", "updatedAtClient"), _SOFT)


def _table(
    hard: str, soft: str = "", child: str = "", derived: str = "", **others: Member
) -> Table:
    named = {
        **dict.fromkeys(hard.split(), _HARD),
        **dict.fromkeys(soft.split(), _SOFT),
        **dict.fromkeys(child.split(), _CHILD),
        **dict.fromkeys(derived.split(), _DERIVED),
    }
    return MappingProxyType({**_STAMPS, **_CLIENT_STAMPS, "deleted": _DERIVED, **named, **others})


MEMBERS: Mapping[Kind, Table] = MappingProxyType(
    {
        Kind.TRACKED_ENTITY: _table(
            "trackedEntity trackedEntityType orgUnit inactive attributes",
            "potentialDuplicate geometry",
            "enrollments relationships",
            "orgUnitName",
            attributesOfDeletedEnrollments=Member(
                Fate.OWN,
                why="They belong to programs in which the entity has nothing but a deleted "
                "enrollment: a server shows them to nobody else.",
            ),
            programOwners=Member(
                Fate.OWN,
                why="The importer takes no ownership: a program's owner becomes the org unit of "
                "the enrollment.",
            ),
        ),
        Kind.ENROLLMENT: _table(
            "enrollment trackedEntity program orgUnit status enrolledAt occurredAt followUp notes",
            "completedAt geometry",
            "events relationships attributes",
            "orgUnitName trackedEntityType",
            completedBy=_STAMP,
            attributeOptionCombo=Member(Fate.SOFT, since="2.43"),
        ),
        Kind.EVENT: _table(
            "event program programStage enrollment orgUnit status occurredAt followUp "
            "attributeOptionCombo dataValues notes",
            "scheduledAt completedAt geometry assignedUser",
            "relationships",
            "orgUnitName trackedEntity trackedEntityType attributeCategoryOptions "
            "enrollmentStatus followup",
            completedBy=_STAMP,
        ),
        Kind.RELATIONSHIP: _table(
            "relationship relationshipType from to", "", "", "relationshipName bidirectional"
        ),
    }
)

#: Members of the parts of an object.
PARTS: Mapping[str, Table] = MappingProxyType(
    {
        "attributes": _table("attribute value", derived="code displayName valueType skipSync"),
        "dataValues": _table("dataElement value", soft="providedElsewhere"),
        "notes": _table("note value"),
    }
)

#: What names a part, by the list that it stands in.
PART_KEYS: Mapping[str, str] = MappingProxyType(
    {"attributes": "attribute", "dataValues": "dataElement", "notes": "note"}
)

DATES = frozenset(
    {
        "enrolledAt",
        "occurredAt",
        "scheduledAt",
        "completedAt",
        "createdAtClient",
        "updatedAtClient",
    }
)


def is_soft(kind: Kind, member: str) -> bool:
    """Whether a server may keep a member in its own way."""
    found = MEMBERS[kind].get(member)
    return found is not None and found.fate is Fate.SOFT
