"""What a version requires and an object of another version does not have.

One table says what stands in for it. A reference is never made up, except to the default category
combo, which DHIS2 itself uses where none is given; what has no entry here is named in quarantine.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from d2_assets.dhis2.schemas import Property, Schema, Schemas
from d2_assets.metadata.members import managed_members
from d2_assets.metadata.policy import Step

SHORT_NAME = "shortName"
#: Characters of a short name where a schema does not say.
_SHORT = 50

#: Has the same UID on every server [seen].
DEFAULT_COMBO = {"id": "bjDvmb4bfuf"}

Derive = Callable[[Mapping[str, Any]], Any]


def _from_username(body: Mapping[str, Any]) -> Any:
    return body.get("username")


def _combo(body: Mapping[str, Any]) -> Any:
    return DEFAULT_COMBO


#: Class and required member -> what stands in for it. Enrollments of other versions have no
#: attribute option combo: so enrollmentCategoryCombo must be the default, whatever the program has.
REQUIRED_DEFAULTS: Mapping[tuple[str, str], Derive] = {
    ("categoryOptionGroups", "dataDimensionType"): lambda body: "DISAGGREGATION",
    ("categoryOptionGroupSets", "dataDimensionType"): lambda body: "DISAGGREGATION",
    ("dataApprovalWorkflows", "categoryCombo"): _combo,
    ("dataElements", "categoryCombo"): _combo,
    ("dataSets", "categoryCombo"): _combo,
    ("programs", "categoryCombo"): _combo,
    ("programs", "enrollmentCategoryCombo"): _combo,
    ("programIndicators", "attributeCombo"): _combo,
    ("programIndicators", "categoryCombo"): _combo,
    ("programIndicators", "analyticsType"): lambda body: "EVENT",
    ("programRuleActions", "evaluationTime"): lambda body: "ALWAYS",
    ("mapViews", "renderingStrategy"): lambda body: "SINGLE",
    ("optionSets", "version"): lambda body: 0,
    ("programSections", "sortOrder"): lambda body: 0,
    ("programStageSections", "sortOrder"): lambda body: 0,
    ("sections", "sortOrder"): lambda body: 0,
    ("programStages", "minDaysFromStart"): lambda body: 0,
    ("sqlViews", "cacheStrategy"): lambda body: "RESPECT_SYSTEM_SETTING",
    ("users", "firstName"): _from_username,
    ("users", "surname"): _from_username,
}


def fill_required(
    step: Step, body: dict[str, Any], source: Schema | None, destination: Schema, path: str
) -> list[str]:
    """Derive what the destination requires and the body lacks; gives the members for which there
    is nothing to derive. ``path`` is where a part stands in its object, with a dot at its end."""
    missing: list[str] = []
    managed = managed_members(destination.plural)
    for name, about in destination.properties.items():
        if not about.is_required or name in managed or name == "id":
            continue
        if body.get(name) not in (None, ""):
            continue
        theirs = source.properties.get(name) if source else None
        value = _derive(body, destination.plural, about, is_new=not (theirs and theirs.is_required))
        if value is not None:
            body[name] = value
            _tell(step, path, name, value)
        elif about.kind != "BOOLEAN":  # a server has its own default for a truth value
            missing.append(f"{path}{name}")
    return missing


def _derive(body: Mapping[str, Any], plural: str, about: Property, *, is_new: bool) -> Any:
    derive = REQUIRED_DEFAULTS.get((plural, about.name))
    if derive is not None:
        return derive(body)
    if about.name == SHORT_NAME and body.get("name"):
        return cut_name(str(body["name"]), about.length or _SHORT)
    return False if about.kind == "BOOLEAN" and is_new else None


def _tell(step: Step, path: str, name: str, value: Any) -> None:
    if not path:
        step.yielding.add(name)
        if name == SHORT_NAME:
            return  # told when it is unique
    if value not in (False, 0):
        said = value["id"] if isinstance(value, Mapping) else value
        step.adapt(f"{path}{name}", f"set to «{said}»", "The destination requires it.")


def cut_name(name: str, length: int) -> str:
    """A name that is no longer than ``length``."""
    return name[:length].strip()


def settle_short_names(steps: Iterable[Step], destination: Schemas) -> None:
    """Make derived short names unique where the destination wants that, and tell them."""
    taken: Counter[tuple[str, object]] = Counter()
    derived: list[Step] = []
    for step in steps:
        taken[step.plural, step.body.get(SHORT_NAME)] += 1
        if SHORT_NAME in step.yielding:
            derived.append(step)
    for step in derived:
        schema = destination.get(step.plural)
        about = schema.properties.get(SHORT_NAME) if schema else None
        if about and about.is_unique and taken[step.plural, step.body[SHORT_NAME]] > 1:
            length = (about.length or _SHORT) - len(step.item.id) - 1
            name = cut_name(str(step.body["name"]), length)
            step.body[SHORT_NAME] = f"{name} {step.item.id}"
        step.adapt(
            SHORT_NAME,
            f"set to «{step.body[SHORT_NAME]}»",
            "The destination requires a short name: it was made from the name.",
        )
