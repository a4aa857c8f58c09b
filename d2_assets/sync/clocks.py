"""Both servers' clocks, asked for only where the pair's rule compares their stamps."""

from d2_assets.data_values.clocks import ClockErrors, find_clock_error
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import get_system_info
from d2_assets.sync.work import Work


def measure_clocks(work: Work, source: DHIS2Client, destination: DHIS2Client) -> ClockErrors:
    """How far each clock is off now; without reverse pairs or the rule newest nobody is asked."""
    if work.choices.conflict_rule != "newest" or not work.choices.reverse:
        return ClockErrors()
    return ClockErrors(_measure(work, source), _measure(work, destination))


def _measure(work: Work, client: DHIS2Client) -> int | None:
    asked = work.clock()
    info = get_system_info(client.session)
    return find_clock_error(info, (asked + work.clock()) / 2)
