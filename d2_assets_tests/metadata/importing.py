"""A destination in memory that imports as real servers were seen to: all or nothing, with a report
that names the guilty, or without a report where it cannot even read an object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from d2_assets.dhis2.metadata_reports import MetadataReport, ObjectError
from d2_assets.errors import D2AssetsError
from d2_assets.metadata.chunks import Sending
from d2_assets.metadata.objects import Body, Key


@dataclass
class FakeImports:
    """``unreadable`` objects fail a request without a report, ``bad`` ones are named in it.

    ``failures`` are raised by the next requests, in turn; with ``stores_before_failing`` the
    request is carried out all the same.
    """

    unreadable: frozenset[Key] = frozenset()
    bad: frozenset[Key] = frozenset()
    failures: list[D2AssetsError] = field(default_factory=list)
    stores_before_failing: bool = False
    most_objects: int = 1000
    is_stopped: bool = False
    stored: dict[Key, Body] = field(default_factory=dict)
    requests: list[list[Key]] = field(default_factory=list)
    pauses: int = 0
    on_request: Callable[[], None] = lambda: None

    def post(self, sendings: Sequence[Sending]) -> MetadataReport:
        self.requests.append([one.key for one in sendings])
        self.on_request()
        if self.failures:
            if self.stores_before_failing:
                self._import(sendings)
            raise self.failures.pop(0)
        return self._import(sendings)

    def validate(self, sending: Sending) -> MetadataReport:
        return self._judge([sending]) or _say(status="OK", created=1)

    def find_missing(self, sendings: Sequence[Sending]) -> frozenset[Key]:
        return frozenset(one.key for one in sendings if self.stored.get(one.key) != one.body)

    def pause(self) -> None:
        self.pauses += 1

    def _import(self, sendings: Sequence[Sending]) -> MetadataReport:
        refusal = self._judge(sendings)
        if refusal is not None:
            return refusal
        self.stored.update((one.key, one.body) for one in sendings)
        return _say(status="OK", created=len(sendings))

    def _judge(self, sendings: Sequence[Sending]) -> MetadataReport | None:
        if any(one.key in self.unreadable for one in sendings):
            return _say(status="ERROR", is_bare=True, message="No enum constant AggregationType.X")
        here = {one.key for one in sendings} | self.stored.keys()
        errors = [
            ObjectError("DataElement", one.key[1], 0, "E4000", f"Bad {one.key[1]}.")
            for one in sendings
            if one.key in self.bad
        ] + [
            ObjectError("DataElement", one.key[1], 0, "E5002", f"Invalid reference {need[1]}.")
            for one in sendings
            for need in one.needs - here
        ]
        return _say(status="ERROR", errors=tuple(errors)) if errors else None


def _say(
    *,
    status: str,
    created: int = 0,
    errors: tuple[ObjectError, ...] = (),
    message: str = "",
    is_bare: bool = False,
) -> MetadataReport:
    return MetadataReport(
        http_status=200 if status == "OK" else 409,
        status=status,
        created=created,
        updated=0,
        deleted=0,
        ignored=0,
        total=created,
        errors=errors,
        message=message,
        is_bare=is_bare,
    )
