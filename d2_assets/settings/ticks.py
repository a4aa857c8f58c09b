"""How long Dagster lets one tick of a sensor last."""

import os
from collections.abc import Mapping

from d2_assets.errors import ConfigurationError

#: Dagster's own variable; daemon and code server have to see the same.
TICK_VARIABLE = "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS"
_DEFAULT = 60


def read_tick_seconds(environ: Mapping[str, str] | None = None) -> int:
    """Seconds; ``environ`` is the process's own where it is None. ConfigurationError where the
    variable is no number."""
    given = (os.environ if environ is None else environ).get(TICK_VARIABLE, "").strip()
    if not given:
        return _DEFAULT
    if not given.isdecimal() or int(given) < _DEFAULT:
        raise ConfigurationError(
            f"{TICK_VARIABLE} is {given!r}.",
            remedy=f"Set it to {_DEFAULT} seconds or more, or leave it out.",
            key=TICK_VARIABLE,
        )
    return int(given)
