"""What an analyst does in the UI: materialise a month, and backfill three of them."""

import os
import re

import dagster as dg
import pytest
from playwright.sync_api import Locator, Page, expect

from d2_assets_tests.browser.conftest import PATIENT, Picture
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.world import MONTH, list_values, read_live
from d2_assets_tests.listening import list_listening
from d2_assets_tests.user_interface import UserInterface

THREE_MONTHS = ("202311", "202312", "202401")
ASSET = "assets/data/data_values"

pytestmark = pytest.mark.timeout(900)


def test_an_analyst_materialises_a_month_and_sees_it_green(
    page: Page, user_interface: UserInterface, take_picture: Picture
) -> None:
    page.goto(f"{user_interface.url}/{ASSET}")
    choose_partitions(page, MONTH)
    page.get_by_role("button", name="Launch 1 run").click()
    page.get_by_role("link", name="View", exact=True).click()
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENT)

    show_partition(page, user_interface, MONTH)
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
        page.goto(f"{user_interface.url}/{ASSET}?view=checks&checkDetail={check}")
        expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2)
        expect(page.get_by_text("Passed", exact=True)).to_be_visible()
        expect(page.get_by_text(words)).to_be_visible()
        expect(page.get_by_text(f"{PAIR}|{MONTH}")).to_be_visible()
    take_picture("checks")


def test_a_backfill_of_three_months_is_one_run(
    page: Page,
    user_interface: UserInterface,
    take_picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.goto(f"{user_interface.url}/{ASSET}")
    choose_partitions(page, f"[{THREE_MONTHS[0]}...{THREE_MONTHS[-1]}]")
    expect(page.get_by_text("3 partitions", exact=True)).to_be_visible()
    take_picture("backfill-dialog")
    page.get_by_role("button", name="Launch backfill").click()
    page.get_by_role("link", name="View", exact=True).click()
    expect(page).to_have_url(re.compile("/runs/b/"))
    expect(page.get_by_text("100% completed")).to_be_visible(timeout=PATIENT)
    # The head of a column, and the status.
    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2, timeout=PATIENT)
    take_picture("backfill")

    for month in THREE_MONTHS:
        show_partition(page, user_interface, month)
    source, destination = user_interface.source.store, user_interface.destination.store
    assert read_live(destination, THREE_MONTHS) == read_live(source, THREE_MONTHS)
    monkeypatch.delenv("D2_ASSETS_DATABASE_URL", raising=False)
    with dg.DagsterInstance.from_config(str(user_interface.dagster_home)) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/asset_partition_range_start":
                                                     f"{PAIR}|{THREE_MONTHS[0]}"}))  # fmt: skip
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS]


def choose_partitions(page: Page, months: str) -> None:
    """Fill the dialog behind the button Materialize."""
    page.get_by_role("button", name="Materialize").click()
    chosen = page.get_by_placeholder("ex: ")
    expect(chosen).to_be_visible()  # until then the dialog is drawn for partitions without order
    page.get_by_text("Select a partition").click()
    page.get_by_role("menuitem").filter(has_text=PAIR).click()
    page.keyboard.press("Escape")
    chosen.fill(months)
    chosen.press("Tab")


def show_partition(page: Page, user_interface: UserInterface, month: str) -> Locator:
    """Open the page of a partition and see it green."""
    page.goto(f"{user_interface.url}/{ASSET}?view=partitions&partition={PAIR}%7C{month}")
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
