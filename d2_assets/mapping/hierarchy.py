"""Parts of the hierarchy of organisation units: roots, and what lies below them."""

from collections.abc import Iterable, Mapping, Sequence

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


def narrow_roots(
    units: Mapping[str, OrgUnit], roots: Sequence[str], within: Iterable[str], server: str
) -> tuple[str, ...]:
    """The roots of what lies below one of ``roots`` and below one of ``within`` as well.

    Without ``within`` they are the roots; without roots all units are meant. ConfigurationError
    names a unit of ``within`` that the server lacks or that shares nothing with the roots.
    """
    wanted = tuple(dict.fromkeys(within))
    if not wanted:
        return tuple(roots)
    tops = tuple(roots) or find_covering_roots(units)
    shared = {uid: _find_shared(units, tops, uid) if uid in units else () for uid in wanted}
    strange = [uid for uid, found in shared.items() if not found]
    if strange:
        raise ConfigurationError(
            f"The pair moves nothing of the organisation units {', '.join(strange)} that were "
            f"chosen at launch: {server} lacks them, or they lie outside filters.org_units.",
            remedy="Choose organisation units at, above or below those of the pair.",
            key="resources.launch.config.org_units",
        )
    return find_covering_roots({uid: units[uid] for found in shared.values() for uid in found})


def _find_shared(units: Mapping[str, OrgUnit], tops: Sequence[str], wanted: str) -> tuple[str, ...]:
    """The wanted unit where it lies below one of the tops, else the tops that lie below it."""
    path = units[wanted].path.split("/")
    if any(top in path for top in tops):
        return (wanted,)
    return tuple(top for top in tops if wanted in units[top].path.split("/"))


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
