"""What people are told without asking: one notice for each thing that needs them.

It stands below all rooms, since pure decisions make notices and only ``defs.notifier`` passes them
on. Texts come from errors of the product, which hold no secrets.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

NoticeKind = Literal[
    "failed_permanently",
    "switched_off",
    "instance_lost",
    "instance_returned",
    "version_changed",
    "clock_off",
    "account_changed",
]
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


@dataclass(frozen=True, slots=True)
class Notice:
    """``subject`` is the name of a pair or an instance, ``words`` what is the matter in one or two
    sentences; ``cause`` and ``mend`` why, and what to do, where known. ``run_id``: the run
    concerned, empty where there is none."""

    kind: NoticeKind
    subject: str
    words: str
    cause: str = ""
    mend: str = ""
    run_id: str = ""

    @property
    def text(self) -> str:
        """All of it in one line, as a log shows it."""
        parts = (
            f"{self.kind}: {self.subject}: {self.words}",
            f"Cause: {self.cause.rstrip('.')}." if self.cause else "",
            f"What to do: {self.mend}" if self.mend else "",
        )
        return " ".join(part for part in parts if part)


class Notifier(Protocol):
    """Someone who passes notices on."""

    def tell(self, notice: Notice) -> None:
        """Pass one notice on. D2AssetsError or OSError where that cannot be done."""
        ...
