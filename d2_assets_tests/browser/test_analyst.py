"""What an analyst does in the UI: materialise a month, backfill three of them, move metadata."""

import os
import re
from typing import TypedDict

import dagster as dg
import pytest
from playwright.sync_api import Locator, Page, expect

from d2_assets.metadata.families import FAMILIES
from d2_assets.sandbox import Store
from d2_assets.sandbox.stored_tracker import TrackerKind
from d2_assets.sandbox.tracker_edits import format_ms
from d2_assets_tests.browser.conftest import PATIENT, Picture
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.world import (
    MONTH,
    change_object,
    find_object,
    list_values,
    read_live,
)
from d2_assets_tests.listening import list_listening
from d2_assets_tests.user_interface import UserInterface

THREE_MONTHS = ("202311", "202312", "202401")
DATA_VALUES = "data/data_values"
#: What an administrator of the destination has touched.
EDITED, REMOVED = "EVENT_INTEGER_NEGATIVE", ("dataElementGroupSets", "dataElementGroups")


class Window(TypedDict):
    """In pixels."""

    width: int
    height: int


#: These hold the graph of all families, and the tables of one.
GRAPH, TABLES = Window(width=3600, height=2200), Window(width=1760, height=1100)

pytestmark = pytest.mark.timeout(900)


def test_an_analyst_materialises_a_month_and_sees_it_green(
    page: Page, user_interface: UserInterface, take_picture: Picture
) -> None:
    page.goto(f"{user_interface.url}/assets/{DATA_VALUES}")
    choose_partitions(page, MONTH)
    launch(page, "Launch 1 run")
    see_success(page)

    show_partition(page, user_interface, DATA_VALUES, MONTH)
    read = len(list_values(user_interface.source.store, [MONTH]))
    created = len(read_live(user_interface.source.store, [MONTH]))
    assert created > 100
    assert read_live(user_interface.destination.store, [MONTH]) == read_live(
        user_interface.source.store, [MONTH]
    )
    for name, number in (("rows_read", read), ("created", created)):
        expect(page.get_by_role("row", name=f"{name} {number}", exact=True)).to_be_visible()
    take_picture("partition")

    for check, words in (
        ("no_row_is_lost", "rows read ended in one outcome each."),
        ("destination_equals_source", f"The destination equals the source in all {read} rows."),
    ):
        show_check(page, user_interface, DATA_VALUES, check)
        expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2)
        expect(page.get_by_text("Passed", exact=True)).to_be_visible()
        expect(page.get_by_text(words)).to_be_visible()
        expect(page.get_by_text(f"{PAIR}|{MONTH}")).to_be_visible()
    take_picture("checks")

    page.goto(f"{user_interface.url}/runs?q[0]=tag:d2/status=completed")
    expect(page.get_by_text("d2/status: completed", exact=True).first).to_be_visible()


def test_a_backfill_of_three_months_is_one_run(
    page: Page,
    user_interface: UserInterface,
    take_picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.goto(f"{user_interface.url}/assets/{DATA_VALUES}")
    choose_partitions(page, f"[{THREE_MONTHS[0]}...{THREE_MONTHS[-1]}]")
    expect(page.get_by_text("3 partitions", exact=True)).to_be_visible()
    take_picture("backfill-dialog")
    launch(page, "Launch backfill")
    expect(page).to_have_url(re.compile("/runs/b/"))
    expect(page.get_by_text("100% completed")).to_be_visible(timeout=PATIENT)
    # The head of a column, and the status.
    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2, timeout=PATIENT)
    take_picture("backfill")

    for month in THREE_MONTHS:
        show_partition(page, user_interface, DATA_VALUES, month)
    source, destination = user_interface.source.store, user_interface.destination.store
    assert read_live(destination, THREE_MONTHS) == read_live(source, THREE_MONTHS)
    monkeypatch.delenv("D2_ASSETS_DATABASE_URL", raising=False)
    with dg.DagsterInstance.from_config(str(user_interface.dagster_home)) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/asset_partition_range_start":
                                                     f"{PAIR}|{THREE_MONTHS[0]}"}))  # fmt: skip
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS]


def test_an_analyst_moves_all_families_of_metadata_and_sees_what_became_of_them(
    page: Page, user_interface: UserInterface, take_picture: Picture
) -> None:
    source, destination = user_interface.source.store, user_interface.destination.store
    change_object(destination, "dataElements", EDITED, {"shortName": "Edited by hand"})
    removed = {plural: {one["id"] for one in destination.metadata(plural)} for plural in REMOVED}
    for plural, ids in removed.items():
        destination.delete_metadata(plural, ids)

    show_graph(page, user_interface)
    page.get_by_text("Hide navigation").click()
    choose_partitions(page, MONTH)
    expect(page.get_by_text("Launch runs to materialize 15 assets")).to_be_visible()
    launch(page, "Launch 1 run")
    see_success(page)
    show_graph(page, user_interface)
    # One of its two claims holds of each family at least: no row is lost.
    expect(page.get_by_text(re.compile("^[12] / 2 Passed$"))).to_have_count(len(FAMILIES))
    take_picture("metadata-graph")

    page.set_viewport_size(TABLES)
    family = "metadata/data_elements"
    show_partition(page, user_interface, family, MONTH)
    read = sum(len(source.metadata(one)) for one in FAMILIES["data_elements"].classes)
    created = sum(map(len, removed.values()))
    for name, number in (("objects_read", read), ("created", created), ("updated", 1)):
        expect(page.get_by_role("row", name=f"{name} {number}", exact=True)).to_be_visible()
    for table in ("adaptations", "quarantine", "differences"):
        expect(page.get_by_role("cell", name=table, exact=True)).to_be_visible()
    unknown = "valueType is TRACKER_ASSOCIATE, which DHIS2 2.43 does not know."
    expect(page.get_by_text(unknown)).to_have_count(2)  # the object, and the reasons
    expect(page.get_by_text("Edited by hand", exact=True)).to_be_visible()
    take_picture("metadata-partition")
    assert find_object(destination, "dataElements", EDITED)["shortName"] != "Edited by hand"
    for plural, ids in removed.items():
        assert {one["id"] for one in destination.metadata(plural)} == ids

    show_check(page, user_interface, family, "metadata_equals_source")
    gaps = "The destination holds all that fits; the gaps are named: 1 quarantined."
    expect(page.get_by_text(gaps)).to_be_visible()
    expect(page.get_by_text(f"{PAIR}|{MONTH}")).to_be_visible()

    show_partition(page, user_interface, "metadata/tracker", MONTH)
    derived = "The destination requires a short name: it was made from the name."
    expect(page.get_by_text(derived)).to_have_count(3)  # two objects, and the reasons


@pytest.mark.parametrize(("asset", "kind"), [("events", "event"), ("tracker", "trackedEntity")])
def test_an_analyst_moves_events_and_tracked_entities_of_a_month(
    page: Page,
    user_interface: UserInterface,
    take_picture: Picture,
    asset: str,
    kind: TrackerKind,
) -> None:
    page.goto(f"{user_interface.url}/assets/data/{asset}")
    choose_partitions(page, MONTH)
    launch(page, "Launch 1 run")
    see_success(page)

    page.set_viewport_size(TABLES)
    show_partition(page, user_interface, f"data/{asset}", MONTH)
    for table in ("outcomes", "kinds", "programs", "differences", "adaptations", "quarantine"):
        expect(page.get_by_role("cell", name=table, exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="not_attempted 0", exact=True)).to_be_visible()
    take_picture(f"{asset}-partition")
    moved = list_tracked(user_interface.source.store, kind, MONTH)
    assert moved
    assert list_tracked(user_interface.destination.store, kind) == moved

    show_check(page, user_interface, f"data/{asset}", "no_row_is_lost")
    expect(page.get_by_text("Passed", exact=True)).to_be_visible()
    expect(page.get_by_text(f"{PAIR}|{MONTH}")).to_be_visible()


def list_tracked(store: Store, kind: TrackerKind, month: str = "") -> set[str]:
    """Events without an enrollment, or tracked entities; those of one month only where it is named:
    events that occurred in it, entities that were changed in it."""
    held = store.tracker.objects(kind, include_deleted=False)
    days = f"{month[:4]}-{month[4:]}" if month else ""
    times = {
        one.uid: one.occurred_at if kind == "event" else format_ms(one.updated_at or 0)
        for one in held
        if not one.enrollment
    }
    return {uid for uid, time in times.items() if time.startswith(days)}


def show_graph(page: Page, user_interface: UserInterface) -> None:
    """Open the group of metadata and see its families."""
    page.set_viewport_size(GRAPH)
    # Drawn from left to right it is too tall for a window; people find the choice behind a gear.
    page.add_init_script("localStorage.setItem('asset-graph-direction', '\"vertical\"')")
    page.goto(f"{user_interface.url}/locations/d2_assets.definitions/asset-groups/metadata/lineage")
    for name in FAMILIES:
        # Where an asset outside the group has the same name, its label comes after.
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def choose_partitions(page: Page, months: str) -> None:
    """Fill the dialog behind the button Materialize."""
    page.get_by_role("button", name="Materialize").click()
    chosen = page.get_by_placeholder("ex: ")
    # Dagster asks first where what lies further up, here the metadata, was never materialised.
    confirm = page.get_by_role("button", name="Confirm", exact=True)
    expect(confirm.or_(chosen)).to_be_visible()
    if confirm.is_visible():
        confirm.click()
    expect(chosen).to_be_visible()  # until then the dialog is drawn for partitions without order
    page.get_by_role("button", name="All", exact=True).first.click()  # pairs: there is one
    expect(page.get_by_role("dialog").get_by_text(PAIR, exact=True).first).to_be_visible()
    chosen.fill(months)
    chosen.press("Tab")


def launch(page: Page, button: str) -> None:
    """Press the button of the dialog and open what was launched."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("link", name="View", exact=True).click()


def see_success(page: Page) -> None:
    """Watch a run to its end."""
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENT)


def show_check(page: Page, user_interface: UserInterface, asset: str, check: str) -> None:
    """Open the page of a check."""
    page.goto(f"{user_interface.url}/assets/{asset}?view=checks&checkDetail={check}")


def show_partition(page: Page, user_interface: UserInterface, asset: str, month: str) -> Locator:
    """Open the page of a partition and see it green."""
    page.goto(f"{user_interface.url}/assets/{asset}?view=partitions&partition={PAIR}%7C{month}")
    page.get_by_placeholder("Filter by period").fill(month[:4])
    heading = page.get_by_text(f"{PAIR}|{month}", exact=True).first
    expect(heading).to_be_visible()
    tag = page.get_by_text("Materialized", exact=True)
    expect(tag).to_be_visible(timeout=PATIENT)
    return tag


def test_the_ui_and_the_sandbox_listen_on_this_machine_alone(
    user_interface: UserInterface,
) -> None:
    listening = list_listening(os.getpid())  # the sandbox; and the UI, which it started
    urls = (user_interface.url, user_interface.source.url, user_interface.destination.url)
    assert {int(url.rpartition(":")[2]) for url in urls} <= {port for _, port in listening}
    assert {str(address) for address, _ in listening if not address.is_loopback} == set()
