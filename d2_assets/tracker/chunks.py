"""The plan of a month, cut into requests: whole roots, parents before children, in phases.

All objects of one root are in one chunk, however many they are, so that no two writers ever hold
parts of a tree; ``settle`` cuts what one request cannot take. A phase ends before the next one
begins: relationships are deleted before their ends and written after them.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from d2_assets.staging.database import Database
from d2_assets.tracker.nest import Change
from d2_assets.tracker.objects import Body, Kind
from d2_assets.tracker.shape import decode_body

#: Rows that are read at a time: bodies of tracked entities may be large.
_READ = 1000

DELETE = "DELETE"
DEFAULT_STRATEGY = "CREATE_AND_UPDATE"

#: Actions that send something. A child that goes with its parent's delete is not sent by itself.
IS_SENT = "action IN ('create', 'update', 'delete')"
WITH_PARENT = "delete_with_parent"

#: Parents before children, relationships last: the order of rows in a request.
KIND_RANK = (
    "CASE kind WHEN 'trackedEntity' THEN 0 WHEN 'enrollment' THEN 1 WHEN 'event' THEN 2 ELSE 3 END"
)

#: The rows of a root's own: they say how it is read again.
ROOTS = (
    "SELECT DISTINCT ON (id) id, kind, program, type FROM plan "
    "WHERE kind = 'trackedEntity' OR (kind = 'event' AND parent = '') ORDER BY id, row DESC"
)


@dataclass(frozen=True, slots=True)
class Root:
    """What holds an object and is read as a whole: a tracked entity of a type, or an event of a
    program without registration."""

    kind: Kind
    id: str
    program: str
    type: str


@dataclass(frozen=True, slots=True)
class Row:
    """One planned object on its way. ``root`` is None where the plan does not have it."""

    row: int
    digest: int
    action: str
    kind: Kind
    id: str
    parent: str
    root_id: str
    root: Root | None
    body: Body
    old_body: Body | None

    @property
    def key(self) -> tuple[Kind, str]:
        return self.kind, self.id

    @property
    def parent_key(self) -> tuple[Kind, str]:
        """Kind and UID of what it belongs to; the UID may be empty."""
        above = Kind.TRACKED_ENTITY if self.kind is Kind.ENROLLMENT else Kind.ENROLLMENT
        return above, self.parent

    def to_change(self) -> Change:
        return Change(self.kind, self.id, self.root_id, self.parent, self.body, self.old_body)


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a push: rows of some kinds that are sent with one import strategy."""

    strategy: str
    where: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of whole roots, sent with one import strategy by one writer."""

    phase: int
    strategy: str
    rows: Sequence[Row]

    @property
    def digests(self) -> list[int]:
        return [row.digest for row in self.rows]


def list_phases(strategy: str = DEFAULT_STRATEGY) -> tuple[Phase, ...]:
    """Deletes from the outside in, trees, relationships. ``strategy``: of what is written."""
    if strategy == DELETE:
        strategy = DEFAULT_STRATEGY
    return (
        *(
            Phase(DELETE, f"action = 'delete' AND kind = '{kind}'")
            for kind in (Kind.RELATIONSHIP, Kind.EVENT, Kind.ENROLLMENT, Kind.TRACKED_ENTITY)
        ),
        Phase(strategy, f"action <> 'delete' AND kind <> '{Kind.RELATIONSHIP}'"),
        Phase(strategy, f"action <> 'delete' AND kind = '{Kind.RELATIONSHIP}'"),
    )


def iterate_chunks(
    database: Database, month: str, size: Callable[[], int], strategy: str = DEFAULT_STRATEGY
) -> Generator[Chunk, None, None]:
    """What the view ``plan`` means to send for a month; ``size`` is asked before each chunk."""
    for number, phase in enumerate(list_phases(strategy)):
        where = f"month = '{month}' AND {IS_SENT} AND {phase.where}"
        for rows in cut_roots(_iterate_rows(database, where), size):
            yield Chunk(number, phase.strategy, rows)


def cut_roots(rows: Iterable[Row], size: Callable[[], int]) -> Iterator[list[Row]]:
    """The same rows, some whole roots at a time: as many as have ``size()`` rows, or one."""
    waiting: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row.root_id):
        tree = list(group)
        if waiting and len(waiting) + len(tree) > size():
            yield waiting
            waiting = []
        waiting += tree
    if waiting:
        yield waiting


def _iterate_rows(database: Database, where: str) -> Iterator[Row]:
    query = f"""
        SELECT p.row, p.digest, p.action, p.kind, p.id, p.parent, p.root, p.body, p.old_body,
               r.kind AS root_kind, r.program AS root_program, r.type AS root_type
        FROM (SELECT * FROM plan WHERE {where}) AS p LEFT JOIN ({ROOTS}) AS r ON r.id = p.root
        ORDER BY p.root, {KIND_RANK.replace("kind", "p.kind", 1)}, p.id
    """
    for table in database.iterate(query, _READ):
        yield from map(_make_row, table.to_pylist())


def _make_row(found: Mapping[str, Any]) -> Row:
    root = None
    if found["root_kind"]:
        root = Root(
            Kind(found["root_kind"]),
            found["root"],
            found["root_program"] or "",
            found["root_type"] or "",
        )
    old = found["old_body"]
    return Row(
        row=found["row"],
        digest=found["digest"],
        action=found["action"],
        kind=Kind(found["kind"]),
        id=found["id"],
        parent=found["parent"] or "",
        root_id=found["root"],
        root=root,
        body=decode_body(found["body"]),
        old_body=decode_body(old) if old else None,
    )
