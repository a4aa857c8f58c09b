"""What the queue must know of a run: its pairs, where it writes, who launched it.

Dagster's queue counts runs by their tags. A run over several destinations counts against each of
them, so each has a tag of its own; and a run of a two-way pair against both of its ends, since its
lease is that of both.
"""

import re
from collections.abc import Iterable

import dagster as dg

from d2_assets.defs.run_facts import read_run_facts
from d2_assets.defs.tags import DESTINATION_TAG, PAIR_TAG, WRITES_PREFIX
from d2_assets.settings import Pair, Settings
from d2_assets.settings.vocabulary import MOVES

#: A name or an e-mail address. What else a header may hold is not shown.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 @._+\-]")
_LONGEST_NAME = 100


def derive_queue_tags(run: dg.DagsterRun, settings: Settings) -> dict[str, str]:
    """The tags of a run that tell its pairs, its destinations, and where it takes up a place.

    A run that only looks, like a preview, takes up none. Pairs that are not in the file are told,
    and nothing is known of where they lead.
    """
    facts = read_run_facts(run, [pair.name for pair in settings.pairs])
    if not facts.pairs:
        return {}
    tags = {PAIR_TAG: ",".join(facts.pairs)}
    pairs = [pair for pair in settings.pairs if pair.name in facts.pairs]
    if facts.writes and pairs:
        tags[DESTINATION_TAG] = ",".join(_each_once(pair.destination for pair in pairs))
        places = _each_once(place for pair in pairs for place in _list_places(pair, settings))
        tags |= {f"{WRITES_PREFIX}{place}": "true" for place in places}
    return tags


def _list_places(pair: Pair, settings: Settings) -> tuple[str, ...]:
    is_two_way = any(settings.find_reverse(pair, what) for what in MOVES[pair.sync_type])
    return (pair.destination, pair.source) if is_two_way else (pair.destination,)


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def list_limits(settings: Settings) -> list[dict[str, str | int]]:
    """For each instance, how many runs that take up a place there may go on at once."""
    return [
        {"key": f"{WRITES_PREFIX}{instance.name}", "limit": instance.writing_runs}
        for instance in settings.instances
    ]


def shorten_user(header: str) -> str:
    """The name in a proxy's header as it may be shown: letters, digits and a few signs, the others
    as _, at most 100 characters."""
    return _NOT_IN_NAMES.sub("_", header.strip())[:_LONGEST_NAME]
