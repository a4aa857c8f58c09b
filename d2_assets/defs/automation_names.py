"""Names of sensors and schedules: Dagster takes letters, digits and _ only, pairs have - and . too.

Two pairs may become alike that way (a.b and a-b): each of those then bears a hash of its name.
"""

import hashlib
import re

from d2_assets.settings import Settings


def name_automation(kind: str, pair: str, settings: Settings) -> str:
    """The name of a pair's sensor or schedule, such as ``schedule__national__training``."""
    slug = _to_word(pair)
    if sum(_to_word(other.name) == slug for other in settings.pairs) > 1:
        slug += "_" + hashlib.sha256(pair.encode()).hexdigest()[:6]
    return f"{kind}__{slug}"


def _to_word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name)
