"""Where DHIS2's grammars have UIDs, for each kind of text.

A place says where a UID stands and of which classes its object may be: mostly one; several where
only the server knows (a dimension may be a category or a group set).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """How a text is read."""

    #: ``#{element.combo.combo}``, ``I{…}``, ``R{dataSet.METRIC}``: formulas of aggregate data.
    INDICATOR = auto()
    #: ``#{stage.element}``, ``A{attribute}``: formulas of a program.
    PROGRAM = auto()
    #: Conditions and actions of rules: ``#{…}`` and ``A{…}`` hold names of variables, not UIDs.
    RULE = auto()
    #: Messages: ``#{element}``, ``A{attribute}``.
    MESSAGE = auto()
    #: A dimension or an item of one: "pe", a UID, UIDs joined by points. What it names stands
    #: beside it as a reference.
    DIMENSION = auto()
    #: The HTML of an entry form.
    FORM = auto()
    #: Options of a section, as JSON text.
    SECTION = auto()
    #: The whole text is one UID, of this class.
    ATTRIBUTE = auto()
    CATEGORY = auto()
    CATEGORY_OPTION = auto()
    DATA_ELEMENT = auto()
    MAP_LAYER = auto()
    NOTIFICATION = auto()
    OPTION_COMBO = auto()
    OPTION_SET = auto()
    PROGRAM_STAGE = auto()
    ORGANISATION_UNIT = auto()
    TRACKED_ENTITY_TYPE = auto()
    USER = auto()
    #: The whole text is one UID, of a group set or a category.
    FILTER = auto()
    #: The whole text is one UID, of a data element or an attribute; or it is a word.
    FIELD = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """A UID in a text, from ``start`` on."""

    start: int
    uid: str
    plurals: tuple[str, ...]


Plurals = tuple[str, ...]

_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")

_ELEMENT: Plurals = ("dataElements",)
_COMBO: Plurals = ("categoryOptionCombos",)
_ATTRIBUTE: Plurals = ("trackedEntityAttributes",)
_PROGRAM: Plurals = ("programs",)
_STAGE: Plurals = ("programStages",)
_OPTION: Plurals = ("options",)
_FILTERS: Plurals = (
    "categories",
    "categoryOptionGroupSets",
    "organisationUnitGroupSets",
    "dataElementGroupSets",
)

_WHOLE: Mapping[Kind, Plurals] = {
    Kind.ATTRIBUTE: _ATTRIBUTE,
    Kind.CATEGORY: ("categories",),
    Kind.CATEGORY_OPTION: ("categoryOptions",),
    Kind.DATA_ELEMENT: _ELEMENT,
    Kind.MAP_LAYER: ("externalMapLayers",),
    Kind.NOTIFICATION: ("programNotificationTemplates",),
    Kind.OPTION_COMBO: _COMBO,
    Kind.OPTION_SET: ("optionSets",),
    Kind.PROGRAM_STAGE: _STAGE,
    Kind.ORGANISATION_UNIT: ("organisationUnits",),
    Kind.TRACKED_ENTITY_TYPE: ("trackedEntityTypes",),
    Kind.USER: ("users",),
    Kind.FILTER: _FILTERS,
    Kind.FIELD: (*_ELEMENT, *_ATTRIBUTE),
}

#: Classes of the objects that can be dimensions, or items of them.
_DIMENSIONS: Plurals = (
    *_FILTERS,
    "categoryOptionGroups",
    "categoryOptions",
    "organisationUnitGroups",
    "dataElementGroups",
    "dataElements",
    "categoryOptionCombos",
    "dataSets",
    "indicators",
    "programIndicators",
    "trackedEntityAttributes",
    "programs",
    "programStages",
    "options",
    "legendSets",
    "organisationUnits",
    "expressionDimensionItems",
)

#: Before the brace, and by the number of UIDs in it, what they are.
Items = Mapping[str, Sequence[Sequence[Plurals]]]
_INDICATOR_ITEMS: Items = {
    "#": ((_ELEMENT,), (_ELEMENT, _COMBO), (_ELEMENT, _COMBO, _COMBO)),
    "A": ((_ATTRIBUTE,), (_PROGRAM, _ATTRIBUTE), (_PROGRAM, _ATTRIBUTE, _OPTION)),
    "D": ((_ELEMENT,), (_PROGRAM, _ELEMENT), (_PROGRAM, _ELEMENT, _OPTION)),
    "I": ((("programIndicators",),),),
    "N": ((("indicators",),),),
    "R": ((("dataSets",),), (("dataSets",), ())),
    "C": ((("constants",),),),
    "OUG": ((("organisationUnitGroups",),),),
}
_PROGRAM_ITEMS: Items = {
    "#": ((_ELEMENT,), (_STAGE, _ELEMENT)),
    "A": ((_ATTRIBUTE,),),
    "C": ((("constants",),),),
}
_RULE_ITEMS: Items = {"C": ((("constants",),),)}
_MESSAGE_ITEMS: Items = {"#": ((_ELEMENT,), (_STAGE, _ELEMENT)), "A": ((_ATTRIBUTE,),)}

#: ``#{deGroup:UID&UID.coGroup:UID}``: groups in place of what is in them.
_TAGS: Mapping[str, Plurals] = {
    "deGroup": ("dataElementGroups",),
    "coGroup": ("categoryOptionGroups",),
    "co": ("categoryOptions",),
}
_ITEM = re.compile(r"(#|(?<![A-Za-z0-9_])(?:OUG|[ADINRC]))\{([^{}]*)\}")

#: Functions whose arguments are UIDs: what stands before them, and what they are.
Functions = Sequence[tuple[re.Pattern[str], Plurals]]


def _function(name: str, *plurals: str) -> tuple[re.Pattern[str], Plurals]:
    return re.compile(rf"(?<![A-Za-z0-9_.]){name}\(([^()]*)\)"), plurals


_ORG_UNIT_FUNCTIONS: Functions = (
    _function(r"orgUnit\.ancestor", "organisationUnits"),
    _function(r"orgUnit\.group", "organisationUnitGroups"),
    _function(r"orgUnit\.dataSet", "dataSets"),
    _function(r"orgUnit\.program", "programs"),
)
_PROGRAM_FUNCTIONS: Functions = (
    (re.compile(r"(?<![A-Za-z0-9_])PS_EVENTDATE:\s*([A-Za-z0-9]*)"), _STAGE),
    _function("d2:relationshipCount", "relationshipTypes"),
)
_RULE_FUNCTIONS: Functions = (
    _function("d2:inOrgUnitGroup", "organisationUnitGroups"),
    _function("d2:hasUserRole", "userRoles"),
)
_ARGUMENT = re.compile(r"(?<![A-Za-z0-9_:.{])([A-Za-z][A-Za-z0-9]{10})(?![A-Za-z0-9_:.}])")

#: ``id="element-combo-val"`` of a data set's form, ``id="stage-element-val"`` of a program's.
_FORM_FIELD = re.compile(
    r"""\bid\s*=\s*["'](?P<first>[A-Za-z][A-Za-z0-9]{10})-(?P<second>[A-Za-z][A-Za-z0-9]{10})-"""
    r"""[a-z]+["']""",
    re.IGNORECASE,
)
_FORM_MEMBERS: Mapping[str, Plurals] = {
    "dataelementid": _ELEMENT,
    "indicatorid": ("indicators",),
    "attributeid": _ATTRIBUTE,
    "trackedentityattributeid": _ATTRIBUTE,
    "programstageid": _STAGE,
    "programid": _PROGRAM,
    "optionsetid": ("optionSets",),
}
_FORM_MEMBER = re.compile(
    rf"""\b({"|".join(_FORM_MEMBERS)})\s*=\s*["']([A-Za-z][A-Za-z0-9]{{10}})["']""", re.IGNORECASE
)
#: ``id="indicatorUID"`` and ``id="totalUID"`` name once more what the members beside them name.
_FORM_TOTAL = re.compile(r"""\bid\s*=\s*["'](indicator|total)([A-Za-z][A-Za-z0-9]{10})["']""")
_TOTALS: Mapping[str, Plurals] = {"indicator": ("indicators",), "total": _ELEMENT}

_PIVOTED = re.compile(r'"pivotedCategory"\s*:\s*"([A-Za-z][A-Za-z0-9]{10})"')


def find_places(text: str, kind: Kind) -> list[Place]:
    """Every UID of a text, each once, by where it stands."""
    if kind in _WHOLE:
        return [Place(0, text, _WHOLE[kind])] if _UID.fullmatch(text) else []
    found = {place.start: place for place in _READERS[kind](text)}
    return [found[start] for start in sorted(found)]


def _read_expression(text: str, items: Items, functions: Functions) -> Iterator[Place]:
    for match in _ITEM.finditer(text):
        if shapes := items.get(match[1]):
            yield from _read_item(match[2], match.start(2), shapes)
    for pattern, plurals in functions:
        for match in pattern.finditer(text):
            for found in _ARGUMENT.finditer(match[1]):
                yield Place(match.start(1) + found.start(1), found[1], plurals)


def _read_item(inner: str, start: int, shapes: Sequence[Sequence[Plurals]]) -> Iterator[Place]:
    parts = inner.split(".")
    if len(parts) > len(shapes):
        return
    for part, untagged in zip(parts, shapes[len(parts) - 1], strict=True):
        tag, _, uids = part.rpartition(":")
        plurals = _TAGS.get(tag, ()) if tag else untagged
        at = start + len(part) - len(uids)
        for uid in uids.split("&"):
            if plurals and _UID.fullmatch(uid):
                yield Place(at, uid, plurals)
            at += len(uid) + 1
        start += len(part) + 1


def _read_dimension(text: str) -> Iterator[Place]:
    """The parts between points and colons that are UIDs."""
    start = 0
    for part in re.split(r"[.:]", text):
        if _UID.fullmatch(part):
            yield Place(start, part, _DIMENSIONS)
        start += len(part) + 1


def _read_form(text: str) -> Iterator[Place]:
    for match in _FORM_FIELD.finditer(text):
        yield Place(match.start("first"), match["first"], (*_ELEMENT, *_STAGE))
        yield Place(match.start("second"), match["second"], (*_COMBO, *_ELEMENT))
    for match in _FORM_MEMBER.finditer(text):
        yield Place(match.start(2), match[2], _FORM_MEMBERS[match[1].lower()])
    for match in _FORM_TOTAL.finditer(text):
        yield Place(match.start(2), match[2], _TOTALS[match[1]])


def _read_section(text: str) -> Iterator[Place]:
    for match in _PIVOTED.finditer(text):
        yield Place(match.start(1), match[1], ("categories",))


_READERS: Mapping[Kind, Callable[[str], Iterator[Place]]] = {
    Kind.INDICATOR: lambda text: _read_expression(text, _INDICATOR_ITEMS, _ORG_UNIT_FUNCTIONS),
    Kind.PROGRAM: lambda text: _read_expression(text, _PROGRAM_ITEMS, _PROGRAM_FUNCTIONS),
    Kind.RULE: lambda text: _read_expression(text, _RULE_ITEMS, _RULE_FUNCTIONS),
    Kind.MESSAGE: lambda text: _read_expression(text, _MESSAGE_ITEMS, ()),
    Kind.DIMENSION: _read_dimension,
    Kind.FORM: _read_form,
    Kind.SECTION: _read_section,
}
