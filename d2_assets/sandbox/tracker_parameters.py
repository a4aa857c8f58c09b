"""What a tracker read asks for, by the names of the version.

A name that the version does not know is passed over in silence, so that an old name on a new server
gives another answer, or an empty one [seen]. Whole days are meant to their end, but for
``updatedBefore`` from 2.42 on, which is a moment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_tracker import PAYLOAD_MEMBERS, TrackerKind, pad_date
from d2_assets.sandbox.stored_tracker_reads import TrackerQuery
from d2_assets.sandbox.tracker_versions import find_tracker_facts

Query = Mapping[str, Sequence[str]]

_DAY_MS = 86_400_000
#: Member -> column, under new names and old ones.
_ORDERS = {
    "updatedAt": "updated_at", "lastUpdated": "updated_at", "createdAt": "created_at",
    "created": "created_at", "occurredAt": "occurred_at", "eventDate": "occurred_at",
    "scheduledAt": "occurred_at", "enrolledAt": "occurred_at", "event": "uid",
    "enrollment": "uid", "trackedEntity": "uid", "orgUnit": "org_unit", "program": "program",
    "programStage": "stage",
}  # fmt: skip
_ESCAPED = re.compile(r"/([/:,])")


class RefusedReadError(Exception):
    """A read that cannot be answered; ``status`` is the version's."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class TrackerRead:
    """A query, and the page of it: ``size`` 0 is all of it."""

    query: TrackerQuery
    page: int
    size: int
    has_totals: bool


class Reader:
    """Reads parameters as a version does; ``kind`` is what the address lists."""

    def __init__(
        self, instance: Instance, account: Account, kind: TrackerKind, query: Query
    ) -> None:
        self._instance = instance
        self._account = account
        self._kind: TrackerKind = kind
        self._query = query
        self.is_old = not find_tracker_facts(instance.facts.line).reads_new
        self._status = 409 if self.is_old else 400

    def read(self) -> TrackerRead:
        """The whole of it; RefusedReadError for what the version refuses."""
        units = self._read_units()
        self._check_scope()
        paging = "skipPaging" if self.is_old else "paging"
        is_whole = self.last(paging) == ("true" if self.is_old else "false")
        return TrackerRead(
            self._read_query(units),
            page=max(1, int(self.last("page") or 1)),
            size=0 if is_whole else max(1, int(self.last("pageSize") or 50)),
            has_totals=self.last("totalPages") == "true",
        )

    def last(self, name: str) -> str:
        """The last value of a parameter; "" when it is not given."""
        values = self._query.get(name)
        return values[-1] if values else ""

    def _list(self, old: str, new: str) -> list[str]:
        """The items of a list: parted by ``;`` up to 2.40, by commas after it."""
        name, parting = (old, ";") if self.is_old else (new, ",")
        values = self._query.get(name, ())
        return [part for value in values for part in value.split(parting) if part]

    def _read_query(self, units: Sequence[str] | None) -> TrackerQuery:
        kind = self._kind
        plural = PAYLOAD_MEMBERS[kind]
        uids = self._list(kind, plural)
        entities = [] if kind == "trackedEntity" else self._read_one("trackedEntity")
        enrollments = self._list("enrollment", "enrollments") if kind == "event" else []
        program = self.last("program")
        is_entity = kind == "trackedEntity"
        enrolled, occurred = self._read_days("enrollmentEnrolled"), self._read_days("occurred")
        if kind == "enrollment":
            occurred = self._read_days("enrolled")
        return TrackerQuery(
            kind,
            uids=uids or None,
            type=self.last("trackedEntityType") if is_entity else "",
            program="" if is_entity else program,
            stage=self.last("programStage") if kind == "event" else "",
            org_units=units,
            tracked_entities=entities or None,
            enrollments=enrollments or None,
            updated_from=self._read_updated("updatedAfter", 0),
            updated_to=self._read_updated("updatedBefore", _DAY_MS - 1 if self.is_old else 0),
            enrolled_in=program if is_entity else "",
            attribute_values=dict(self._read_filters()) if is_entity else {},
            include_deleted=self.last("includeDeleted") == "true",
            order=self._read_order(),
            enrolled_from=enrolled[0] if is_entity else "",
            enrolled_before=enrolled[1] if is_entity else "",
            occurred_from="" if is_entity else occurred[0],
            occurred_before="" if is_entity else occurred[1],
        )

    def _read_updated(self, name: str, more: int) -> int | None:
        """Up to 2.40 tracked entities are asked for by whole days, whatever the time [read]."""
        text = self.last(name)
        if self.is_old and self._kind == "trackedEntity":
            text = text[:10]
        return _read_ms(text, more, self._instance.store.zone)

    def _read_one(self, name: str) -> list[str]:
        return [value for value in [self.last(name)] if value]

    def _read_days(self, name: str) -> tuple[str, str]:
        """From a date on, and before another."""
        return pad_date(self.last(f"{name}After")), _behind(self.last(f"{name}Before"))

    def _read_filters(self) -> Iterable[tuple[str, str]]:
        """``ATTRIBUTE:eq:VALUE``; other operators are not served."""
        for text in self._query.get("filter", ()):
            attribute, operator, value = (*text.split(":", 2), "", "")[:3]
            if operator.lower() == "eq":
                yield attribute, value if self.is_old else _ESCAPED.sub(r"\1", value)

    def _read_order(self) -> list[tuple[str, bool]]:
        asked = [part for text in self._query.get("order", ()) for part in text.split(",")]
        order = [
            (_ORDERS[name], direction == "desc")
            for name, _, direction in (part.partition(":") for part in asked)
            if name in _ORDERS
        ]
        if order:
            return order
        if not self.is_old:
            return [("number", True)]
        return [("updated_at", True), ("number", True)] if self._kind == "event" else []

    # Which org units

    def _read_units(self) -> list[str] | None:
        """The units of a read; None for every unit."""
        one = self.is_old or self._kind == "event"
        roots = self._list("orgUnit", "orgUnit" if one else "orgUnits")
        mode = self.last("ouMode" if self.is_old else "orgUnitMode")
        if not roots and not mode and self.is_old and self._kind != "event":
            raise RefusedReadError(409, "At least one organisation unit must be specified")
        mode = mode or ("SELECTED" if roots else "ACCESSIBLE")
        catalogue = self._instance.catalogue
        for unit in roots:
            if unit not in catalogue.units:
                raise RefusedReadError(self._status, f"Organisation unit does not exist: {unit}")
        if mode == "ALL":
            return None
        if mode in ("ACCESSIBLE", "CAPTURE"):
            return self._list_visible()
        if mode == "SELECTED":
            return roots
        if mode == "CHILDREN":
            return [
                uid
                for uid, unit in catalogue.units.items()
                if uid in roots or unit.path.split("/")[-2:-1][0] in roots
            ]
        visible = self._list_visible()
        below = catalogue.list_subtree(roots)
        return below if visible is None else sorted(set(below).intersection(visible))

    def _list_visible(self) -> list[str] | None:
        catalogue = self._instance.catalogue
        visible = catalogue.list_subtree(self._account.org_units)
        return None if len(visible) == len(catalogue.units) else visible

    def _check_scope(self) -> None:
        program, type_ = self.last("program"), self.last("trackedEntityType")
        store = self._instance.store
        if program and store.get_object("programs", program) is None:
            words = f"Program is specified but does not exist: {program}"
            raise RefusedReadError(self._status, words)
        if self._kind != "trackedEntity":
            return
        if program and type_:
            words = "Program and tracked entity cannot be specified simultaneously"
            raise RefusedReadError(self._status, words)
        if not program and not type_ and not self._list("trackedEntity", "trackedEntities"):
            words = "Either Program or Tracked entity type should be specified"
            raise RefusedReadError(self._status, words)


def _behind(text: str) -> str:
    """What a date must be less than to be at or before it; a whole day to its end."""
    if not text:
        return ""
    if "T" in text:
        return f"{pad_date(text)}~"
    return pad_date((date.fromisoformat(text) + timedelta(days=1)).isoformat())


def _read_ms(text: str, more: int, zone: tzinfo) -> int | None:
    """Milliseconds of a moment; of a day its first one and ``more``."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return int(moment.timestamp() * 1000) + (more if "T" not in text else 0)
