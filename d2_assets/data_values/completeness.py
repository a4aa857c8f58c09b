"""Completeness registrations travel with their data set, on the same line as its values.

They are an endpoint of their own (``/api/completeDataSetRegistrations``), and its conflicts name
no row: only reading back tells what landed. A registration is right when the destination has it
with the same ``completed``; its date and user are not compared (servers may stamp their own).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.extract import Window, plan_reads
from d2_assets.data_values.scope import Cut, Scope
from d2_assets.data_values.verdicts import VERDICTS
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.errors import OutcomeUnknownError, RejectedError
from d2_assets.ledger.month_hashes import NO_CONTENT, ContentHash
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.periods import find_period_type

Key = tuple[str, str, str, str]
Registrations = Mapping[Key, CompletenessRegistration]

#: Data sets in one request: a request costs time, and an answer is held as a whole.
_DATA_SETS_A_REQUEST = 4

#: Code of a registration that the server took, or said nothing about, and does not hold.
_NOT_THERE = "not_registered"


@dataclass(frozen=True, slots=True)
class PlannedRegistration:
    """What is to become of one registration: an outcome already, or "created"/"updated" to be."""

    registration: CompletenessRegistration
    outcome: Outcome
    code: str = ""
    words: str = ""

    @property
    def is_sent(self) -> bool:
        return self.outcome in (Outcome.CREATED, Outcome.UPDATED)


@dataclass(frozen=True, slots=True)
class CompletenessPlan:
    """All registrations read for a month (``read`` of them; ``content`` is their hash, as the
    source gave them), and how many only the destination has."""

    planned: tuple[PlannedRegistration, ...] = ()
    destination_only: int = 0
    read: int = 0
    content: ContentHash = NO_CONTENT

    @property
    def tally(self) -> Tally:
        return Tally(self.read, Counter(item.outcome for item in self.planned))

    def stop(self, *, sent: bool = False) -> "CompletenessPlan":
        """The plan when a run stops before its registrations are sent, or before they are seen."""
        outcome = Outcome.QUEUED if sent else Outcome.NOT_ATTEMPTED
        planned = (
            replace(item, outcome=outcome) if item.is_sent else item for item in self.planned
        )
        return replace(self, planned=tuple(planned))


def read_registrations(
    client: DHIS2Client, data_sets: Iterable[str], cuts: Sequence[Cut], window: Window
) -> Registrations:
    """The registrations of a window by their key."""
    found: dict[Key, CompletenessRegistration] = {}
    wanted = tuple(data_sets)
    for start in range(0, len(wanted), _DATA_SETS_A_REQUEST):
        together = wanted[start : start + _DATA_SETS_A_REQUEST]
        for query in plan_reads(together[:1], cuts, window):
            for item in client.list_registrations(
                together, query.periods, query.org_units, children=query.children
            ):
                found[key_of(item)] = item
    return found


def read_destination_registrations(
    destination: DHIS2Client, scope: Scope, window: Window
) -> Registrations:
    """The destination's side, before the plan and after the push alike."""
    return read_registrations(destination, scope.shared_data_sets, scope.destination_cuts, window)


def plan_registrations(
    source: Registrations,
    destination: Registrations,
    scope: Scope,
    choices: Choices,
    discarded: Collection[int] = (),
) -> CompletenessPlan:
    """Compare both sides; nothing is sent. Units outside the pair's scope are filtered.

    ``discarded`` are the digests of what a person took off the work list.
    """
    planned = tuple(
        _plan(item, destination.get(key), scope, choices, discarded) for key, item in source.items()
    )
    only = sum(
        key not in source and item.org_unit in scope.source_units
        for key, item in destination.items()
    )
    return CompletenessPlan(planned, only, len(source))


def push_registrations(
    client: DHIS2Client,
    plan: CompletenessPlan,
    read_back: Callable[[], Registrations],
    chunk_size: int,
) -> CompletenessPlan:
    """Send what the plan means to write, read the destination back, and give each its outcome."""
    sent = [item for item in plan.planned if item.is_sent]
    if not sent:
        return plan
    said = _send(client, [item.registration for item in sent], chunk_size)
    found = read_back()
    settled = tuple(_settle(item, found, said) if item.is_sent else item for item in plan.planned)
    return replace(plan, planned=settled)


def _send(
    client: DHIS2Client, registrations: Sequence[CompletenessRegistration], chunk_size: int
) -> list[str]:
    """What the server said against any of them; a lost answer is settled by reading back."""
    said: list[str] = []
    for start in range(0, len(registrations), chunk_size):
        try:
            report = client.post_registrations(registrations[start : start + chunk_size])
        except (OutcomeUnknownError, RejectedError) as error:
            said.append(error.message)
            continue
        said += [f"{conflict.object or ''} {conflict.message}" for conflict in report.conflicts]
    return said


def _settle(
    item: PlannedRegistration, found: Registrations, said: Sequence[str]
) -> PlannedRegistration:
    key = key_of(item.registration)
    if _is_right(item.registration, found.get(key)):
        return item
    about = [words for words in said if any(part in words for part in key)] or list(said)
    words = "; ".join(dict.fromkeys(about)) or "The server answered success, and it is not there."
    return replace(item, outcome=Outcome.QUARANTINED, code=_NOT_THERE, words=words.strip())


def _plan(
    item: CompletenessRegistration,
    there: CompletenessRegistration | None,
    scope: Scope,
    choices: Choices,
    discarded: Collection[int],
) -> PlannedRegistration:
    code = _find_verdict(item, scope)
    is_filtered = bool(code) and VERDICTS[code].outcome is Outcome.FILTERED
    if not is_filtered and discarded and digest_registration(item) in discarded:
        return PlannedRegistration(item, Outcome.DISCARDED)
    if code:
        verdict = VERDICTS[code]
        names = {"data_set": item.data_set, "period": item.period, "org_unit": item.org_unit}
        names["attribute_option_combo"] = item.attribute_option_combo
        names["doubt"] = _find_doubt(item, scope)
        return PlannedRegistration(item, verdict.outcome, code, verdict.words.format_map(names))
    if _is_right(item, there):
        return PlannedRegistration(item, Outcome.UNCHANGED)
    if there is None:
        return PlannedRegistration(
            item, Outcome.CREATED if choices.creates else Outcome.HELD_BY_STRATEGY
        )
    return PlannedRegistration(
        item, Outcome.UPDATED if choices.updates else Outcome.HELD_BY_STRATEGY
    )


def _find_verdict(item: CompletenessRegistration, scope: Scope) -> str:
    """The same rules as for values, of those that concern a registration."""
    if item.org_unit not in scope.source_units:
        return "org_unit_too_deep"
    if _find_doubt(item, scope):
        return "identity_unclear"
    data_set = scope.destination_data_sets.get(item.data_set)
    if data_set is None:
        return "data_set_unknown"
    if find_period_type(item.period) != data_set.period_type:
        return "period_wrong_type"
    if not data_set.may_write:
        return "data_set_read_only"
    if item.org_unit not in scope.destination_units:
        return "org_unit_unknown"
    if item.org_unit not in data_set.org_units:
        return "org_unit_outside_data_set"
    if item.org_unit not in scope.writable:
        return "org_unit_outside_account"
    if not scope.takes_attribute(item.attribute_option_combo, data_set.category_combo):
        return "attribute_option_combo_outside"
    return ""


def _find_doubt(item: CompletenessRegistration, scope: Scope) -> str:
    """Words, where one of its UIDs stands for what could be more than one thing."""
    return next((scope.doubts[uid] for uid in key_of(item) if uid in scope.doubts), "")


def _is_right(wanted: CompletenessRegistration, there: CompletenessRegistration | None) -> bool:
    return there is not None and there.completed == wanted.completed


def digest_registration(item: CompletenessRegistration) -> int:
    """The fingerprint (64 bits) of a registration's key and of whether it says complete."""
    text = "\x1f".join(("completeness", *key_of(item), str(item.completed).lower()))
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big")


def key_of(item: CompletenessRegistration) -> Key:
    """What makes a registration that one and no other."""
    return item.data_set, item.period, item.org_unit, item.attribute_option_combo
