"""Whether data values and attributes may be stored: type, option, file, uniqueness."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from d2_assets.sandbox.stored_tracker_reads import find_holders
from d2_assets.sandbox.tracker_known import Known
from d2_assets.sandbox.tracker_metadata import Typed
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_words import Refusal
from d2_assets.sandbox.wire_values import find_misfit, normalise_value

_FILES = ("FILE_RESOURCE", "IMAGE")
#: Statuses of events that hold no values.
UNHELD = ("SCHEDULE", "OVERDUE", "SKIPPED")


def read_value(given: Mapping[str, Any]) -> str | None:
    """A value as text; None when it is to be removed: null or empty [read]."""
    value = given.get("value")
    if value is None or value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_data_values(sent: Sent, known: Known) -> Iterator[Refusal]:
    """The values of an event, and the compulsory ones that it lacks."""
    stage_uid = known.tell("event", sent.uid, "programStage")
    stage = known.metadata.stages[stage_uid]
    given = list(sent.body.get("dataValues") or ())
    for value in given:
        element = str(value.get("dataElement") or "")
        typed = known.metadata.elements.get(element)
        if typed is None:
            yield Refusal("E1304", (element,))
        if element not in stage.elements:
            yield Refusal("E1305", (element, stage_uid))
        if typed is not None:
            yield from _check_value(read_value(value), element, typed, sent, known)
    yield from _check_compulsory(sent, known, stage.elements, stage.checks_always)


def _check_compulsory(
    sent: Sent, known: Known, elements: Mapping[str, bool], checks_always: bool
) -> Iterator[Refusal]:
    status = sent.tell("status") or "ACTIVE"
    if status in UNHELD or not (status == "COMPLETED" or checks_always):
        return
    given = {row.get("dataElement"): read_value(row) for row in sent.body.get("dataValues") or ()}
    there = set(given)
    if not known.facts.asks_compulsory_again:
        there |= merge_values(sent, known, "dataValues", "dataElement").keys()
    for element in (uid for uid, is_compulsory in elements.items() if is_compulsory):
        if element not in there:
            yield Refusal("E1303", (element,))
        elif element in given and given[element] is None:
            yield Refusal("E1076", ("DataElement", element))


def merge_values(sent: Sent, known: Known, member: str, key: str) -> dict[str, str]:
    """The values that an object will hold: those stored, with those sent over them."""
    stored = known.find_stored(sent.kind, sent.uid)
    values = {
        row[key]: str(row["value"]) for row in (stored.body.get(member) if stored else ()) or ()
    }
    for given in sent.body.get(member) or ():
        value = read_value(given)
        if value is None:
            values.pop(given.get(key), None)
        else:
            values[given.get(key)] = value
    return values


def _check_value(
    value: str | None, element: str, typed: Typed, sent: Sent, known: Known
) -> Iterator[Refusal]:
    if value is None:
        return
    if typed.value_type == "ORGANISATION_UNIT" and value not in known.catalogue.units:
        yield Refusal("E1007", (value, "value_not_valid_organisation_unit"))
    misfit = find_misfit(normalise_value(value, typed.value_type), typed.value_type)
    if misfit and known.facts.speaks_old:
        yield Refusal("E1302", (element, misfit))
    elif misfit:
        kind = typed.value_type
        words = f"Value type is {kind} but the value `{value}` is not."
        # The server names the type in the place of the data element [seen 2.43].
        yield Refusal("E1302", (kind, words))
    yield from _check_option(value, element, "DataElement", typed, known)
    yield from _check_file(value, typed, sent, known)


def _check_option(
    value: str, holder: str, klass: str, typed: Typed, known: Known
) -> Iterator[Refusal]:
    codes = known.metadata.option_codes.get(typed.option_set)
    if not typed.option_set or codes is None:
        return
    chosen = value.split(",") if typed.value_type == "MULTI_TEXT" else [value]
    if all(code in codes for code in chosen):
        return
    if known.facts.speaks_old:
        yield Refusal("E1125", (value, holder, klass, ",".join(codes)))
    else:
        yield Refusal("E1125", (value, typed.option_set))


def _check_file(value: str, typed: Typed, sent: Sent, known: Known) -> Iterator[Refusal]:
    if typed.value_type not in _FILES:
        return
    owner = known.instance.store.files.find_owner(value)
    if owner is None:
        yield Refusal("E1084", (value,))
    elif owner not in ("", sent.uid):
        yield Refusal("E1009", (value,))


def check_attributes(
    sent: Sent, known: Known, entity: str, given: Iterable[Mapping[str, Any]]
) -> Iterator[Refusal]:
    """Attributes of a tracked entity, sent with it or with one of its enrollments."""
    for row in given:
        attribute = str(row.get("attribute") or "")
        typed = known.metadata.attributes.get(attribute)
        if not attribute:
            yield Refusal("E1075", (str(row),))
        elif typed is None:
            yield Refusal("E1006", (attribute,))
        elif (value := read_value(row)) is not None:
            yield from _check_attribute(value, attribute, typed, sent, known, entity)


def _check_attribute(
    value: str, attribute: str, typed: Typed, sent: Sent, known: Known, entity: str
) -> Iterator[Refusal]:
    misfit = find_misfit(normalise_value(value, typed.value_type), typed.value_type)
    if misfit:
        yield Refusal("E1007", (typed.value_type, misfit))
    yield from _check_option(value, attribute, "TrackedEntityAttribute", typed, known)
    if typed.is_unique and is_taken(known, attribute, value, entity):
        yield Refusal("E1064", (value, attribute))
    if typed.value_type in _FILES:
        owner = known.instance.store.files.find_owner(value)
        if owner is None:
            yield Refusal("E1084", (value,))
        elif owner not in ("", entity):
            yield Refusal("E1009", (value,))


def is_taken(known: Known, attribute: str, value: str, entity: str) -> bool:
    """Whether another tracked entity holds a unique value, or was sent with it before."""
    if set(find_holders(known.connection, attribute, value)) - {entity}:
        return True
    return known.first_senders.get((attribute, value), entity) != entity
