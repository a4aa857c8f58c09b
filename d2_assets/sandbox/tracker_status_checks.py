"""Whether the status of an enrollment or event fits the rest of it: from 2.42 on [read]."""

from collections.abc import Iterator

from d2_assets.sandbox.tracker_known import Known
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_value_checks import UNHELD
from d2_assets.sandbox.tracker_words import Refusal

_HELD = "[COMPLETED, ACTIVE, VISITED]"


def check_status(sent: Sent, known: Known) -> Iterator[Refusal]:
    """A date of completion, values, and the status before."""
    if not known.facts.checks_status:
        return
    status = sent.tell("status") or "ACTIVE"
    if sent.kind == "enrollment":
        if sent.tell("completedAt") and status == "ACTIVE":
            yield Refusal("E1052", (sent.uid, status))
        return
    if sent.tell("completedAt") and status != "COMPLETED":
        yield Refusal("E1051", (sent.uid, status))
    if status not in UNHELD:
        return
    if sent.body.get("dataValues"):
        yield Refusal("E1315", (status, _HELD))
    stored = known.find_stored("event", sent.uid)
    before = str(stored.body.get("status") or "ACTIVE") if stored else status
    if before not in UNHELD:
        yield Refusal("E1316", (before, status))
