"""Objects in the destination's words: every UID that differs there is exchanged.

References are known from the schemas, UIDs in expressions from DHIS2's grammar; nothing else of an
object changes.
"""

from collections.abc import Iterable, Set

from d2_assets.dhis2.schemas import Schemas
from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.metadata.check import Known, warn_of_expression
from d2_assets.metadata.expressions import iterate_body_ids, rewrite_body
from d2_assets.metadata.families import comes_later
from d2_assets.metadata.objects import Adaptation, Key, MetadataObject
from d2_assets.metadata.references import rewrite_references


def rewrite_objects(
    objects: Iterable[MetadataObject], schemas: Schemas, crosswalk: Crosswalk
) -> list[MetadataObject]:
    """The objects with the destination's UIDs in their bodies; ``schemas`` are its."""
    rewritten: list[MetadataObject] = []
    for item in objects:
        body = rewrite_references(item.body, item.plural, schemas, crosswalk)
        body = rewrite_body(body, item.plural, crosswalk)
        rewritten.append(MetadataObject(item.plural, item.id, body))
    return rewritten


def find_gaps(
    objects: Iterable[MetadataObject], known: Known, coming: Set[Key], family: str
) -> list[Adaptation]:
    """UIDs that only expressions hold and that will not be at the destination; what the source
    has and a later family brings is not missing."""
    return [
        warn_of_expression(item, member, key, known)
        for item in objects
        for member, key in dict.fromkeys(iterate_body_ids(item.body, item.plural))
        if not known.has(key) and key not in coming
        if not (key in known.names and comes_later(key[0], family))
    ]
