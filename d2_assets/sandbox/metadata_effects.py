"""What else changes when objects are saved: paths, lists kept from both sides, versions, combos.

A list such as a program's stages is stored with the program and told by each stage as well; the
stage decides, which is a guess. ``version`` of data sets, option sets and programs grows with
each save.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from d2_assets.sandbox.metadata_checks import WITH_DEFAULT
from d2_assets.sandbox.metadata_combos import list_options, make_lacking
from d2_assets.sandbox.metadata_requests import Item
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.versions import VersionFacts

Body = dict[str, Any]

#: Class of the child -> its member that names the parent, the parent's class and list.
INVERSES: Mapping[str, tuple[str, str, str]] = {
    "programStages": ("program", "programs", "programStages"),
    "programSections": ("program", "programs", "programSections"),
    "options": ("optionSet", "optionSets", "options"),
    "programRuleActions": ("programRule", "programRules", "programRuleActions"),
    "programStageSections": ("programStage", "programStages", "programStageSections"),
}
_VERSIONED = frozenset({"dataSets", "optionSets", "programs"})
_UNITS = "organisationUnits"


class Effects:
    """Collects the bodies of one import and what follows from them."""

    def __init__(self, store: Store, facts: VersionFacts, random: Random) -> None:
        self._store = store
        self._facts = facts
        self._random = random
        #: Class -> UID -> body.
        self.puts: dict[str, dict[str, Body]] = {}
        self._old: dict[tuple[str, str], Mapping[str, Any]] = {}

    def put(self, plural: str, body: Body, item: Item) -> None:
        """Store an object."""
        body.pop("password", None)
        if plural in _VERSIONED:
            old = (item.existing or {}).get("version")
            sent = body.get("version", 0)
            body["version"] = sent if old is None else int(old) + 1
        if plural == "users" and "name" not in body:
            body["name"] = f"{body.get('firstName')} {body.get('surname')}"
        self.puts.setdefault(plural, {})[body["id"]] = body
        if item.existing is not None:
            self._old[plural, body["id"]] = item.existing

    def find(self, plural: str, uid: str) -> Mapping[str, Any]:
        """A body as it will be."""
        put = self.puts.get(plural, {}).get(uid)
        return put if put is not None else self._store.get_object(plural, uid) or {}

    def finish(self, now: str) -> None:
        """Work out what follows, once all objects are put."""
        for child in INVERSES:
            self._keep_both_sides(child)
        self._place_units()
        if self._facts.makes_option_combos:
            self._make_option_combos(now)

    def _change(self, plural: str, uid: str) -> Body | None:
        """The body to change, which is stored with the others; None when there is no such."""
        put = self.puts.get(plural, {}).get(uid)
        if put is None:
            stored = self._store.get_object(plural, uid)
            if stored is None:
                return None
            put = self.puts.setdefault(plural, {})[uid] = dict(stored)
        return put

    def _keep_both_sides(self, child: str) -> None:
        member, plural, name = INVERSES[child]
        for uid, body in list(self.puts.get(child, {}).items()):
            parent = (body.get(member) or {}).get("id")
            before = (self._old.get((child, uid), {}).get(member) or {}).get("id")
            if before and before != parent:
                self._leave(plural, before, name, uid)
            if parent:
                self._join(plural, parent, name, uid)
        saved = self.puts.get(plural, {})
        by_parent = self._list_by_parent(child, member) if saved else {}
        for uid, body in list(saved.items()):
            self._settle(child, by_parent, uid, body)

    def _leave(self, plural: str, parent: str, name: str, uid: str) -> None:
        old = self._change(plural, parent)
        if old is not None:
            old[name] = [one for one in old.get(name, []) if one["id"] != uid]

    def _join(self, plural: str, parent: str, name: str, uid: str) -> None:
        listed = self.find(plural, parent).get(name) or []
        if any(one["id"] == uid for one in listed):
            return
        body = self._change(plural, parent)
        if body is not None:
            body[name] = [*listed, {"id": uid}]

    def _settle(self, child: str, parents: Mapping[str, list[str]], uid: str, body: Body) -> None:
        """A list that a parent was saved with: without what names another parent or is gone."""
        member, _, name = INVERSES[child]
        kept: dict[str, Body] = {}
        for one in body.get(name) or []:
            found = self.find(child, one["id"])
            parent = (found.get(member) or {}).get("id")
            if found and parent in (None, uid):
                kept[one["id"]] = one
            if found and parent is None:
                changed = self._change(child, one["id"])
                if changed is not None:
                    changed[member] = {"id": uid}
        for claiming in parents.get(uid, ()):
            kept.setdefault(claiming, {"id": claiming})
        body[name] = list(kept.values())

    def _list_by_parent(self, child: str, member: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        put = self.puts.get(child, {})
        stored = (body for body in self._store.metadata(child) if body["id"] not in put)
        for body in (*stored, *put.values()):
            parent = (body.get(member) or {}).get("id")
            if parent:
                found.setdefault(parent, []).append(body["id"])
        return found

    def _place_units(self) -> None:
        units = self.puts.get(_UNITS)
        if not units:
            return
        paths: dict[str, str] = {}
        moved = False
        for uid, body in units.items():
            path = self._find_path(uid, paths)
            moved = moved or self._old.get((_UNITS, uid), {}).get("path", path) != path
            body["path"], body["level"] = path, path.count("/")
        if moved:
            for body in self._store.metadata(_UNITS):
                path = self._find_path(body["id"], paths)
                if path != body.get("path") and body["id"] not in units:
                    units[body["id"]] = {**body, "path": path, "level": path.count("/")}

    def _find_path(self, uid: str, paths: dict[str, str]) -> str:
        chain = []
        while uid and uid not in paths and uid not in chain:
            chain.append(uid)
            uid = (self.find(_UNITS, uid).get("parent") or {}).get("id", "")
        path = paths.get(uid, "")
        for one in reversed(chain):
            path = paths[one] = f"{path}/{one}"
        return path

    def _make_option_combos(self, now: str) -> None:
        combos = [
            body
            for uid, body in self.puts.get("categoryCombos", {}).items()
            if uid != WITH_DEFAULT["CategoryCombo"]
        ]
        if not combos:
            return
        there: dict[str, set[frozenset[str]]] = {}
        put = self.puts.setdefault("categoryOptionCombos", {})
        for body in (*self._store.metadata("categoryOptionCombos"), *put.values()):
            combo = (body.get("categoryCombo") or {}).get("id", "")
            there.setdefault(combo, set()).add(list_options(body))
        for combo in combos:
            known = there.get(combo["id"], set())
            for body in make_lacking(combo, known, self.find, now, self._random):
                put[body["id"]] = body
