"""One run of a metadata family between two servers in memory."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, cast

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.staging.layout import Home
from d2_assets.sync.metadata import (
    FamilyResult,
    MetadataWork,
    PlannedFamily,
    Promised,
    move_family,
    plan_family,
)
from d2_assets.sync.progress import Meter
from d2_assets_tests.metadata.fake_server import FakeServer


def make_work(home: Path, family: str, **more: Any) -> MetadataWork:
    choices = more.pop("choices", None) or MetadataChoices()
    return MetadataWork(
        pair="national--training",
        family=family,
        months=more.pop("months", ("202501",)),
        choices=choices,
        run="run1",
        home=Home(home),
        meter=Meter(lambda: 0.0, lambda progress: None),
        clock=lambda: 0.0,
        stop=more.pop("stop", Event()),
        **more,
    )


def move(
    home: Path,
    family: str,
    source: FakeServer,
    destination: FakeServer,
    before: Callable[[PlannedFamily], None] = lambda planned: None,
    **more: Any,
) -> FamilyResult:
    work = make_work(home, family, **more)
    ends = cast(DHIS2Client, source), cast(DHIS2Client, destination)
    with plan_family(work, *ends) as planned:
        before(planned)
        return move_family(planned)


def preview(
    home: Path,
    family: str,
    source: FakeServer,
    destination: FakeServer,
    promised: Promised | None = None,
    **more: Any,
) -> PlannedFamily:
    work = make_work(home, family, is_preview=True, **more)
    ends = cast(DHIS2Client, source), cast(DHIS2Client, destination)
    with plan_family(work, *ends, promised or Promised()) as planned:
        return planned


COMBO = {"id": "bjDvmb4bfuf", "name": "default", "code": "default"}


def element(uid: str, **members: Any) -> dict[str, Any]:
    return {
        "id": uid,
        "name": uid.title(),
        "shortName": uid,
        "code": uid.upper(),
        "categoryCombo": {"id": COMBO["id"]},
        **members,
    }


def make_ends(*bodies: dict[str, Any]) -> tuple[FakeServer, FakeServer]:
    """A source with these elements, and an empty destination."""
    source = FakeServer("national").add("categoryCombos", COMBO).add("dataElements", *bodies)
    destination = FakeServer("training").add("categoryCombos", COMBO)
    return source, destination


def outcomes(result: FamilyResult) -> dict[str, int]:
    assert result.unaccounted == 0
    assert sum(sum(counts.values()) for counts in result.by_class.values()) == result.tally.read
    return {str(outcome): count for outcome, count in result.tally.outcomes.items() if count}
