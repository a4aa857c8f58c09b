"""Objects without what belongs to their server only, by the pair's policy.

Stamps, authors and what a server derives go without a word: ``members`` has the reasons. All else
that is left out is told, one row for an object and member.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from d2_assets.metadata.members import MANAGED, managed_members
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.placeholders import find_placeholders, is_placeholder, say_placeholder
from d2_assets.metadata.policy import (
    Adapted,
    MetadataPolicy,
    Principals,
    Step,
    begin_step,
    end_steps,
)
from d2_assets.metadata.sharing import Known, clean_sharing
from d2_assets.metadata.users import USERS, clean_user

_GROUPS = "userGroups"

#: Lists of org units that say where something is used. The org units of a chart are not among
#: them: with fewer of them it would show something else.
ASSIGNMENTS: Mapping[str, tuple[str, ...]] = {
    "categoryOptions": ("organisationUnits",),
    "dataSets": ("organisationUnits",),
    "organisationUnitGroups": ("organisationUnits",),
    "programs": ("organisationUnits",),
    USERS: ("organisationUnits", "dataViewOrganisationUnits", "teiSearchOrganisationUnits"),
}

#: References to uploaded files, which are not carried.
_FILES: Mapping[str, tuple[str, ...]] = {"organisationUnits": ("image",), USERS: ("avatar",)}

#: Managed members that an import wants all the same: they are sent, and not compared.
_SENT: Mapping[str, frozenset[str]] = {
    "categoryOptionCombos": frozenset({"name"}),
    "dataSets": frozenset({"version"}),
    "options": frozenset({"sortOrder"}),
    "optionSets": frozenset({"version"}),
    "programs": frozenset({"version"}),
}

#: Managed members of which only a new object gets the source's. An option that is sent without its
#: set takes the place that it names, and servers do not count alike [read]: it keeps its own.
_FIRST: Mapping[str, frozenset[str]] = {"options": frozenset({"sortOrder"})}

#: Members of parts that are the server's own. ``dimensionItem`` is content there: what a series
#: of a chart shows.
_OF_PARTS = frozenset(MANAGED) - {"dimensionItem"} | {"sharing"}
#: Members that hold no parts with stamps.
_NO_PARTS = frozenset({"sharing", "geometry", "translations", "rawPeriods"})


def clean_objects(
    objects: Iterable[MetadataObject],
    policy: MetadataPolicy,
    principals: Principals,
    units: frozenset[str] | None,
) -> Adapted:
    """Clean objects of the source, which keep their source UIDs. ``units`` are the org units
    (source UIDs) that lists of assignments may name; None means all."""
    steps = [begin_step(item) for item in objects]
    for step in steps:
        if step.item.plural == USERS:
            clean_user(step, policy.users, principals)
    known = _find_known(steps, policy, principals)
    for step in steps:
        _clean(step, policy, known, units)
    return end_steps(steps)


def _find_known(steps: Iterable[Step], policy: MetadataPolicy, principals: Principals) -> Known:
    """Who may be named; those who arrive in the same step with policy ``keep``."""
    users, groups = set(principals.users), set(principals.groups)
    if policy.sharing == "keep":
        coming = [step for step in steps if step.left_out is None]
        users |= {step.item.id for step in coming if step.item.plural == USERS}
        groups |= {step.item.id for step in coming if step.item.plural == _GROUPS}
    return Known(users, groups, principals.account)


def _clean(step: Step, policy: MetadataPolicy, known: Known, units: Set[str] | None) -> None:
    clean_sharing(step, policy, known)
    _drop_managed(step)
    _drop_files(step)
    if policy.users == "leave_out":
        _drop_users(step, known.users)
    for name in ASSIGNMENTS.get(step.item.plural, ()):
        _restrict(step, name, units)
    for path, placeholder in find_placeholders(step.body):
        step.refuse("placeholder", say_placeholder(path, placeholder))


def _drop_managed(step: Step) -> None:
    plural = step.item.plural
    managed = managed_members(plural) - _SENT.get(plural, frozenset())
    step.yielding |= _FIRST.get(plural, frozenset())
    step.body = {
        name: value if name in _NO_PARTS else drop_stamps(value)
        for name, value in step.body.items()
        if name not in managed
    }


def drop_stamps(value: Any) -> Any:
    """A value without the server's own members in its parts; the same value where it has none."""
    if isinstance(value, Mapping):
        return {
            name: part if name in _NO_PARTS else drop_stamps(part)
            for name, part in value.items()
            if name not in _OF_PARTS
        }
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        # a gap in the numbers of a list is an empty entry [read]
        return [drop_stamps(part) for part in value if part is not None]
    return value


def _drop_files(step: Step) -> None:
    for name in _FILES.get(step.item.plural, ()):
        if step.body.pop(name, None):
            step.adapt(name, "left out", "Uploaded files are not carried: upload it again.")
    if step.item.plural == "documents" and step.body.get("external") is False:
        step.refuse(
            "file_not_carried",
            "It is an uploaded file, and files are not carried: upload it at the destination.",
        )


def _drop_users(step: Step, known: Set[str]) -> None:
    """References to users who do not travel, where an object merely lists them."""
    if step.item.plural == _GROUPS:
        step.body = _keep_known(step, step.body, "users", "users", known)
    items = step.body.get("dashboardItems")
    if step.item.plural == "dashboards" and isinstance(items, list):
        step.body["dashboardItems"] = [
            _keep_known(step, item, "users", f"dashboardItems[{index}].users", known)
            for index, item in enumerate(items)
        ]


def _keep_known(
    step: Step, holder: Mapping[str, Any], name: str, path: str, known: Set[str]
) -> dict[str, Any]:
    users = holder.get(name)
    kept = [one for one in users or () if one.get("id") in known]
    if not users or len(kept) == len(users):
        return dict(holder)
    step.adapt(
        path,
        f"{len(users) - len(kept)} of {len(users)} left out",
        "They are not at the destination, and the pair moves no users.",
    )
    return {**holder, name: kept}


def _restrict(step: Step, name: str, units: Set[str] | None) -> None:
    """Leave out of a list of org units those outside of the pair, and placeholders."""
    given = step.body.get(name)
    if not isinstance(given, list) or not given:
        return
    real = [one for one in given if not is_placeholder(one.get("id"))]
    if len(real) < len(given):
        step.adapt(
            name,
            f"{len(given) - len(real)} template placeholder left out",
            "A placeholder of a package stands for an org unit: assign real ones.",
        )
    inside = [one for one in real if units is None or one.get("id") in units]
    if len(inside) < len(real):
        step.adapt(
            name,
            f"{len(real) - len(inside)} of {len(real)} org units left out",
            "They are outside of the pair's org units (metadata.org_unit_assignments: restrict).",
        )
    step.body[name] = inside
