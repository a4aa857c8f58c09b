"""A DHIS2 server in memory, as far as metadata go, behind the methods of the client.

It imports all or nothing, checks references and unique members, stamps what it stores, and erases
what an update leaves out, as real servers do.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, product
from typing import Any

from d2_assets.dhis2.dialects import Dialect, find_dialect
from d2_assets.dhis2.metadata import OrgUnit
from d2_assets.dhis2.metadata_objects import Identity, OptionCombo, parse_identity
from d2_assets.dhis2.metadata_reports import MetadataReport, ObjectError
from d2_assets.dhis2.schemas import Schemas
from d2_assets.dhis2.system import Account, SystemInfo
from d2_assets.errors import D2AssetsError
from d2_assets.metadata.references import iterate_references
from d2_assets_tests.metadata.classes import SCHEMAS

Body = dict[str, Any]


def _as_it_is(plural: str, body: Body) -> Body:
    return body


@dataclass
class FakeServer:
    """``objects`` are bodies by UID, by class. ``lost``: UIDs that are taken with OK and not
    stored. ``keeps``: what the server makes of a body that it stores. ``failures`` are raised by
    the next imports, which are carried out all the same with ``stores_before_failing``;
    ``unreadable`` UIDs fail a request without a report."""

    name: str = "fake"
    objects: dict[str, dict[str, Body]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    schemas: Schemas = SCHEMAS
    version: str = "2.40"
    authorities: frozenset[str] = frozenset({"ALL"})
    lost: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    keeps: Callable[[str, Body], Body] = _as_it_is
    failures: list[D2AssetsError] = field(default_factory=list)
    stores_before_failing: bool = False
    read_failures: list[D2AssetsError] = field(default_factory=list)
    imports: list[dict[str, list[str]]] = field(default_factory=list)
    listed: list[tuple[str, int]] = field(default_factory=list)
    maintained: list[str] = field(default_factory=list)
    on_import: Callable[[], object] = lambda: None
    clock: Iterator[int] = field(default_factory=count)
    dialect_warning: str | None = None

    def add(self, plural: str, *bodies: Body) -> "FakeServer":
        for body in bodies:
            self._store(plural, body)
        return self

    @property
    def url(self) -> str:
        return f"https://{self.name}.example.org"

    @property
    def dialect(self) -> Dialect:
        return find_dialect(self.version)[0]

    @property
    def written(self) -> list[str]:
        """UIDs in the order in which imports named them."""
        return [uid for one in self.imports for uids in one.values() for uid in uids]

    def get_system_info(self) -> SystemInfo:
        return SystemInfo(self.version, "", "", "", "iso8601", "", self.name, "")

    def get_me(self) -> Account:
        return Account("syncAccount", "sync", self.authorities, (), ())

    def iterate_owned(
        self, plural: str, page_size: int = 500, ids: Sequence[str] = ()
    ) -> Iterator[Body]:
        if self.read_failures:
            raise self.read_failures.pop(0)
        for uid, body in sorted(self.objects.get(plural, {}).items()):
            if not ids or uid in ids:
                yield dict(body)

    def list_identities(
        self, plural: str, page_size: int = 500, ids: Sequence[str] = ()
    ) -> list[Identity]:
        self.listed.append((plural, len(ids)))
        return [parse_identity(body) for body in self.iterate_owned(plural, page_size, ids)]

    def count_objects(self, plural: str) -> int:
        return len(self.objects.get(plural, {}))

    def list_org_units(self, page_size: int = 500) -> list[OrgUnit]:
        return [
            OrgUnit(one["id"], one["name"], one["path"], one["path"].count("/"), None, None)
            for one in self.iterate_owned("organisationUnits")
        ]

    def list_option_combos(self, page_size: int = 500) -> list[OptionCombo]:
        return [
            OptionCombo(
                body["id"],
                body.get("name", ""),
                body.get("code", ""),
                body["categoryCombo"]["id"],
                frozenset(one["id"] for one in body["categoryOptions"]),
            )
            for body in self.iterate_owned("categoryOptionCombos")
        ]

    def get_system_settings(self) -> dict[str, Any]:
        return dict(self.settings)

    def post_system_settings(self, values: Mapping[str, Any]) -> None:
        self.imports.append({"systemSettings": list(values)})
        self.settings.update({key: value for key, value in values.items() if key not in self.lost})

    def clear_caches(self) -> None:
        self.maintained.append("caches")

    def update_option_combos(self) -> None:
        self.maintained.append("option combos")
        there = {(one.category_combo, one.category_options) for one in self.list_option_combos()}
        categories = self.objects.get("categories", {})
        for uid, combo in self.objects.get("categoryCombos", {}).items():
            options = [
                [one["id"] for one in categories[category["id"]]["categoryOptions"]]
                for category in combo["categories"]
            ]
            for chosen in product(*options):
                if (uid, frozenset(chosen)) not in there:
                    body = {
                        "id": f"made-{uid}-{'-'.join(chosen)}",
                        "name": ", ".join(chosen),
                        "categoryCombo": {"id": uid},
                        "categoryOptions": [{"id": option} for option in chosen],
                    }
                    self._store("categoryOptionCombos", body)

    def post_metadata(
        self,
        classes: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        strategy: str = "CREATE_AND_UPDATE",
        atomic_mode: str = "ALL",
        validate_only: bool = False,
    ) -> MetadataReport:
        assert atomic_mode == "ALL"
        sent = [(plural, dict(body)) for plural, bodies in classes.items() for body in bodies]
        if not validate_only:
            self.imports.append(
                {p: [str(b["id"]) for b in bodies] for p, bodies in classes.items()}
            )
            self.on_import()
            if self.failures:
                if self.stores_before_failing:
                    self._store_all(sent)
                raise self.failures.pop(0)
        if any(body["id"] in self.unreadable for _, body in sent):
            return replace(_REPORT, http_status=500, status="ERROR", message="No.", is_bare=True)
        if strategy == "DELETE":
            return self._delete(sent)
        errors = tuple(self._find_errors(sent))
        if errors:
            return replace(_REPORT, http_status=409, status="ERROR", errors=errors)
        if not validate_only:
            self._store_all(sent)
        return replace(_REPORT, created=len(sent), total=len(sent))

    def _delete(self, sent: Sequence[tuple[str, Body]]) -> MetadataReport:
        leaving = {(plural, body["id"]) for plural, body in sent}
        errors = tuple(
            _error(body["id"], "E4030", f"Object is referenced by {by}.")
            for plural, body in sent
            for by in self._find_users(plural, body["id"], leaving)
        )
        if errors:
            return replace(_REPORT, http_status=409, status="ERROR", errors=errors)
        for plural, uid in leaving:
            if uid not in self.lost:
                self.objects[plural].pop(uid)
        return replace(_REPORT, deleted=len(sent), total=len(sent))

    def _find_users(self, plural: str, uid: str, leaving: set[tuple[str, str]]) -> Iterator[str]:
        for other, bodies in self.objects.items():
            for body in bodies.values():
                if (other, body["id"]) not in leaving and any(
                    (one.plural, one.id) == (plural, uid)
                    for one in iterate_references(body, other, self.schemas)
                ):
                    yield body["id"]

    def _find_errors(self, sent: Sequence[tuple[str, Body]]) -> Iterator[ObjectError]:
        here = {(plural, uid) for plural, bodies in self.objects.items() for uid in bodies}
        here |= {(plural, body["id"]) for plural, body in sent}
        for plural, body in sent:
            for one in iterate_references(body, plural, self.schemas):
                if not one.is_principal and (one.plural, one.id) not in here:
                    yield _error(body["id"], "E5002", f"Invalid reference [{one.id}]")
            for other in self.objects.get(plural, {}).values():
                if other["id"] != body["id"] and other.get("code", 0) == body.get("code"):
                    yield _error(body["id"], "E5003", f"The code {body['code']} is taken")

    def find_stamp(self, uid: str) -> str:
        return next(one[uid]["lastUpdated"] for one in self.objects.values() if uid in one)

    def _store_all(self, sent: Sequence[tuple[str, Body]]) -> None:
        for plural, body in sent:
            if body["id"] not in self.lost:
                self._store(plural, self.keeps(plural, body))

    def _store(self, plural: str, body: Body) -> None:
        stamps = {"lastUpdated": f"2026-01-01T00:00:00.{next(self.clock):03}"}
        self.objects.setdefault(plural, {})[body["id"]] = {**body, **stamps}


_REPORT = MetadataReport(
    http_status=200,
    status="OK",
    created=0,
    updated=0,
    deleted=0,
    ignored=0,
    total=0,
    errors=(),
    message="",
    is_bare=False,
)


def _error(uid: str, code: str, words: str) -> ObjectError:
    return ObjectError("DataElement", uid, 0, code, words)
