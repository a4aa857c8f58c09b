"""A planned family is sent, with what a server needs before and after, and read back."""

from collections.abc import Callable, Sequence

from d2_assets.errors import CancelledError, D2AssetsError
from d2_assets.metadata.chunks import Sending
from d2_assets.metadata.plan import Action, Planned
from d2_assets.metadata.push import Line, delete_objects, push_objects
from d2_assets.metadata.readback import read_back
from d2_assets.metadata.settlement import Settlement
from d2_assets.metadata.system_settings import PLURAL, push_settings, read_settings
from d2_assets.metadata.verify import Ended, Found
from d2_assets.sync.family import PlannedFamily
from d2_assets.sync.maintenance import Pushed, complete_option_combos, maintain

#: Classes whose objects name a type of period.
_WITH_PERIOD_TYPE = frozenset(
    {"dataApprovalWorkflows", "dataSets", "predictors", "validationRules"}
)


def push_family(planned: PlannedFamily) -> Pushed:
    """Send what is planned; what stopped it is the settlement's ``error``."""
    work, plan, pushed = planned.work, planned.plan, Pushed()
    line = _make_line(planned)
    work.meter.begin(f"sending {work.family}", plan.sends)
    written = [one for one in plan if one.action in (Action.CREATE, Action.UPDATE)]
    if any(one.key[0] in _WITH_PERIOD_TYPE for one in written):
        _clear_caches(planned)
    objects = [one for one in plan if _goes_as_object(one)]
    pushed.settlement.add(push_objects(line, _make_sendings(objects), _report(planned)))
    if pushed.settlement.error is None:
        settings = [one for one in written if one.key[0] == PLURAL]
        pushed.settlement.add(push_settings(planned.destination, settings))
    if pushed.settlement.error is None:
        complete_option_combos(planned, line, pushed)
    deleted = [one for one in plan if one.action == Action.DELETE]
    if pushed.settlement.error is None and deleted:
        pushed.settlement.add(delete_objects(line, _make_sendings(deleted)))
    return pushed


def push_again(planned: PlannedFamily, pushed: Pushed, ended: Sequence[Ended]) -> bool:
    """Send once more what lacks a reference; gives whether anything was sent.

    Of objects that are new in one request a server may drop the references between them (an option
    group set's groups, a user group that manages a later one) and take them in the next [read].
    """
    short = [one.planned for one in ended if any(each.state == "lost" for each in one.differences)]
    if not short or pushed.settlement.error is not None:
        return False
    planned.work.meter.begin(f"sending {planned.work.family} again", len(short))
    again = push_objects(_make_line(planned), _make_sendings(short))
    # what is refused now landed before all the same: reading back says what it lacks
    pushed.settlement.requests += again.requests
    pushed.settlement.error = again.error
    return True


def find_family(planned: PlannedFamily, pushed: Pushed) -> tuple[Found, D2AssetsError | None]:
    """What was sent as it stands now. A cancelled run does not ask; nor is the error raised when
    the destination cannot be read: the ledger is written all the same."""
    settlement, work = pushed.settlement, planned.work
    if isinstance(settlement.error, CancelledError):
        return Found(is_read=False), None
    reached = settlement.taken | settlement.unconfirmed
    asked = {one.destination_key for one in planned.plan if one.is_sent} & reached
    asked |= {(key[0], uid) for key, uid in pushed.generated.items()}
    work.meter.begin(f"reading back {work.family}", len(asked))
    try:
        bodies = read_back(
            planned.destination,
            sorted(key for key in asked if key[0] != PLURAL),
            work.choices.page_size,
            planned.plan.totals_after,
        )
        if any(key[0] == PLURAL for key in asked):
            bodies |= read_settings(planned.destination)
    except D2AssetsError as error:
        return Found(is_read=False), error
    work.meter.add(len(asked), success=len(bodies))
    return Found(bodies, planned.before, generated=pushed.generated), None


def _goes_as_object(one: Planned) -> bool:
    is_written = one.action in (Action.CREATE, Action.UPDATE) or one.is_companion
    return is_written and not one.is_late and one.key[0] != PLURAL


def _make_line(planned: PlannedFamily) -> Line:
    work = planned.work
    return Line(
        planned.destination,
        planned.comparison,
        work.stop,
        work.sleep,
        work.choices.chunk_size,
        work.choices.page_size,
        planned.before,
    )


def _make_sendings(planned: Sequence[Planned]) -> list[Sending]:
    return [Sending(one.destination_key, one.body, one.needs) for one in planned]


def _report(planned: PlannedFamily) -> Callable[[Settlement], None]:
    def report(settlement: Settlement) -> None:
        done, refused = len(settlement.taken), len(settlement.refused)
        planned.work.meter.add(
            done + refused,
            success=done,
            warnings=refused,
            errors=int(settlement.error is not None),
        )

    return report


def _clear_caches(planned: PlannedFamily) -> None:
    """Without it an empty 2.40 or 2.42 refuses its first data sets [seen] or rules [read]."""
    if planned.destination.dialect.needs_cache_clear_before_data_sets:
        maintain(planned, "clear its caches", planned.destination.clear_caches)
