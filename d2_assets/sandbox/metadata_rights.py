"""Who may import metadata, and which objects.

The right to import is F_METADATA_IMPORT, without it 403 [read]. With it, an object with sharing is
changed or deleted only by whom its sharing lets write it (E3001, E3002) [read]. Who may create
objects of a class (E3000) hangs on authorities by class that the sandbox does not hold.
"""

from collections.abc import Iterator

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.metadata_reports import Complaint
from d2_assets.sandbox.metadata_requests import Item

_IMPORT = frozenset({"ALL", "F_METADATA_IMPORT"})


def may_import(account: Account) -> bool:
    """Whether an account may use ``POST /api/metadata`` at all."""
    return not _IMPORT.isdisjoint(account.authorities)


def check_rights(item: Item, strategy: str, account: Account) -> Iterator[Complaint]:
    """Refusals of an object that is there and that the account may not write."""
    if item.existing is None or not item.schema.is_shareable:
        return
    if account.may("write", item.existing.get("sharing") or {}):
        return
    code, verb = ("E3002", "delete") if strategy == "DELETE" else ("E3001", "update")
    words = f"User `{account.username}` is not allowed to {verb} object `{item.label}`"
    yield Complaint(code, words, (account.username, item.label))
