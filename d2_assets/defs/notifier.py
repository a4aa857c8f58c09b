"""Where notices go: into the log, onto the run concerned, and onto the asset ``overview/notices``.

Each of the ways is a ``Notifier`` of its own, and one that fails silences none of the others.
"""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import dagster as dg

from d2_assets.defs.tags import CAUSE_TAG, LONGEST_TEXT, MEND_TAG, NOTICE_TAG
from d2_assets.errors import D2AssetsError
from d2_assets.notices import Notice, NoticeKind, Notifier

__all__ = ["NOTICES", "Notice", "NoticeKind", "Notifier", "NotifierResource", "build_notices"]

#: The external asset that shows what was told, with its history.
NOTICES = dg.AssetKey(["overview", "notices"])


@dataclass(frozen=True, slots=True)
class LogNotifier:
    """A warning in the log of the tick that told it."""

    log: logging.Logger

    def tell(self, notice: Notice) -> None:
        self.log.warning(notice.text)


@dataclass(frozen=True, slots=True)
class RunNotifier:
    """Tags on the run concerned, by which the Runs page can be filtered."""

    instance: dg.DagsterInstance

    def tell(self, notice: Notice) -> None:
        run = self.instance.get_run_by_id(notice.run_id) if notice.run_id else None
        if run is None:
            return
        told = [kind for kind in run.tags.get(NOTICE_TAG, "").split(",") if kind]
        tags = {NOTICE_TAG: ",".join(dict.fromkeys([*told, notice.kind]))}
        for name, text in ((CAUSE_TAG, notice.cause), (MEND_TAG, notice.mend)):
            if text and not run.tags.get(name):
                tags[name] = text[:LONGEST_TEXT]
        self.instance.add_run_tags(run.run_id, tags)


@dataclass(frozen=True, slots=True)
class OverviewNotifier:
    """An observation on ``overview/notices``: what was told, and when, stays to be read."""

    instance: dg.DagsterInstance

    def tell(self, notice: Notice) -> None:
        metadata: dict[str, dg.MetadataValue] = {
            "kind": dg.MetadataValue.text(notice.kind),
            "subject": dg.MetadataValue.text(notice.subject),
        }
        if notice.cause:
            metadata["cause"] = dg.MetadataValue.text(notice.cause)
        if notice.mend:
            metadata["what to do"] = dg.MetadataValue.text(notice.mend)
        if notice.run_id:
            metadata["run"] = dg.MetadataValue.dagster_run(notice.run_id)
        self.instance.report_runless_asset_event(
            dg.AssetObservation(NOTICES, description=notice.words, metadata=metadata)
        )


@dataclass(frozen=True, slots=True)
class Notifiers:
    """Several, by their names. Each is told, whatever happens to the others; what one of them
    could not do is logged with its name."""

    log: logging.Logger
    ways: Mapping[str, Notifier]

    def tell(self, notice: Notice) -> None:
        # The stack calls all of them even where one ends in an error that is a defect.
        with ExitStack() as stack:
            for name, way in reversed(list(self.ways.items())):
                stack.callback(self._tell, name, way, notice)

    def _tell(self, name: str, way: Notifier, notice: Notice) -> None:
        try:
            way.tell(notice)
        except (D2AssetsError, OSError, dg.DagsterError) as error:
            self.log.error(f"The notifier {name} could not pass on {notice.kind}: {error}")


class NotifierResource(dg.ConfigurableResource):
    """Tells people what needs them: in the log, on the run, and on the asset overview/notices."""

    def open(self, instance: dg.DagsterInstance, log: logging.Logger) -> Notifier:
        """Something to tell notices to; ``log`` is that of the tick or the step."""
        return Notifiers(
            log,
            {
                "log": LogNotifier(log),
                "run": RunNotifier(instance),
                "overview": OverviewNotifier(instance),
            },
        )


def build_notices() -> dg.AssetSpec:
    """The asset ``overview/notices``: nothing makes it, sensors observe it."""
    return dg.AssetSpec(
        NOTICES,
        group_name="overview",
        description="What people were told without asking: a run that failed for good, a pair that "
        "was switched off, an instance that was lost or returned, another version, a clock that "
        "is off. Each notice is an observation with its cause and what to do; the newest stands "
        "first under Events.",
        kinds={"dhis2"},
        owners=["team:d2_assets"],
    )
