"""How a pair moves events and tracked entities: what the importer skips, and how it is asked."""

from typing import Literal

from pydantic import Field, field_validator

from d2_assets.settings.fields import SettingsModel
from d2_assets.settings.mistakes import refuse

AtomicMode = Literal["OBJECT", "NONE"]
ImportMode = Literal["sync", "async"]


class TrackerSettings(SettingsModel):
    """How events and tracked entities are read and sent."""

    skip_rule_engine: bool = True
    """Program rules are not run again: the source has run them, and refuses what is replayed."""
    skip_side_effects: bool = True
    """No notifications and the like of what happened elsewhere, perhaps long ago."""
    atomic_mode: AtomicMode = "OBJECT"
    """OBJECT: the good ones land, the others are named. NONE, the word of older documents, is
    taken as OBJECT."""
    import_mode: ImportMode = "sync"
    """async: the destination imports in jobs of its own, which are followed to their end. For a
    gateway that cuts long requests."""
    chunk_size: int = Field(default=500, ge=1, le=10_000)
    """Objects per request of a write."""
    old_endpoints: bool = False
    """Reads the source through the endpoints before /api/tracker, which servers have up to
    2.40."""

    @field_validator("atomic_mode", mode="before")
    @classmethod
    def _not_all(cls, mode: object) -> object:
        if mode == "ALL":
            raise refuse(
                "atomic_mode ALL would refuse whole requests for one bad object.",
                "Leave it out, or write OBJECT.",
            )
        return mode
