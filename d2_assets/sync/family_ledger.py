"""What a family came to, counted, and written where people find it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from d2_assets.errors import D2AssetsError
from d2_assets.ledger.echoes import record_echoes
from d2_assets.ledger.metadata import TABLES, Row, write_rows
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.mapping.crosswalk import Match
from d2_assets.metadata.compare import Difference
from d2_assets.metadata.objects import Adaptation, Key, Refusal
from d2_assets.metadata.verify import Ended
from d2_assets.sync.family import FamilyResult, MetadataWork, PlannedFamily
from d2_assets.sync.maintenance import Pushed


def conclude(
    planned: PlannedFamily,
    pushed: Pushed,
    ended: Sequence[Ended],
    error: D2AssetsError | None,
    seconds_pushing: float,
    seconds_verifying: float,
) -> FamilyResult:
    """The result of a family, its ledger written for each month of the run."""
    work, plan = planned.work, planned.plan
    own = [one for one in ended if not one.planned.second_pass]
    second = [one for one in ended if one.planned.second_pass]
    adaptations = (*plan.adaptations, *pushed.warnings)
    crosswalk = (*plan.crosswalk, *_matches(own, pushed.generated))
    refusals = tuple(_refusals(ended))
    differences = tuple(each for one in ended for each in one.differences)
    _remember(work, ended)
    return FamilyResult(
        family=work.family,
        tally=Tally(planned.read, Counter(one.outcome for one in own)),
        by_class=_by_class(own),
        adaptations=adaptations,
        refusals=refusals,
        crosswalk=crosswalk,
        differences=differences,
        destination_only=plan.destination_only,
        deferred=plan.deferred,
        second_pass=sum(one.outcome == Outcome.UPDATED for one in second),
        broken=sum(one.is_broken for one in ended),
        requests=pushed.settlement.requests,
        not_carried=planned.not_carried,
        files=_write(work, ended, refusals, adaptations, crosswalk, differences),
        seconds_reading=planned.seconds_reading,
        seconds_pushing=seconds_pushing,
        seconds_verifying=seconds_verifying,
        error=error,
    )


def _by_class(own: Iterable[Ended]) -> Mapping[str, Mapping[Outcome, int]]:
    counts: dict[str, Counter[Outcome]] = {}
    for one in own:
        counts.setdefault(one.planned.key[0], Counter())[one.outcome] += 1
    return counts


def _matches(own: Iterable[Ended], generated: Mapping[Key, str]) -> Iterator[Match]:
    for one in own:
        if one.planned.key in generated:
            plural, uid = one.planned.key
            yield Match(plural, uid, generated[one.planned.key], "options", one.planned.name)


def _refusals(ended: Iterable[Ended]) -> Iterator[Refusal]:
    for one in ended:
        if one.outcome == Outcome.QUARANTINED:
            yield Refusal(*one.planned.key, one.planned.name, one.code, one.reason)


def _remember(work: MetadataWork, ended: Iterable[Ended]) -> None:
    """Note what the server keeps otherwise; what it keeps no more is forgotten."""
    echoes = {
        (each.plural, one.planned.destination_id, each.property): (each.wanted, each.found)
        for one in ended
        for each in one.differences
        if each.state == "kept"
    }
    record_echoes(work.home.echoes(work.asset, work.pair), echoes)


def _write(
    work: MetadataWork,
    ended: Sequence[Ended],
    refusals: Sequence[Refusal],
    adaptations: Sequence[Adaptation],
    crosswalk: Sequence[Match],
    differences: Sequence[Difference],
) -> Mapping[str, Path]:
    """All tables for each month; the paths are those of the first one."""
    tables: Mapping[str, list[Row]] = {
        "ledger": [_show_ended(one) for one in ended],
        "quarantine": [_show_refusal(one, work) for one in refusals],
        "adaptations": [
            (one.plural, one.id, one.name, one.property, one.what, one.why) for one in adaptations
        ],
        "crosswalk": [
            (one.plural, one.source, one.destination, one.how, one.name) for one in crosswalk
        ],
        "differences": [_show_difference(one) for one in differences],
    }
    files = {name: _path(work, name, work.months[0]) for name in TABLES}
    for month in work.months:
        for name, rows in tables.items():
            write_rows(name, _path(work, name, month), rows)
    return files


def _path(work: MetadataWork, table: str, month: str) -> Path:
    if table == "quarantine":
        return work.home.quarantine(work.asset, work.pair, month)
    path = work.home.ledger(work.asset, work.pair, month)
    return path if table == "ledger" else path.with_name(f"{month}-{table}.parquet")


def _show_ended(one: Ended) -> Row:
    planned = one.planned
    differences = [
        {"property": each.property, "source": each.source, "destination": each.destination}
        for each in one.differences
    ]
    return (
        *planned.key,
        planned.destination_id,
        planned.name,
        planned.code,
        str(planned.action),
        str(one.outcome),
        one.code,
        one.reason,
        orjson.dumps(differences).decode() if differences else "",
        ", ".join(planned.second_pass),
    )


def _show_refusal(one: Refusal, work: MetadataWork) -> Row:
    return (
        one.plural,
        one.id,
        one.name,
        one.code,
        one.reason,
        work.pair,
        work.family,
        work.run,
    )


def _show_difference(one: Difference) -> Row:
    return (
        one.plural,
        one.id,
        one.name,
        one.property,
        one.source,
        one.destination,
        one.state,
        one.why,
    )
