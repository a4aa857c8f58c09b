"""Some objects are settled when of each it is known that it was taken, or why not.

All requests are all-or-nothing (``atomicMode=ALL``): one bad object refuses them with a report
that names it, and nothing lands damaged. The guilty and what needs them are set aside and the rest
is sent again. A refusal without a report (an enum that the server does not know: 500 up to 2.42,
409 on 2.43) is halved until the guilty are alone. An answer that was lost is settled by reading
the destination, never by sending again blindly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from d2_assets.dhis2.metadata_reports import MetadataReport, ObjectError
from d2_assets.errors import CancelledError, D2AssetsError, OutcomeUnknownError, RejectedError
from d2_assets.metadata.chunks import Circle, Sending
from d2_assets.metadata.objects import Key
from d2_assets.metadata.settlement import Destination, Rejection, Settlement

#: How often the same objects are sent again after an answer was lost and they were not there.
_LOST_ANSWERS = 3

#: How often the destination is looked at after an answer was lost: a large import goes on for
#: minutes behind a proxy that gave up, and what is sent meanwhile would run into it.
_LOOKS = 6

#: Refusals without a report, in a row, after which it is the server or the request that is wrong.
#: Halving a thousand objects down to one takes some ten.
_BROKEN = 40

#: Refusals that may be one object's doing.
_DIVISIBLE = frozenset({400, 409, 413, 500})

NEEDS_REFUSED = "needs_refused"
REFUSED = "refused_by_server"


@dataclass(frozen=True, slots=True)
class _Group:
    circles: Sequence[Circle]
    lost: int = 0

    @property
    def sendings(self) -> list[Sending]:
        return [sending for circle in self.circles for sending in circle]

    def halve(self) -> list["_Group"]:
        """Two groups; the first one is last, since groups are taken from the end."""
        middle = _find_middle(self.circles)
        return [_Group(half, self.lost) for half in (self.circles[middle:], self.circles[:middle])]


def settle_chunk(
    destination: Destination, circles: Sequence[Circle], settlement: Settlement
) -> None:
    """Send the circles until each object is settled. An error that stops the work is kept in the
    settlement, not raised."""
    waiting = [_Group(circles)]
    while waiting:
        group = _without_refused(waiting.pop(), settlement)
        sendings = group.sendings
        if not sendings:
            continue
        if len(sendings) > destination.most_objects and len(group.circles) > 1:
            waiting += group.halve()
            continue
        try:
            if destination.is_stopped:
                raise CancelledError
            settlement.requests += 1
            waiting += _send(destination, group, settlement)
        except D2AssetsError as error:
            settlement.error = error
            if isinstance(error, OutcomeUnknownError) or group.lost:
                settlement.unconfirmed |= {sending.key for sending in sendings}
            return


def _send(destination: Destination, group: _Group, settlement: Settlement) -> list[_Group]:
    """Post one group; what must be sent again comes back."""
    sendings = group.sendings
    try:
        report = destination.post(sendings)
    except OutcomeUnknownError as error:
        return _settle_lost(destination, group, error, settlement)
    except RejectedError as error:
        if error.status not in _DIVISIBLE:
            raise
        return _divide(destination, group, error.code, error.message, settlement, error)
    if report.is_bare:
        words = report.message or f"The server refused it with HTTP {report.http_status}."
        return _divide(destination, group, REFUSED, words, settlement)
    guilty = _find_guilty(report, sendings)
    if not guilty and report.errors and not _has_landed(report, sendings):
        first = report.errors[0]
        return _divide(destination, group, first.code, first.message, settlement)
    settlement.failures = 0
    if not guilty or _has_landed(report, sendings):
        settlement.taken |= {sending.key for sending in sendings}
        return []
    settlement.refused.update(guilty)
    return [_Group(group.circles)]


def _has_landed(report: MetadataReport, sendings: Sequence[Sending]) -> bool:
    """Whether all was stored whatever is said beside it; reading back tells what is damaged."""
    return report.created + report.updated + report.deleted >= len(sendings)


def _find_guilty(report: MetadataReport, sendings: Sequence[Sending]) -> dict[Key, Rejection]:
    """The objects that the report names, with all that it says of each."""
    by_uid: dict[str, list[Key]] = {}
    for sending in sendings:
        by_uid.setdefault(sending.key[1], []).append(sending.key)
    said: dict[Key, list[ObjectError]] = {}
    for error in report.errors:
        for key in by_uid.get(error.uid, ()):
            said.setdefault(key, []).append(error)
    return {key: _reject(errors) for key, errors in said.items()}


def _reject(errors: Sequence[ObjectError]) -> Rejection:
    words = " ".join(dict.fromkeys(error.message for error in errors))
    return Rejection(errors[0].code, words)


def _divide(
    destination: Destination,
    group: _Group,
    code: str,
    words: str,
    settlement: Settlement,
    cause: RejectedError | None = None,
) -> list[_Group]:
    """Halves of what was refused without a name; one circle is looked into object by object."""
    settlement.failures += 1
    if settlement.failures >= _BROKEN:
        raise cause or RejectedError(
            f"The server refuses every request without a report: {words}",
            remedy="Look at the server's log; nothing that was refused is stored.",
        )
    if len(group.circles) > 1:
        return group.halve()
    circle = group.circles[0]
    guilty = _find_guilty_alone(destination, circle, settlement) if len(circle) > 1 else {}
    if guilty:
        settlement.refused.update(guilty)
        return [_Group(group.circles)]
    settlement.refused.update(
        {sending.key: Rejection(code or REFUSED, words) for sending in circle}
    )
    return []


def _find_guilty_alone(
    destination: Destination, circle: Circle, settlement: Settlement
) -> dict[Key, Rejection]:
    """Those of a circle that the server cannot even read: it says so to each alone."""
    guilty: dict[Key, Rejection] = {}
    for sending in circle:
        settlement.requests += 1
        try:
            report = destination.validate(sending)
        except (RejectedError, OutcomeUnknownError) as error:
            guilty[sending.key] = Rejection(getattr(error, "code", "") or REFUSED, error.message)
            continue
        if report.is_bare:
            guilty[sending.key] = Rejection(REFUSED, report.message)
    return guilty if len(guilty) < len(circle) else {}


def _settle_lost(
    destination: Destination, group: _Group, error: OutcomeUnknownError, settlement: Settlement
) -> list[_Group]:
    missing = _find_missing(destination, group.sendings, error)
    looks = 0
    while missing and error.status != 500 and looks < (1 if destination.is_stopped else _LOOKS):
        destination.pause()
        missing, looks = _find_missing(destination, group.sendings, error), looks + 1
    settlement.taken |= {sending.key for sending in group.sendings} - missing
    left = [circle for circle in group.circles if any(one.key in missing for one in circle)]
    if not left:
        return []
    if error.status == 500:
        return _divide(destination, _Group(left), REFUSED, error.message, settlement)
    if group.lost + 1 < _LOST_ANSWERS:
        return [_Group(left, group.lost + 1)]
    raise OutcomeUnknownError(
        f"{error.message} It happened again and again.",
        remedy="Launch the partition again when the line or the server has recovered: "
        "what has landed is found there and not sent again.",
        status=error.status,
    ) from error


def _find_missing(
    destination: Destination, sendings: Sequence[Sending], error: OutcomeUnknownError
) -> frozenset[Key]:
    """Objects that did not land; OutcomeUnknownError when the destination cannot be read."""
    try:
        return destination.find_missing(sendings)
    except D2AssetsError as unread:
        raise OutcomeUnknownError(
            f"{error.message} The destination could not be read back: {unread.message}",
            remedy=unread.remedy or error.remedy,
            status=error.status,
        ) from unread


def _without_refused(group: _Group, settlement: Settlement) -> _Group:
    """The group without what is refused and what needs it, which is refused with its cause."""
    circles: list[Circle] = []
    for circle in group.circles:
        left = _drop_dependants(circle, settlement)
        if left:
            circles.append(left)
    return _Group(circles, group.lost)


def _drop_dependants(circle: Circle, settlement: Settlement) -> Circle:
    """What of a circle may still be sent; circles come in order, so one pass over each is enough
    once nothing in it changes any more."""
    left = [sending for sending in circle if sending.key not in settlement.refused]
    while True:
        stopped = {
            sending.key: need
            for sending in left
            if (need := _find_refused(sending.needs, settlement.refused)) is not None
        }
        if not stopped:
            return left
        for key, need in stopped.items():
            words = settlement.refused[need].words
            settlement.refused[key] = Rejection(NEEDS_REFUSED, words, need)
        left = [sending for sending in left if sending.key not in stopped]


def _find_refused(needs: Iterable[Key], refused: Mapping[Key, Rejection]) -> Key | None:
    return min((need for need in needs if need in refused), default=None)


def _find_middle(circles: Sequence[Circle]) -> int:
    """Where to cut, so that both halves have about as many objects and none is empty."""
    half = sum(map(len, circles)) / 2
    size = 0
    for place, circle in enumerate(circles[:-1], start=1):
        size += len(circle)
        if size >= half:
            return place
    return len(circles) - 1
