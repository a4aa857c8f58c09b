"""Where things lie under ``D2_ASSETS_HOME``, so that every path can be guessed.

::

    staging/<asset>/<pair>/<span>/      source.parquet, destination.parquet, plan.parquet ...
    ledger/<asset>/<pair>/<month>.parquet       every row of that month and its one outcome
    quarantine/<asset>/<pair>/<month>.parquet   the rows that wait for a person
    leases/<destination>.lock                   who writes to that destination now

``span`` is a month ("202511") or a range of months ("202506-202511").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from d2_assets.errors import ConfigurationError
from d2_assets.identifiers import make_slug


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one installation. All paths below it come from here."""

    root: Path

    def staging(self, asset: str, pair: str, months: Sequence[str]) -> Path:
        """The folder of one extraction; it is made; its tables are replaced one by one."""
        span = months[0] if len(months) == 1 else f"{min(months)}-{max(months)}"
        return _make_folder(self.root / "staging" / asset / make_slug(pair) / span)

    def ledger(self, asset: str, pair: str, month: str) -> Path:
        """The Parquet file of a month's outcomes."""
        return _make_folder(self.root / "ledger" / asset / make_slug(pair)) / f"{month}.parquet"

    def quarantine(self, asset: str, pair: str, month: str) -> Path:
        """The Parquet file of a month's quarantined rows."""
        folder = _make_folder(self.root / "quarantine" / asset / make_slug(pair))
        return folder / f"{month}.parquet"

    def outside(self, asset: str, pair: str) -> Path:
        """What lies outside the partitions, counted per pair (JSON)."""
        return _make_folder(self.root / "ledger" / asset / make_slug(pair)) / "outside.json"

    def leases(self) -> Path:
        return _make_folder(self.root / "leases")


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            remedy="Give the account that runs d2_assets write access, or set D2_ASSETS_HOME.",
            key="home",
        ) from error
    return folder
