"""A server on its first day."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from d2_assets.sandbox import EMPTY, ContentSpec, Sandbox, start_sandbox
from d2_assets.sandbox.accounts import find_account
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.sandbox.asking import ask
from d2_assets_tests.sandbox.conftest import NOW

_DEFAULTS = {
    "categories": "GLevLNI9wkl",
    "categoryOptions": "xYerKDKCefk",
    "categoryCombos": "bjDvmb4bfuf",
    "categoryOptionCombos": "HllvX50cXC0",
}


def _start(version: str, path: Path) -> Sandbox:
    return start_sandbox(version, path, content=EMPTY, clock=lambda: NOW)


@pytest.mark.parametrize("version", list(VERSIONS))
def test_it_holds_accounts_default_category_objects_and_settings(
    version: str, tmp_path: Path
) -> None:
    with _start(version, tmp_path / "fresh.db") as sandbox:
        assert set(sandbox.store.plurals) == {*_DEFAULTS, "users", "userRoles"}
        for plural, uid in _DEFAULTS.items():
            assert [body["id"] for body in sandbox.store.metadata(plural)] == [uid]
        assert sandbox.store.settings()["applicationTitle"] == "DHIS 2"
        me = ask(sandbox, "/api/me").json()
    assert (me["username"], me["id"], me["organisationUnits"]) == ("admin", "M5zQapPyTZI", [])


def test_the_account_that_moves_metadata_is_no_superuser_and_another_may_not_import(
    tmp_path: Path,
) -> None:
    with _start("2.42", tmp_path / "fresh.db") as sandbox:
        admin, sync, viewer = (
            find_account(name, sandbox.store) for name in ("admin", "sync", "viewer")
        )
    assert admin is not None
    assert admin.is_superuser
    assert sync is not None
    assert "F_METADATA_IMPORT" in sync.authorities
    assert not sync.is_superuser
    assert viewer is not None
    assert "F_METADATA_IMPORT" not in viewer.authorities
    assert {account.org_units for account in (admin, sync, viewer)} == {frozenset()}


def test_it_shares_no_uid_with_a_generated_country_but_those_that_are_everywhere(
    tmp_path: Path,
) -> None:
    def list_uids(sandbox: Sandbox) -> set[str]:
        with sandbox:
            store = sandbox.store
            return {body["id"] for plural in store.plurals for body in store.metadata(plural)}

    content = ContentSpec(values=1)
    country = start_sandbox("2.42", tmp_path / "a.db", content=content, clock=lambda: NOW)
    fresh = _start("2.42", tmp_path / "b.db")
    assert list_uids(country) & list_uids(fresh) == set(_DEFAULTS.values())


def test_what_was_put_into_it_is_still_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "fresh.db"
    with _start("2.42", path) as sandbox:
        sandbox.store.put_metadata("constants", [{"id": "Constant001", "name": "Pi"}])
        sandbox.set_org_units("sync", ["SomeUnit001"])
    later = datetime(2027, 3, 1, tzinfo=UTC)
    with start_sandbox("2.42", path, content=EMPTY, clock=lambda: later) as sandbox:
        assert sandbox.store.get_object("constants", "Constant001") is not None
        sync = find_account("sync", sandbox.store)
    assert sync is not None
    assert sync.org_units == {"SomeUnit001"}
