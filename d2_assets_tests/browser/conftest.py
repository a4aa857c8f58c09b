"""A browser before the real Dagster UI. One UI serves all tests of this folder."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from d2_assets_tests.journeys.fixtures import templates
from d2_assets_tests.journeys.world import Templates
from d2_assets_tests.user_interface import UserInterface, run_user_interface

__all__ = ["templates"]

_WINDOW = {"width": 1440, "height": 900}
#: For what a page shows at once, and for what Dagster must do first; in milliseconds.
PROMPT, PATIENT = 60_000, 180_000

Picture = Callable[[str], None]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that this machine has."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed (Debian package: chromium).")
    return found


@pytest.fixture(scope="package")
def user_interface(
    tmp_path_factory: pytest.TempPathFactory, templates: Templates
) -> Iterator[UserInterface]:
    with run_user_interface(
        tmp_path_factory.mktemp("ui"), templates, sync_type="complete"
    ) as running:
        yield running


@pytest.fixture
def page(chromium: str, user_interface: UserInterface) -> Iterator[Page]:
    """An empty page; at its end it must have asked nobody but the UI, and met no error."""
    asked: set[str] = set()
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        opened = browser.new_page(viewport=_WINDOW, locale="en-GB")  # pyright: ignore
        opened.set_default_timeout(PROMPT)
        expect.set_options(timeout=PROMPT)
        opened.on("request", lambda request: asked.add(request.url))
        opened.on("websocket", lambda socket: asked.add(socket.url.replace("ws:", "http:")))
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on(
            "console", lambda said: errors.append(said.text) if said.type == "error" else None
        )
        yield opened
        browser.close()
    ours = (f"{user_interface.url}/", "data:", f"blob:{user_interface.url}/")
    assert {url for url in asked if not url.startswith(ours)} == set()
    assert any(url.startswith(ours[0]) for url in asked)
    assert errors == []


@pytest.fixture
def take_picture(page: Page, tmp_path: Path) -> Picture:
    """Saves the page as a picture, into D2_ASSETS_SCREENSHOTS where that names a folder."""
    folder = Path(os.environ.get("D2_ASSETS_SCREENSHOTS") or tmp_path)

    def take(name: str) -> None:
        page.mouse.move(0, 0)
        # The note that something was launched goes away by itself.
        expect(page.get_by_role("link", name="View", exact=True)).to_be_hidden()
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take
