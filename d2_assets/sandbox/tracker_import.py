"""``POST /api/tracker``: checks every object, then stores what may be, in one transaction.

With atomicMode=OBJECT the good ones land and the answer is 200 and OK even when all were refused;
with ALL one refusal refuses everything [seen]. A good child of a refused parent that is not there
yet is refused with it (E5000); 2.38 fails on it instead [seen].
"""

import sqlite3
from collections.abc import Iterable
from random import SystemRandom

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_tracker import StoredObject, TrackerKind, upsert_objects
from d2_assets.sandbox.tracker_checks import complete_event, find_refusals
from d2_assets.sandbox.tracker_edits import bump_entities, delete_tree, format_ms
from d2_assets.sandbox.tracker_effects import Shaper
from d2_assets.sandbox.tracker_known import Known, list_parents
from d2_assets.sandbox.tracker_reports import TrackerReport
from d2_assets.sandbox.tracker_requests import Bundle, Sent, TrackerOptions
from d2_assets.sandbox.tracker_rules import RuleEngine
from d2_assets.sandbox.tracker_value_checks import read_value
from d2_assets.sandbox.tracker_versions import find_tracker_facts
from d2_assets.sandbox.tracker_words import Refusal

_NULL_UNIT = (
    'Exception:Cannot invoke "org.hisp.dhis.organisationunit.OrganisationUnit.getUid()" '
    'because "organisationUnit" is null'
)
_NOT_PERSISTED = "Exception:A Tracker Entity of type '{0}' ({1}) failed to persist."
_FILES = ("FILE_RESOURCE", "IMAGE")


def import_tracker(
    instance: Instance, account: Account, bundle: Bundle, options: TrackerOptions
) -> TrackerReport:
    """Import everything of a payload that may be."""
    line = instance.facts.line
    report = TrackerReport(line, find_tracker_facts(line), only_validated=options.validates_only)
    with instance.store.tracker.writing() as connection:
        known = Known(instance, account, options, bundle, connection)
        _Import(known, report).run()
    return report


class _Import:
    def __init__(self, known: Known, report: TrackerReport) -> None:
        self._known = known
        self._report = report
        self._refused: dict[TrackerKind, set[str]] = {kind: set() for kind in report.counts}
        self._deletes = known.options.strategy == "DELETE"

    def run(self) -> None:
        report = self._report
        if self._fails_on_unique():
            report.message = _NULL_UNIT
            return
        good = self._select()
        if report.message:
            return
        if report.errors and self._known.options.is_atomic:
            report.is_refused = True
            for kind, of_kind in self._known.bundle.objects.items():
                report.counts[kind].ignored = len(of_kind)
            return
        if self._known.options.validates_only:
            for counts in report.counts.values():
                counts.ignored = 0
            return
        self._store(good)

    def _fails_on_unique(self) -> bool:
        """Whether this is the update that makes the oldest version fail [seen 2.38]."""
        known = self._known
        if not known.facts.fails_on_unique_enrolled or self._deletes:
            return False
        return any(
            known.find_stored("trackedEntity", sent.tell("trackedEntity")) is not None
            and row.get("attribute") in known.metadata.attributes
            and known.metadata.attributes[row["attribute"]].is_unique
            for sent in known.bundle.objects["enrollment"].values()
            for row in sent.body.get("attributes") or ()
        )

    def _select(self) -> list[Sent]:
        """The objects that may be stored, parents first; refusals go into the report."""
        known = self._known
        own: list[tuple[Sent, Refusal]] = []
        good: list[Sent] = []
        for sent in known.bundle.iterate():
            if sent.kind == "event" and not self._deletes:
                complete_event(sent, known)
            refusals = find_refusals(sent, known)
            if refusals:
                self._refused[sent.kind].add(sent.uid)
                own += [(sent, refusal) for refusal in refusals]
            else:
                good.append(sent)
        good, by_rules = self._apply_rules(good)
        own += by_rules
        kept, echoes = self._follow_parents(good)
        if echoes and known.facts.fails_on_refused_parent and not known.options.is_atomic:
            first = echoes[0][0]
            self._report.message = _NOT_PERSISTED.format(first.kind, first.uid)
            echoes = []
        self._report.errors = [*echoes, *own]
        for kind, uids in self._refused.items():
            self._report.counts[kind].ignored = len(uids)
        return kept

    def _apply_rules(self, good: Iterable[Sent]) -> tuple[list[Sent], list[tuple[Sent, Refusal]]]:
        engine = RuleEngine(self._known)
        kept: list[Sent] = []
        refused: list[tuple[Sent, Refusal]] = []
        skips = self._known.options.skips_rules or self._deletes
        for sent in good:
            refusals: list[Refusal] = []
            if not skips and self._find_missing(sent) is None:
                refusals = list(engine.find_refusals(sent))
            if refusals:
                self._refused[sent.kind].add(sent.uid)
                refused += [(sent, refusal) for refusal in refusals]
            else:
                kept.append(sent)
        return kept, refused

    def _follow_parents(
        self, good: Iterable[Sent]
    ) -> tuple[list[Sent], list[tuple[Sent, Refusal]]]:
        """Objects without those whose parent cannot be created."""
        kept: list[Sent] = []
        echoes: list[tuple[Sent, Refusal]] = []
        for sent in good:
            missing = self._find_missing(sent)
            if missing is None:
                kept.append(sent)
            else:
                self._refused[sent.kind].add(sent.uid)
                echoes.append((sent, Refusal("E5000", (sent.kind, sent.uid, *missing))))
        return kept, echoes

    def _find_missing(self, sent: Sent) -> tuple[TrackerKind, str] | None:
        """The parent that was refused and is not there from before."""
        for kind, uid in [] if self._deletes else list_parents(sent):
            if uid in self._refused[kind] and self._known.find_stored(kind, uid) is None:
                return kind, uid
        return None

    # What is stored

    def _store(self, good: list[Sent]) -> None:
        report, known = self._report, self._known
        changing: list[Sent] = []
        for sent in good:
            counts = report.counts[sent.kind]
            report.kept[sent.kind].append(sent.uid)
            if sent.kind == "relationship" and not self._deletes and not known.is_new(sent):
                # A relationship that is there is left as it is, without a word [read].
                counts.ignored += 1
                continue
            changing.append(sent)
            counts.deleted += self._deletes
            counts.created += not self._deletes and known.is_new(sent)
            counts.updated += not self._deletes and not known.is_new(sent)
        landing = changing[: max(0, len(changing) - known.options.lost_objects)]
        now = known.instance.store.tracker.now_ms()
        if self._deletes:
            self._delete(known.connection, landing, now)
        else:
            self._save(known.connection, landing, now)

    def _delete(self, connection: sqlite3.Connection, landing: Iterable[Sent], now: int) -> None:
        gone: dict[TrackerKind, list[str]] = {}
        for sent in landing:
            gone.setdefault(sent.kind, []).append(sent.uid)
        for kind, uids in gone.items():
            delete_tree(connection, kind, uids, now)

    def _save(self, connection: sqlite3.Connection, landing: list[Sent], now: int) -> None:
        stamp = format_ms(now, self._known.instance.store.zone)
        shaper = Shaper(self._known, stamp, now, SystemRandom())
        shaped = {(sent.kind, sent.uid): shaper.shape(sent) for sent in landing}
        for sent in landing:
            if sent.kind == "enrollment" and sent.body.get("attributes"):
                key: tuple[TrackerKind, str] = ("trackedEntity", sent.tell("trackedEntity"))
                entity = shaped.get(key) or self._known.find_stored(*key)
                if entity is not None:
                    shaped[key] = shaper.with_enrolled(entity, sent.body["attributes"])
        upsert_objects(connection, shaped.values())
        bump_entities(connection, _list_entities(shaped.values()), now)
        self._claim_files(connection, landing)

    def _claim_files(self, connection: sqlite3.Connection, landing: Iterable[Sent]) -> None:
        """File resources belong to the object that names them, for good."""
        typed = {**self._known.metadata.elements, **self._known.metadata.attributes}
        files = self._known.instance.store.files
        for sent in landing:
            owner = sent.tell("trackedEntity") if sent.kind == "enrollment" else sent.uid
            for member, key in (("dataValues", "dataElement"), ("attributes", "attribute")):
                for row in sent.body.get(member) or ():
                    value = read_value(row)
                    named = typed.get(str(row.get(key)))
                    if value and named and named.value_type in _FILES:
                        files.claim(connection, value, owner)


def _list_entities(objects: Iterable[StoredObject]) -> list[str]:
    return list({item.tracked_entity for item in objects if item.tracked_entity})
