"""Where things lie under ``D2_ASSETS_HOME``, so that every path can be guessed.

::

    staging/<asset>/<pair>/<span>/      source.parquet, destination.parquet, plan.parquet ...
    staging/stock/<pair>/<month>/       movements and products of stock, for all its indicators
    ledger/<asset>/<pair>/<month>.parquet       every row of that month and its one outcome
    quarantine/<asset>/<pair>/<month>.parquet   the rows that wait for a person
    quarantine/stock_<indicator>/<pair>/<month>-unplaced.parquet    what no mapping has a place for
    quarantine/<asset>/<pair>/discards.jsonl    who took rows off the work list, and why
    agreed/<asset>/<a>--<b>/<month>.parquet     what two instances were last seen to share
    agreed/<asset>/<pair>/echoes.parquet        what a server keeps otherwise than it was sent
    journal/<asset>/<pair>/<month>.jsonl        every chunk that was sent, and how it ended
    hashes/<asset>/<pair>/<month>.json          what the source held when that month was moved whole
    written/<asset>/<instance>/<run>-....parquet    what runs wrote to an instance that is a source
    watching/<pair>/                            what a look at a source reads, while it lasts
    leases/<destination>.lock                   who writes to that destination now
    partial/<pair>/                             staging, ledger, quarantine and journal once more,
                                                of runs that moved a part of their months

``span`` is a month ("202511") or a range of months ("202506-202511").
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from d2_assets.disk import name_disk_errors
from d2_assets.errors import ConfigurationError
from d2_assets.identifiers import make_slug

#: Names of files that are not whole: of tables, of downloads, and of answers that were staged.
_UNFINISHED = ("*.part", "*.partial", "*.download")


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one installation. All paths below it come from here.

    ``apart``: the pair whose months are moved in part; what stands for whole months is then left
    alone. Leases, discards, and what servers share or keep are the same for all.
    """

    root: Path
    apart: str = ""

    def set_apart(self, pair: str) -> "Home":
        """The same folder for runs that move a part of the pair's months."""
        return replace(self, apart=pair)

    @property
    def _months(self) -> Path:
        """Where that lies which stands for the months of a run."""
        return self.root / "partial" / make_slug(self.apart) if self.apart else self.root

    def staging(self, asset: str, pair: str, months: Sequence[str]) -> Path:
        """The folder of one extraction; it is made; its tables are replaced one by one.

        For whoever holds the lease: what a killed run left unfinished there is removed.
        """
        span = months[0] if len(months) == 1 else f"{min(months)}-{max(months)}"
        folder = _make_folder(self._months / "staging" / asset / make_slug(pair) / span)
        with name_disk_errors(folder):
            for pattern in _UNFINISHED:
                for left in folder.glob(pattern):
                    left.unlink(missing_ok=True)
        return folder

    def ledger(self, asset: str, pair: str, month: str) -> Path:
        """The Parquet file of a month's outcomes."""
        return _make_folder(self._months / "ledger" / asset / make_slug(pair)) / f"{month}.parquet"

    def quarantine(self, asset: str, pair: str, month: str) -> Path:
        """The Parquet file of a month's quarantined rows."""
        folder = _make_folder(self._months / "quarantine" / asset / make_slug(pair))
        return folder / f"{month}.parquet"

    def discards(self, asset: str, pair: str) -> Path:
        """The log of discarded rows (JSON lines)."""
        return _make_folder(self.root / "quarantine" / asset / make_slug(pair)) / "discards.jsonl"

    def agreed(self, asset: str, one: str, other: str, month: str) -> Path:
        """The Parquet file of what two instances share; both directions have the same."""
        ends = "--".join(sorted((make_slug(one), make_slug(other))))
        return _make_folder(self.root / "agreed" / asset / ends) / f"{month}.parquet"

    def echoes(self, asset: str, pair: str) -> Path:
        """The Parquet file of what the pair's destination keeps otherwise than it was sent."""
        return _make_folder(self.root / "agreed" / asset / make_slug(pair)) / "echoes.parquet"

    def journal(self, asset: str, pair: str, month: str) -> Path:
        """The journal of a month's chunks (JSON lines)."""
        return _make_folder(self._months / "journal" / asset / make_slug(pair)) / f"{month}.jsonl"

    def hashes(self, asset: str, pair: str, month: str) -> Path:
        """What the source held of a month when it was last moved whole (JSON). One for all runs:
        who sends a part of the month forgets it."""
        return _make_folder(self.root / "hashes" / asset / make_slug(pair)) / f"{month}.json"

    def outside(self, asset: str, pair: str) -> Path:
        """What lies outside the partitions, counted per pair (JSON)."""
        return _make_folder(self._months / "ledger" / asset / make_slug(pair)) / "outside.json"

    def written(self, asset: str, instance: str) -> Path:
        """The folder of what runs wrote to an instance that is also a source; of all runs."""
        return _make_folder(self.root / "written" / asset / make_slug(instance))

    def watching(self, pair: str) -> Path:
        """The folder for what looks at the pair's source read, while they last."""
        return _make_folder(self.root / "watching" / make_slug(pair))

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
