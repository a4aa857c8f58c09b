"""The report of a tracker import: counts by kind, and every refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from d2_assets.sandbox.stored_tracker import PAYLOAD_MEMBERS, TrackerKind
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_versions import TrackerFacts
from d2_assets.sandbox.tracker_words import TYPE_NAMES, Refusal, render_args, word_refusal

_TIMERS = ("preheat", "preprocess", "validation", "programrule", "programruleValidation", "commit")


@dataclass(slots=True)
class Counts:
    """What became of objects."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0

    def render(self) -> dict[str, int]:
        """With the total, as reports show it."""
        counts = asdict(self)
        return counts | {"total": sum(counts.values())}


@dataclass(slots=True)
class TrackerReport:
    """What an import did. ``message`` is that of an importer that failed."""

    line: str
    facts: TrackerFacts
    errors: list[tuple[Sent, Refusal]] = field(default_factory=list)
    counts: dict[TrackerKind, Counts] = field(
        default_factory=lambda: {kind: Counts() for kind in PAYLOAD_MEMBERS}
    )
    kept: dict[TrackerKind, list[str]] = field(
        default_factory=lambda: {kind: [] for kind in PAYLOAD_MEMBERS}
    )
    is_refused: bool = False
    only_validated: bool = False
    message: str = ""

    def sum_up(self) -> Counts:
        """The counts of all kinds."""
        of_kinds = [asdict(counts) for counts in self.counts.values()]
        return Counts(**{name: sum(of[name] for of in of_kinds) for name in asdict(Counts())})

    def render(self, *, is_full: bool = False) -> dict[str, Any]:
        """The body of an answer."""
        body: dict[str, Any] = {
            "status": "ERROR" if self.is_refused or self.message else "OK",
            "validationReport": {
                "errorReports": [self._render_error(*error) for error in self.errors],
                "warningReports": [],
            },
        }
        if self.message:
            return body | {"message": self.message}
        stats = self.sum_up().render()
        body["stats"] = stats
        if is_full and self.facts.gives_timings:
            body["timingsStats"] = _render_timings(self.facts.repeats_timings)
        if not self.is_refused:
            body["bundleReport"] = self._render_bundle(stats)
        return body

    def _render_error(self, sent: Sent, refusal: Refusal) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": word_refusal(refusal, self.line),
            "errorCode": refusal.code,
            "trackerType": TYPE_NAMES[sent.kind],
            "uid": sent.uid,
        }
        return error if self.facts.speaks_old else error | {"args": render_args(refusal)}

    def _render_bundle(self, stats: Mapping[str, int]) -> dict[str, Any]:
        types = {} if self.only_validated else {
            TYPE_NAMES[kind]: {
                "trackerType": TYPE_NAMES[kind],
                "stats": self.counts[kind].render(),
                "objectReports": self._render_objects(kind, self.kept[kind]),
            }
            for kind in PAYLOAD_MEMBERS
        }  # fmt: skip
        bundle: dict[str, Any] = {"typeReportMap": types}
        if self.facts.repeats_stats:
            bundle |= {"status": "OK", "stats": stats}
        return bundle | ({"empty": True} if self.facts.says_empty else {})

    def _render_objects(self, kind: TrackerKind, kept: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {"trackerType": TYPE_NAMES[kind], "uid": uid}
            | ({"index": index} if self.facts.gives_index else {})
            | {"errorReports": []}
            for index, uid in enumerate(kept)
        ]


def _render_timings(is_repeated: bool) -> dict[str, Any]:
    taken = "0.001 sec."
    timers = {"timers": dict.fromkeys((*_TIMERS, "totalImport"), taken)}
    if not is_repeated:
        return timers
    names = ("preheat", "programRule", "validation", "commit", "totalImport")
    return {
        **timers,
        **dict.fromkeys(names, taken),
        "prepareRequest": "0.0 sec.",
        "totalRequest": "0.0 sec.",
    }
