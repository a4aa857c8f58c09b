"""``POST /api/metadata``: checks class by class, then stores all in one transaction.

With atomicMode=ALL one complaint refuses everything, with a report that names each guilty object.
With NONE the good ones land; an object whose optional reference is missing lands without it, with a
complaint, and a required reference that is missing fails the whole request with a bare message
[seen 2.38-2.43]. From 2.42 mergeMode is gone: what is left out is erased [seen].
"""

from collections.abc import Iterable, Sequence
from random import Random, SystemRandom

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.instance import Instance, format_instant
from d2_assets.sandbox.metadata_bodies import Shaper
from d2_assets.sandbox.metadata_checks import (
    Check,
    Known,
    check_form,
    check_references,
    check_strategy,
    check_uid,
    check_unique,
    find_null,
)
from d2_assets.sandbox.metadata_combos import check_option_combos
from d2_assets.sandbox.metadata_deletes import delete_items
from d2_assets.sandbox.metadata_effects import Effects
from d2_assets.sandbox.metadata_references import STORED_AS
from d2_assets.sandbox.metadata_reports import Complaint, ImportReport, TypeReport
from d2_assets.sandbox.metadata_requests import (
    BareFailureError,
    Body,
    Item,
    MetadataOptions,
)
from d2_assets.sandbox.metadata_rights import check_rights
from d2_assets.sandbox.metadata_users import flatten_user
from d2_assets.sandbox.schema_table import Schema

_CHECKS: Sequence[Check] = (check_form, check_uid, check_unique, check_option_combos)

Classes = Sequence[tuple[Schema, list[Body]]]


def import_metadata(
    instance: Instance, account: Account, classes: Classes, options: MetadataOptions
) -> ImportReport:
    """Import objects by class; ``BareFailureError`` where the server gives no report."""
    with instance.importing:
        run = _Import(instance, account, options)
        run.take(classes)
        return run.finish()


class _Import:
    def __init__(self, instance: Instance, account: Account, options: MetadataOptions) -> None:
        self._instance = instance
        self._account = account
        self._options = options
        self._known = Known(instance.store, instance.facts)
        self._report = ImportReport()
        self._random: Random = SystemRandom()
        self._kept: list[tuple[TypeReport, list[Item]]] = []

    def take(self, classes: Classes) -> None:
        """Look at every object, in the order of the classes."""
        entered = [(TypeReport(schema), self._enter(schema, bodies)) for schema, bodies in classes]
        for of_class, items in entered:
            self._report.types.append(of_class)
            kept = [item for item in items if self._accept(of_class, item)]
            self._kept.append((of_class, kept))

    def _enter(self, schema: Schema, bodies: Iterable[Body]) -> list[Item]:
        plural = STORED_AS.get(schema.plural, schema.plural)
        entered: list[Item] = []
        known = self._known.items.setdefault(plural, {})
        for index, sent in enumerate(bodies):
            body = flatten_user(sent) if plural == "users" else sent
            uid = str(body.get("id") or generate_uid(self._random))
            existing = self._instance.store.get_object(plural, uid)
            item = Item(schema, index, body, uid, existing)
            item.is_second = uid in known and known[uid].schema is schema
            known[uid] = known[uid] if item.is_second else item
            entered.append(item)
        return entered

    def _accept(self, of_class: TypeReport, item: Item) -> bool:
        """Whether the object stays in the import; complaints go into the report."""
        refused = self._refuse(item)
        if refused:
            of_class.counts.ignored += len(refused)
            known = self._known.items[self._plural(item)]
            if known.get(item.uid) is item:
                del known[item.uid]
            # The index of E5000 is one too high [seen].
            shift = 1 if refused[0][0].code == "E5000" else 0
            said = [complaint for one in refused for complaint in one]
            of_class.blame(item.uid, item.index + shift, said)
            return False
        if self._options.strategy != "DELETE":
            missing = list(check_references(item, self._known))
            if missing:
                of_class.blame(item.uid, item.index, missing)
                of_class.counts.ignored += self._options.is_atomic
        return True

    def _refuse(self, item: Item) -> list[list[Complaint]]:
        """The complaints by the check that made them; none where the object may land."""
        facts, strategy = self._instance.facts, self._options.strategy
        if item.is_second:
            words = (
                f"Id `{item.uid}` for type `{item.schema.klass}` exists on more than 1 object "
                "in the payload, removing all but the first found"
            )
            return [[Complaint("E5004", words, (item.uid, item.schema.klass))]]
        said = list(check_strategy(item, strategy, facts))
        said = said or list(check_rights(item, strategy, self._account))
        if said or strategy == "DELETE":
            return [said] if said else []
        found = [list(check(item, self._known)) for check in _CHECKS]
        return [one for one in found if one]

    def finish(self) -> ImportReport:
        """Store what was kept, unless one complaint refuses all; the counts are complete then."""
        report, options = self._report, self._options
        if report.has_errors and options.is_atomic:
            for of_class, items in self._kept:
                of_class.counts.ignored += len(items)
            report.status = "ERROR"
            return report
        if options.strategy == "DELETE":
            self._delete()
        else:
            self._save()
        report.status = "WARNING" if report.has_errors else "OK"
        return report

    def _save(self) -> None:
        items = [item for _, kept in self._kept for item in kept]
        for item in items:
            self._find_failure(item)
        for of_class, kept in self._kept:
            of_class.counts.created += sum(item.is_new for item in kept)
            of_class.counts.updated += sum(not item.is_new for item in kept)
        if self._options.validates_only:
            return
        lost = self._options.lost_objects
        items = items[: max(0, len(items) - lost)] if lost else items
        shaper = self._make_shaper()
        effects = Effects(self._instance.store, self._instance.facts, self._random)
        for item in items:
            effects.put(self._plural(item), shaper.shape(item, self._known.has), item)
        effects.finish(format_instant(self._instance.store.now()))
        self._instance.store.change_metadata(effects.puts, {})
        for item in items:
            if item.schema.plural == "users":
                self._keep_password(item)

    def _find_failure(self, item: Item) -> None:
        """Raise for what makes the server fail when it stores the object."""
        facts = self._instance.facts
        null = find_null(item, self._known)
        if null is None and item.schema.plural == "dataSets" and self._instance.lacks_period_types:
            null = f"{item.schema.klass}.periodType"
        if null is not None:
            words = facts.null_reference_words.format(null)
            raise BareFailureError(facts.null_reference_status, words)

    def _make_shaper(self) -> Shaper:
        store, account = self._instance.store, self._account
        user = store.get_object("users", account.id) or {}
        author = {name: user[name] for name in ("id", "username", "name") if name in user}
        now = format_instant(store.now())
        return Shaper(store, self._instance.facts, self._options, author, now, self._random)

    def _keep_password(self, item: Item) -> None:
        """A password that was sent; an account that is new without one cannot log in."""
        store, username = self._instance.store, str(item.body.get("username") or "")
        password = item.body.get("password")
        if password:
            store.put_password(username, str(password))
        elif item.is_new and store.find_password(username) is None:
            store.put_password(username, generate_uid(self._random))

    def _delete(self) -> None:
        for of_class, kept in reversed(self._kept):
            gone, vetoed = delete_items(self._instance, kept, dry_run=self._options.validates_only)
            of_class.counts.deleted += len(gone)
            for item, complaint in vetoed:
                if not self._instance.facts.reports_vetoes:
                    raise BareFailureError(409, complaint.message, complaint.code)
                of_class.counts.ignored += 1
                of_class.blame(item.uid, item.index, [complaint])

    @staticmethod
    def _plural(item: Item) -> str:
        return STORED_AS.get(item.schema.plural, item.schema.plural)
