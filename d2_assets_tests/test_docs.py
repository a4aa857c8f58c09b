"""The documentation keeps its word: links lead somewhere, and each quirk has its test."""

import re
from pathlib import Path

import pytest

from d2_assets_tests.recordings import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (page.parent / link).exists()] == []


def test_every_quirk_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| \d+ \|.*$", (ROOT / "docs/quirks.md").read_text("utf-8"), re.M)
    known = {
        name
        for file in ROOT.glob("d2_assets_tests/**/test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    assert len(rows) >= 27
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, f"no test named: {row}"
        assert set(named) <= known, f"unknown test: {row}"
