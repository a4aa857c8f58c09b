"""How a pair moves metadata: sharing, users, assignments, and which objects are the same."""

from pathlib import Path

from pydantic import Field, field_validator

from d2_assets.settings.fields import SettingsModel
from d2_assets.settings.mistakes import refuse
from d2_assets.settings.vocabulary import AssignmentPolicy, MatchKey, SharingPolicy, UserPolicy


class MetadataSettings(SettingsModel):
    """How metadata are adapted for the destination. Owners and people are matched by user name;
    what belongs to nobody there belongs to the account that the pair signs in with."""

    sharing: SharingPolicy = "keep"
    """Rights of users and groups that the destination does not know are always left out. keep:
    those who arrive in a run have their rights in that run; drop_unknown: in the next one;
    drop_all: new objects get only the public rights, and those at the destination stay."""
    users: UserPolicy = "disabled"
    """disabled: users who are new at the destination cannot sign in until somebody enables them;
    leave_out: no users travel."""
    org_unit_assignments: AssignmentPolicy = "keep"
    """Of data sets, programs, category options, org unit groups and users. restrict: only org
    units that belong to the pair by its filters."""
    match_by: tuple[MatchKey, ...] = ("uid", "code", "name")
    """By what an object is found at the destination, in the order in which it counts. Names count
    for classes whose names are unique; default category objects are always found."""
    crosswalk: Path | None = None
    """CSV file with the columns class, source and destination: UIDs of the same object at both
    ends. A relative path starts at the settings file."""
    chunk_size: int = Field(default=1000, ge=1, le=100_000)
    """Objects per request of a write."""

    @field_validator("match_by")
    @classmethod
    def _each_once(cls, keys: tuple[MatchKey, ...]) -> tuple[MatchKey, ...]:
        if not keys or len(set(keys)) < len(keys):
            raise refuse(
                "match_by names nothing, or something twice.",
                "Use some of uid, code and name, each once, like [uid, code].",
            )
        return keys
