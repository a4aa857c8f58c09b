"""The source's UIDs as the destination's, where the two servers know a thing by different ones.

Nothing is asked as long as the destination knows every UID that the source uses: then there is
nothing to tell apart. Else the classes in question are matched, once a piece of work.

An object that could be more than one at the destination is none there: its UID gets a mark that
no server knows, so that nothing is stored under what may be another thing's UID.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Event

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.content import CLASSES, DATA_ELEMENTS, DATA_SETS, ORG_UNITS
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import DataSet, OrgUnit
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk, Match, join_crosswalks
from d2_assets.mapping.matching import Ambiguity
from d2_assets.mapping.reading import read_crosswalk

_CLASSES = frozenset(CLASSES.values())
#: Behind the UID of an object that could be more than one.
MARK = "?"


class Identities:
    """What is known so far of which object is which; each class is read at most once.

    ``doubts``: words for the marked UIDs of objects that could be more than one.
    """

    def __init__(
        self,
        source: DHIS2Client,
        destination: DHIS2Client,
        choices: Choices,
        stop: Event,
    ) -> None:
        self._source = source
        self._destination = destination
        self._choices = choices
        self._stop = stop
        self._read: set[str] = set()
        self.crosswalk = NO_CROSSWALK
        self.doubts: dict[str, str] = {}

    def learn(self, plurals: Iterable[str] = ()) -> Crosswalk:
        """Everything known after these classes, and those of the pair's own table, are matched."""
        wanted = {*plurals, *(_CLASSES & self._choices.explicit.keys())} - self._read
        if wanted:
            self._read |= wanted
            found, ambiguous = read_crosswalk(
                self._source,
                self._destination,
                wanted,
                explicit=self._choices.explicit,
                by=self._choices.match_by,
                page_size=self._choices.page_size,
                stop=self._stop,
            )
            doubtful = Crosswalk(tuple(map(_mark, ambiguous)))
            self.crosswalk = join_crosswalks([self.crosswalk, found, doubtful])
            self.doubts |= {f"{one.source}{MARK}": _word(one) for one in ambiguous}
        return self.crosswalk


def is_marked(uid: str) -> bool:
    """Whether it stands for an object that could be more than one: no server knows it."""
    return uid.endswith(MARK)


def find_strange_classes(
    data_sets: Mapping[str, DataSet],
    units: Iterable[str],
    their_data_sets: Mapping[str, DataSet],
    their_units: Mapping[str, OrgUnit],
) -> frozenset[str]:
    """The classes of which the source uses an object that the destination does not know."""
    strange: set[str] = set()
    if data_sets.keys() - their_data_sets.keys():
        strange.add(DATA_SETS)
    if _list_elements(data_sets) - _list_elements(their_data_sets):
        strange.add(DATA_ELEMENTS)
    if any(uid not in their_units for uid in units):
        strange.add(ORG_UNITS)
    return frozenset(strange)


def translate_data_sets(
    data_sets: Mapping[str, DataSet], crosswalk: Crosswalk
) -> dict[str, DataSet]:
    """Data sets with their elements and org units, all by the destination's UIDs."""
    translated = (_translate_data_set(item, crosswalk) for item in data_sets.values())
    return {item.id: item for item in translated}


def translate_units(units: Mapping[str, OrgUnit], crosswalk: Crosswalk) -> dict[str, OrgUnit]:
    """Org units by the destination's UIDs; their paths stay the source's."""
    named = ((crosswalk.get(ORG_UNITS, uid), unit) for uid, unit in units.items())
    return {uid: replace(unit, id=uid) for uid, unit in named}


def _mark(one: Ambiguity) -> Match:
    return Match(one.plural, one.source, f"{one.source}{MARK}", "table", one.name)


def _word(one: Ambiguity) -> str:
    return f"{one.source} «{one.name}» ({one.plural}): {one.words}"


def _translate_data_set(item: DataSet, crosswalk: Crosswalk) -> DataSet:
    return replace(
        item,
        id=crosswalk.get(DATA_SETS, item.id),
        elements=tuple(
            replace(one, data_element=crosswalk.get(DATA_ELEMENTS, one.data_element))
            for one in item.elements
        ),
        org_units=frozenset(crosswalk.get(ORG_UNITS, uid) for uid in item.org_units),
    )


def _list_elements(data_sets: Mapping[str, DataSet]) -> set[str]:
    return {one.data_element for item in data_sets.values() for one in item.elements}
