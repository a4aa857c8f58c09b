"""The source's UIDs as the destination's, where the two servers know a thing by different ones.

Nothing is asked as long as the destination knows every UID that the pair's objects may use. An
object that could be more than one at the destination is none there: its UID gets a mark that no
server knows, so that nothing is stored under what may be another thing's UID.
"""

from collections.abc import Iterable, Mapping, Sequence
from threading import Event

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.programs import Program
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk, Match, join_crosswalks
from d2_assets.mapping.matching import Ambiguity, By
from d2_assets.mapping.reading import read_crosswalk
from d2_assets.tracker.choices import TrackerChoices

PROGRAMS = "programs"
STAGES = "programStages"
TYPES = "trackedEntityTypes"
ATTRIBUTES = "trackedEntityAttributes"
DATA_ELEMENTS = "dataElements"
ORG_UNITS = "organisationUnits"
OPTION_COMBOS = "categoryOptionCombos"
RELATIONSHIP_TYPES = "relationshipTypes"
#: The classes of metadata that tracker objects refer to.
CLASSES = (
    PROGRAMS,
    STAGES,
    TYPES,
    ATTRIBUTES,
    DATA_ELEMENTS,
    ORG_UNITS,
    OPTION_COMBOS,
    RELATIONSHIP_TYPES,
)
#: Of these several may have one name [seen in the schemas of 2.38 to 2.43]: «Follow-up» is a stage
#: of many programs. Stages are told apart by their programs.
_NAMES_REPEAT = frozenset({PROGRAMS, STAGES})
#: Behind the UID of an object that could be more than one.
MARK = "?"


def learn_identities(
    source: DHIS2Client,
    destination: DHIS2Client,
    choices: TrackerChoices,
    strange: Iterable[str],
    stop: Event,
) -> tuple[Crosswalk, dict[str, str]]:
    """Match the objects of the strange classes, and of those that the pair's own table names.

    Only what differs is kept: of 100,000 org units most are alike. Also gives words for the marked
    UIDs of objects that could be more than one.
    """
    wanted = {*strange, *(plural for plural in CLASSES if plural in choices.explicit)}
    unnamed: list[By] = [one for one in choices.match_by if one != "name"]
    asked: list[tuple[set[str], Sequence[By]]] = [
        (wanted & _NAMES_REPEAT, unnamed),
        (wanted - _NAMES_REPEAT, choices.match_by),
    ]
    parts, doubts = [], {}
    for plurals, by in asked:
        if not plurals:
            continue
        found, ambiguous = read_crosswalk(
            source,
            destination,
            plurals,
            explicit=choices.explicit,
            by=by,
            page_size=choices.page_size,
            stop=stop,
        )
        parts += [found, Crosswalk(tuple(map(_mark, ambiguous)))]
        doubts |= {f"{one.source}{MARK}": _word(one) for one in ambiguous}
    return (Crosswalk(join_crosswalks(parts).rows) if parts else NO_CROSSWALK), doubts


def match_stages(
    theirs: Iterable[Program], ours: Mapping[str, Program], crosswalk: Crosswalk
) -> Crosswalk:
    """The crosswalk with the stages that it leaves open, found by their names in their programs.

    ``theirs`` are the source's programs, ``ours`` the destination's.
    """
    known = {stage.id for program in ours.values() for stage in program.stages}
    found = [
        match
        for program in theirs
        if (other := ours.get(crosswalk.get(PROGRAMS, program.id))) is not None
        for match in _match_stages_of(program, other, crosswalk, known)
    ]
    return join_crosswalks([crosswalk, Crosswalk(tuple(found))]) if found else crosswalk


def is_marked(uid: str) -> bool:
    """Whether it stands for an object that could be more than one: no server knows it."""
    return uid.endswith(MARK)


def _match_stages_of(
    program: Program, other: Program, crosswalk: Crosswalk, known: set[str]
) -> Iterable[Match]:
    targets = {crosswalk.get(STAGES, stage.id) for stage in program.stages}
    free = [stage for stage in other.stages if stage.id not in targets]
    for stage in program.stages:
        target = crosswalk.get(STAGES, stage.id)
        named = [one for one in free if one.name == stage.name]
        is_only = sum(one.name == stage.name for one in program.stages) == 1
        if target not in known and not is_marked(target) and len(named) == 1 and is_only:
            yield Match(STAGES, stage.id, named[0].id, "name", stage.name)


def _mark(one: Ambiguity) -> Match:
    return Match(one.plural, one.source, f"{one.source}{MARK}", "table", one.name)


def _word(one: Ambiguity) -> str:
    return f"{one.source} «{one.name}» ({one.plural}): {one.words}"
