"""Parts of the hierarchy of organisation units: roots, and what lies below them."""

from collections.abc import Iterable, Mapping

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import OrgUnit
from d2_assets.errors import ConfigurationError


def find_visible_roots(source: DHIS2Client) -> tuple[str, ...]:
    """The units that the source's account sees. Servers measure reads by its data capture units
    (E2012); one without any is taken at its data view units."""
    account = source.get_me()
    roots = tuple(unit.id for unit in account.org_units or account.data_view_org_units)
    if not roots:
        raise ConfigurationError(
            f"The account {account.username} at {source.name} has no organisation units.",
            remedy="Give it organisation units there, or set filters.org_units.",
            key="filters.org_units",
        )
    return roots


def find_roots(units: Mapping[str, OrgUnit], wanted: Iterable[str], server: str) -> tuple[str, ...]:
    """The wanted units without those below another wanted one: nothing is read twice."""
    wanted = tuple(dict.fromkeys(wanted))
    missing = [uid for uid in wanted if uid not in units]
    if missing:
        raise ConfigurationError(
            f"{server} has no organisation unit {', '.join(missing)}.",
            remedy="Mend filters.org_units of the pair.",
            key="filters.org_units",
        )
    return find_covering_roots({uid: units[uid] for uid in wanted})


def find_covering_roots(units: Mapping[str, OrgUnit]) -> tuple[str, ...]:
    """Those of the units that lie below none of the others."""
    return tuple(
        uid
        for uid, unit in units.items()
        if not any(part in units for part in unit.path.split("/") if part and part != uid)
    )


def select_units(
    units: Mapping[str, OrgUnit], roots: Iterable[str], deepest_level: int | None
) -> frozenset[str]:
    """The units below the roots, down to the deepest level; without roots below any."""
    return frozenset(list_units_below(units.values(), tuple(roots) or units, deepest_level))


def list_units_below(
    units: Iterable[OrgUnit], roots: Iterable[str], deepest_level: int | None
) -> dict[str, OrgUnit]:
    """The roots and the units below them, down to the deepest level, by UID."""
    tops = frozenset(roots)
    return {
        unit.id: unit
        for unit in units
        if (deepest_level is None or unit.level <= deepest_level)
        and not tops.isdisjoint(unit.path.split("/"))
    }
