"""Whether relationships may be stored: their type, their ends, and what the type asks of them."""

from collections.abc import Callable, Iterator, Sequence

from d2_assets.sandbox.stored_tracker_reads import TrackerQuery, select_objects
from d2_assets.sandbox.tracker_known import Known, read_end
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_words import Refusal

_WORDS = {"trackedEntity": "tracked entity", "enrollment": "enrollment", "event": "event"}


def _check_items(sent: Sent, known: Known) -> Iterator[Refusal]:
    if sent.tell("relationshipType") not in known.metadata.relationship_types:
        yield Refusal("E4006", (sent.tell("relationshipType"),))
    for side in ("from", "to"):
        if read_end(sent, side) is None:
            yield Refusal("E4001", (side, sent.uid))
    if (end := read_end(sent, "from")) and end == read_end(sent, "to"):
        yield Refusal("E4000", (sent.uid,))


def _check_ends(sent: Sent, known: Known) -> Iterator[Refusal]:
    type_uid = sent.tell("relationshipType")
    facts = known.metadata.relationship_types[type_uid]
    for side, wanted in zip(("from", "to"), facts.ends, strict=True):
        end = read_end(sent, side)
        if end is None:
            continue
        kind, uid = end
        if wanted.kind and kind != wanted.kind:
            yield Refusal("E4010", (type_uid, _WORDS[wanted.kind], _WORDS[kind]))
        elif not known.has(kind, uid):
            yield Refusal("E4012", (kind, uid))
        elif kind == "trackedEntity" and wanted.type:
            found = known.tell(kind, uid, "trackedEntityType")
            if found != wanted.type:
                yield Refusal("E4014", (type_uid, wanted.type, found))


def _check_double(sent: Sent, known: Known) -> Iterator[Refusal]:
    if not known.is_new(sent):
        return
    left, right = read_end(sent, "from"), read_end(sent, "to")
    if left is None or right is None:
        return
    type_uid = sent.tell("relationshipType")
    pairs = [(left[1], right[1])]
    if known.metadata.relationship_types[type_uid].is_bidirectional:
        pairs.append((right[1], left[1]))
    query = TrackerQuery("relationship", type=type_uid, ends=[left[1]])
    for item in select_objects(known.connection, query):
        if (item.from_uid, item.to_uid) in pairs:
            yield Refusal("E4018", (sent.uid, *left, *right))
            return


RELATIONSHIP_STEPS: Sequence[Callable[[Sent, Known], Iterator[Refusal]]] = (
    _check_items,
    _check_ends,
    _check_double,
)
