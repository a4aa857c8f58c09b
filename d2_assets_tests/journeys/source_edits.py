"""What people do at a source in the course of a day, thrown by dice: values, registrations, events,
tracked entities and definitions. Every edit writes something that was never there before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from d2_assets.sandbox import Sandbox, StoredValue
from d2_assets.sandbox.stored_tracker import StoredObject, TrackerKind
from d2_assets_tests.journeys.tracker_world import live, single_programs
from d2_assets_tests.journeys.world import find_month, find_object, list_registrations, list_values

_WHOLE_NUMBERS = frozenset({"INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE"})
#: Rows that are taken away before anything is moved, to be entered in the course of the day.
_HELD_BACK = 30

T = TypeVar("T")


@dataclass(slots=True)
class SourceEdits:
    """``months`` are those of the pair; ``told``: every edit, in words."""

    server: Sandbox
    months: Sequence[str]
    dice: Random
    told: list[str] = field(default_factory=list)
    _held_back: list[StoredValue] = field(default_factory=list)
    _spoiled: dict[str, StoredValue] = field(default_factory=dict)
    _number: int = 1000

    def hold_back(self) -> None:
        """Before the day begins: some values are not reported yet."""
        rows = self._list_numbers()
        self._held_back = self.dice.sample(rows, _HELD_BACK)
        self.server.store.delete_data_values(self._held_back, forever=True)

    def make(self) -> None:
        """One edit; some find nothing to be done to, and are another one then."""
        edits = list(_EDITS)
        while True:
            edit = self.dice.choices(edits, [_EDITS[one] for one in edits])[0]
            words = edit(self)
            if words:
                self.told.append(f"{edit.__name__} {words}")
                return

    @property
    def unfit(self) -> int:
        """Values that cannot be taken as they are."""
        return len(self._spoiled)

    def mend(self) -> None:
        """What cannot be taken anywhere is corrected."""
        while self.enter_what_fits():
            pass

    # Data values

    def change_value(self) -> str:
        row = self._choose(self._list_numbers())
        return self._enter(row) if row else ""

    def comment_value(self) -> str:
        row = self._choose(self._list_numbers())
        if row is None:
            return ""
        comment = f"Corrigé {self._next()}"
        self.server.store.put_data_values([replace(row, comment=comment, last_updated=None)])
        return str(row.key)

    def report_value(self) -> str:
        return self._enter(self._held_back.pop()) if self._held_back else ""

    def delete_value(self) -> str:
        row = self._choose(self._list_numbers())
        if row is None:
            return ""
        self.server.store.delete_data_values([row])
        return str(row.key)

    def enter_value_again(self) -> str:
        types = self._whole_numbers
        rows = list_values(self.server.store, self.months)
        row = self._choose([one for one in rows if one.deleted and one.data_element in types])
        return self._enter(row) if row else ""

    def enter_what_does_not_fit(self) -> str:
        row = self._choose(self._list_numbers())
        if row is None:
            return ""
        self._spoiled[str(row.key)] = row
        self.server.store.edit_value(row.key, f"about {self._next()}")
        return str(row.key)

    def enter_what_fits(self) -> str:
        if not self._spoiled:
            return ""
        _, row = self._spoiled.popitem()
        return self._enter(row)

    def complete_or_reopen(self) -> str:
        """No time of change shows it: it is for the sweep."""
        known = self._choose(list_registrations(self.server.store, self.months))
        if known is None:
            return ""
        self.server.store.put_registrations([replace(known, completed=not known.completed)])
        return f"{known.data_set} {known.period} {known.org_unit}"

    # Events and tracked entities

    def edit_report(self) -> str:
        return self._weigh(self._choose(self._reports()))

    def move_report(self) -> str:
        """To a day of another month, perhaps."""
        report, month = self._choose(self._reports()), self.dice.choice(self.months)
        day = f"{month[:4]}-{month[4:]}-{self.dice.randint(1, 18):02}T00:00:00.000"
        return self._change(report, occurredAt=day)

    def reopen_report(self) -> str:
        done = [one for one in self._reports() if one.body["status"] == "COMPLETED"]
        return self._change(self._choose(done), status="ACTIVE", completedAt=None, completedBy=None)

    def write_report(self) -> str:
        return self._copy(self._choose(self._reports()))

    def delete_report(self) -> str:
        return self._delete(self._choose(self._reports()))

    def edit_visit(self) -> str:
        return self._weigh(self._choose(self._visits()))

    def write_visit(self) -> str:
        stages = self.server.store.metadata("programStages")
        repeatable = {body["id"] for body in stages if body["repeatable"]}
        return self._copy(self._choose([one for one in self._visits() if one.stage in repeatable]))

    def delete_visit(self) -> str:
        return self._delete(self._choose(self._visits()))

    def name_person(self) -> str:
        person = self._choose(live(self.server, "trackedEntity"))
        if person is None:
            return ""
        name = find_object(self.server.store, "trackedEntityAttributes", "FIRST_NAME")["id"]
        self.server.store.tracker.edit_attribute(person.uid, name, f"Amália {self._next()}")
        return person.uid

    def complete_enrollment(self) -> str:
        active = [one for one in live(self.server, "enrollment") if one.body["status"] == "ACTIVE"]
        enrollment = self._choose(active)
        if enrollment is None:
            return ""
        self.server.store.tracker.complete_enrollment(enrollment.uid)
        return enrollment.uid

    def delete_enrollment(self) -> str:
        return self._delete(self._choose(live(self.server, "enrollment")))

    def delete_person(self) -> str:
        persons = live(self.server, "trackedEntity")
        return self._delete(self._choose(persons)) if len(persons) > 8 else ""

    # Definitions

    def rename_data_element(self) -> str:
        store = self.server.store
        body = self._choose(store.metadata("dataElements"))
        if body is None:
            return ""
        name, stamp = f"Renamed {self._next()}", f"{store.now():%Y-%m-%dT%H:%M:%S}.000"
        store.put_metadata("dataElements", [{**body, "name": name, "lastUpdated": stamp}])
        return body["id"]

    # What there is

    @property
    def _whole_numbers(self) -> frozenset[str]:
        return frozenset(
            body["id"]
            for body in self.server.store.metadata("dataElements")
            if body["valueType"] in _WHOLE_NUMBERS
        )

    def _list_numbers(self) -> list[StoredValue]:
        types = self._whole_numbers
        return [
            one
            for one in list_values(self.server.store, self.months)
            if not one.deleted and one.data_element in types and (one.value or "").isdecimal()
        ]

    def _reports(self) -> list[StoredObject]:
        single = single_programs(self.server)
        related = {
            uid for one in live(self.server, "relationship") for uid in (one.from_uid, one.to_uid)
        }
        return [
            one
            for one in live(self.server, "event")
            if one.program in single
            and one.uid not in related
            and one.occurred_at
            and find_month(one.occurred_at[:7].replace("-", "")) in self.months
        ]

    def _visits(self) -> list[StoredObject]:
        events = live(self.server, "event")
        return [one for one in events if one.enrollment and one.body["status"] == "COMPLETED"]

    # What is done to it

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _choose(self, among: Iterable[T]) -> T | None:
        among = list(among)
        return self.dice.choice(among) if among else None

    def _enter(self, row: StoredValue) -> str:
        self._spoiled.pop(str(row.key), None)
        self.server.store.edit_value(row.key, str(self._next()))
        return str(row.key)

    def _weigh(self, event: StoredObject | None) -> str:
        if event is None:
            return ""
        weight = find_object(self.server.store, "dataElements", "EVENT_NUMBER")["id"]
        self.server.store.tracker.edit_event(event.uid, weight, str(self._next()))
        return event.uid

    def _change(self, item: StoredObject | None, **members: Any) -> str:
        if item is None:
            return ""
        self.server.store.tracker.change(item.kind, item.uid, **members)
        return item.uid

    def _copy(self, event: StoredObject | None) -> str:
        if event is None:
            return ""
        uid = f"SoakEvt{self._next()}"
        copy = replace(event, uid=uid, number=0).with_body({**event.body, "event": uid})
        self.server.store.tracker.put([copy])
        return self._weigh(copy)

    def _delete(self, item: StoredObject | None) -> str:
        if item is None:
            return ""
        kind: TrackerKind = item.kind
        self.server.store.tracker.delete(kind, [item.uid])
        return item.uid


#: How often each is thrown.
_EDITS: Mapping[Callable[[SourceEdits], str], int] = {
    SourceEdits.change_value: 8,
    SourceEdits.comment_value: 2,
    SourceEdits.report_value: 4,
    SourceEdits.delete_value: 3,
    SourceEdits.enter_value_again: 2,
    SourceEdits.enter_what_does_not_fit: 1,
    SourceEdits.enter_what_fits: 1,
    SourceEdits.complete_or_reopen: 2,
    SourceEdits.edit_report: 3,
    SourceEdits.move_report: 1,
    SourceEdits.reopen_report: 1,
    SourceEdits.write_report: 1,
    SourceEdits.delete_report: 1,
    SourceEdits.edit_visit: 3,
    SourceEdits.write_visit: 1,
    SourceEdits.delete_visit: 1,
    SourceEdits.name_person: 2,
    SourceEdits.complete_enrollment: 1,
    SourceEdits.delete_enrollment: 1,
    SourceEdits.delete_person: 1,
    SourceEdits.rename_data_element: 1,
}
