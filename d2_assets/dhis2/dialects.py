"""What differs between DHIS2 versions, in one table: a new version is a new row.

Each member says what the row's version and those up to the next row do. Facts marked [seen] are
in the recorded exchanges of that version, [read] in DHIS2's source or upgrade notes.
"""

import re
from dataclasses import dataclass

from d2_assets.dhis2.tracker_names import (
    OLD_TRACKER,
    TRACKER_2_38,
    TRACKER_2_40,
    TRACKER_2_42,
    TrackerNames,
)
from d2_assets.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Dialect:
    """The facts of one version line of DHIS2, as far as the product depends on them."""

    version: str
    #: Import counters tell created from updated; 2.43 counts every success updated [seen].
    import_result_counts_created: bool
    #: importStrategy CREATE and UPDATE are kept; 2.43 upserts whatever they say [seen].
    honours_import_strategy: bool
    #: One wrong key (element, org unit, period, combo) refuses the whole request [seen].
    refuses_whole_group: bool
    #: A row without a value is refused [seen], also one that has a comment [read].
    requires_value: bool
    #: Import answers list rejectedIndexes, rows held back by the strategy among them [seen].
    gives_rejected_indexes: bool
    #: A key that all rows share stands once at the root of a read [seen].
    root_holds_shared_keys: bool
    #: An unknown data set or org unit in a read is 409 E2001/E2006; 2.43 gives no rows [seen].
    refuses_unknown_read: bool
    #: The created, lastUpdated and storedBy of a payload are stored as sent [read].
    stores_payload_stamps: bool
    #: lastUpdated of a read is put into UTC and then compared with stamps in server time [read].
    shifts_updated_since: bool
    #: lastUpdated alone is no read: periods or dates must be named too (409 E2002) [seen].
    asks_dates_of_changes: bool
    #: /api/metadata knows mergeMode MERGE; from 2.42 a missing property is erased [seen].
    knows_merge_mode: bool
    #: Option combos are taken only as the full exact set of their combo, and saving a combo no
    #: longer makes them: E1130 to E1133, and the maintenance call [read].
    option_combos_as_full_set: bool
    #: On an empty server the first data set fails until its caches are cleared (a periodType that
    #: is not there, not-null) [seen].
    needs_cache_clear_before_data_sets: bool
    #: An event's mark is followUp; up to 2.40 followup [seen].
    spells_follow_up: bool
    #: What the reads of /api/tracker call things; each version ignores, refuses or misreads the
    #: names of others [seen].
    tracker: TrackerNames
    #: The same of the endpoints before it; None where they are gone: 404 on 2.42 [seen].
    old_tracker: TrackerNames | None


DIALECTS = (
    Dialect(
        version="2.38",
        import_result_counts_created=True,
        honours_import_strategy=True,
        refuses_whole_group=False,
        requires_value=False,
        gives_rejected_indexes=False,
        root_holds_shared_keys=False,
        refuses_unknown_read=True,
        stores_payload_stamps=True,
        shifts_updated_since=True,
        asks_dates_of_changes=False,
        knows_merge_mode=True,
        option_combos_as_full_set=False,
        needs_cache_clear_before_data_sets=False,
        spells_follow_up=False,
        tracker=TRACKER_2_38,
        old_tracker=OLD_TRACKER,
    ),
    Dialect(
        version="2.40",
        import_result_counts_created=True,
        honours_import_strategy=True,
        refuses_whole_group=False,
        requires_value=False,
        gives_rejected_indexes=True,
        root_holds_shared_keys=False,
        refuses_unknown_read=True,
        stores_payload_stamps=True,
        shifts_updated_since=True,
        asks_dates_of_changes=False,
        knows_merge_mode=True,
        option_combos_as_full_set=False,
        needs_cache_clear_before_data_sets=True,
        spells_follow_up=False,
        tracker=TRACKER_2_40,
        old_tracker=OLD_TRACKER,
    ),
    Dialect(
        version="2.42",
        import_result_counts_created=True,
        honours_import_strategy=True,
        refuses_whole_group=False,
        requires_value=False,
        gives_rejected_indexes=True,
        root_holds_shared_keys=False,
        refuses_unknown_read=True,
        stores_payload_stamps=False,
        shifts_updated_since=True,
        asks_dates_of_changes=False,
        knows_merge_mode=False,
        option_combos_as_full_set=False,
        needs_cache_clear_before_data_sets=True,
        spells_follow_up=True,
        tracker=TRACKER_2_42,
        old_tracker=None,
    ),
    Dialect(
        version="2.43",
        import_result_counts_created=False,
        honours_import_strategy=False,
        refuses_whole_group=True,
        requires_value=True,
        gives_rejected_indexes=True,
        root_holds_shared_keys=True,
        refuses_unknown_read=False,
        stores_payload_stamps=False,
        shifts_updated_since=False,
        asks_dates_of_changes=True,
        knows_merge_mode=False,
        option_combos_as_full_set=True,
        needs_cache_clear_before_data_sets=False,
        spells_follow_up=True,
        tracker=TRACKER_2_42,
        old_tracker=None,
    ),
)

_VERSION = re.compile(r"2\.(\d{1,3})(?:[.-].*)?")


def find_dialect(version: str) -> tuple[Dialect, str | None]:
    """The dialect of a server's version ("2.40.9.1", "2.43.1-SNAPSHOT"), and a warning or None.

    A version between or above the rows gets the nearest lower one, with a warning.
    ConfigurationError below the lowest row and for what is no version.
    """
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise ConfigurationError(
            f"{version!r} is not a DHIS2 version that is known.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )
    minor = int(match[1])
    known = [dialect for dialect in DIALECTS if _minor(dialect) <= minor]
    if not known:
        raise ConfigurationError(
            f"DHIS2 {version} is too old: {DIALECTS[0].version} is the lowest supported version.",
            remedy="Upgrade the server.",
        )
    dialect = known[-1]
    if _minor(dialect) == minor:
        return dialect, None
    return dialect, (
        f"DHIS2 {version} has not been tried; it is treated like {dialect.version}, "
        "the nearest lower version that has."
    )


def _minor(dialect: Dialect) -> int:
    return int(dialect.version.removeprefix("2."))
