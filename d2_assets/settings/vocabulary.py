"""The closed lists of words that the settings file knows, and what each sync type moves."""

from collections.abc import Mapping
from typing import Literal

Kind = Literal["dhis2", "openlmis"]
Role = Literal["source", "destination", "both"]
SyncType = Literal["metadata", "data", "events", "tracker", "both", "all_data", "complete", "stock"]
ExecutionMode = Literal["manual", "automatic", "scheduled"]
ImportStrategy = Literal["CREATE", "UPDATE", "CREATE_AND_UPDATE", "DELETE"]
MergeMode = Literal["REPLACE", "MERGE"]
DeletePolicy = Literal["propagate", "ignore"]
ConflictRule = Literal["quarantine", "newest", "priority"]
SharingPolicy = Literal["keep", "drop_unknown", "drop_all"]
UserPolicy = Literal["disabled", "leave_out"]
AssignmentPolicy = Literal["keep", "restrict"]
MatchKey = Literal["uid", "code", "name"]
Moved = Literal["metadata", "data_values", "events", "tracker", "stock"]
Family = Literal[
    "system",
    "options",
    "legends",
    "organisation",
    "users",
    "categories",
    "data_elements",
    "indicators",
    "data_sets",
    "tracker",
    "programs",
    "program_rules",
    "validation",
    "predictors",
    "analytics",
]

#: What each sync type moves: the one table that decides whether an asset is part of a pair.
MOVES: Mapping[SyncType, frozenset[Moved]] = {
    "metadata": frozenset({"metadata"}),
    "data": frozenset({"data_values"}),
    "events": frozenset({"events"}),
    "tracker": frozenset({"tracker"}),
    "both": frozenset({"metadata", "data_values"}),
    "all_data": frozenset({"data_values", "events", "tracker"}),
    "complete": frozenset({"metadata", "data_values", "events", "tracker"}),
    "stock": frozenset({"stock"}),
}
