"""What the destination says of the data sets and org units that the mapping files name.

Stock comes from a server without data sets or org units: what the pair moves is what is mapped.
What the destination does not have stands here all the same, so that the check names each row.
"""

from collections.abc import Collection, Iterable

from d2_assets.data_values.scope import Scope, split_reads
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import DataSet, OrgUnit
from d2_assets.mapping.hierarchy import list_units_below
from d2_assets.stock.mapping_files import Target


def read_stock_scope(
    destination: DHIS2Client,
    targets: Iterable[Target],
    org_units: Collection[str],
    page_size: int,
) -> Scope:
    """The destination's facts of the mapped data sets and org units."""
    wanted = sorted({target.data_set for target in targets})
    found = {item.id: item for item in destination.list_assigned_data_sets(wanted)}
    units = {unit.id: unit for unit in destination.list_org_units(page_size)}
    account = [unit.id for unit in destination.get_me().org_units]
    writable = list_units_below(units.values(), account, None)
    # What the account may not write to it may not read either (E2012): it is not asked for.
    asked = {uid: writable[uid] for uid in sorted(org_units) if uid in writable}
    return Scope(
        data_sets={uid: found.get(uid) or _stand_in(uid) for uid in wanted},
        left_out={},
        destination_data_sets=found,
        source_units={uid: units.get(uid) or _unknown_unit(uid) for uid in org_units},
        destination_units=units,
        writable=frozenset(writable),
        option_combos={
            combo.id: combo.option_combos for combo in destination.list_category_combos(page_size)
        },
        source_cuts=(),
        destination_cuts=split_reads(asked, (), _NO_LEVEL),
        strict_keys=destination.dialect.refuses_whole_group,
        requires_value=destination.dialect.requires_value,
    )


#: Below every unit: each mapped unit is asked for by itself, without those below it.
_NO_LEVEL = 1_000


def _stand_in(uid: str) -> DataSet:
    """A data set that the destination does not show."""
    return DataSet(uid, uid, "Monthly", 0, "", (), frozenset(), may_write=False)


def _unknown_unit(uid: str) -> OrgUnit:
    return OrgUnit(uid, uid, f"/{uid}", 1, None, None)
