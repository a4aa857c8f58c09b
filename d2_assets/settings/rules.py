"""What must hold across the settings file: unique names, and pairs whose ends fit together."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from d2_assets.settings.automation_rules import find_automation_mistakes
from d2_assets.settings.mistakes import KeyPath, Mistake
from d2_assets.settings.models import Instance, Pair, runs_against
from d2_assets.settings.vocabulary import MOVES


def find_mistakes_across(
    instances: Mapping[int, Instance], pairs: Mapping[int, Pair], declared: Collection[str]
) -> Iterator[Mistake]:
    """The mistakes between instances and pairs, given by their place in the file.

    ``declared`` are the names of all instances, also of those that are not valid by themselves.
    """
    yield from _find_repeated_names("instances", instances)
    yield from _find_repeated_names("pairs", pairs)
    # of two with one name the first counts, so that the repetition is told once
    by_name = {instance.name: instance for instance in reversed(list(instances.values()))}
    for place, pair in pairs.items():
        path = ("pairs", place)
        for end, name in (("source", pair.source), ("destination", pair.destination)):
            if name not in declared:
                yield _unknown_instance((*path, end), name, declared)
        yield from _find_misfit(path, pair, by_name.get(pair.source), by_name.get(pair.destination))
        yield from _find_foreign_priority(path, pair)
        yield from find_automation_mistakes(path, pair)
    yield from _find_contradictions(pairs)


def _find_repeated_names(
    section: str, items: Mapping[int, Instance] | Mapping[int, Pair]
) -> Iterator[Mistake]:
    seen: Counter[str] = Counter()
    for place, item in items.items():
        seen[item.name] += 1
        if seen[item.name] > 1:
            yield Mistake(
                (section, place, "name"),
                f"The name {item.name} is taken by another of the {section}.",
                "Give each a name of its own.",
            )


def _unknown_instance(path: KeyPath, name: str, declared: Collection[str]) -> Mistake:
    known = ", ".join(sorted(declared)) or "none yet"
    return Mistake(
        path, f"There is no instance named {name}.", f"Use a name under instances: {known}."
    )


def _find_misfit(
    path: KeyPath, pair: Pair, source: Instance | None, destination: Instance | None
) -> Iterator[Mistake]:
    if pair.source == pair.destination:
        yield Mistake(
            (*path, "destination"), "Source and destination are the same.", "Name two instances."
        )
        return
    if source:
        yield from _find_unfit_source(path, pair, source)
    if destination:
        yield from _find_unfit_destination(path, destination)


def _find_foreign_priority(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    name = pair.conflicts.priority_instance
    if name not in (None, pair.source, pair.destination):
        yield Mistake(
            (*path, "conflicts", "priority_instance"),
            f"{name} is no end of the pair {pair.name}.",
            f"Use {pair.source} or {pair.destination}.",
        )


def _find_contradictions(pairs: Mapping[int, Pair]) -> Iterator[Mistake]:
    """Active pairs that run against each other, move the same things and differ in their rule."""
    active = [(place, pair) for place, pair in pairs.items() if pair.active]
    for number, (place, pair) in enumerate(active):
        for _, other in active[:number]:
            shared = MOVES[pair.sync_type] & MOVES[other.sync_type]
            if shared and runs_against(pair, other) and pair.conflicts != other.conflicts:
                yield Mistake(
                    ("pairs", place, "conflicts"),
                    f"The pairs {other.name} and {pair.name} run against each other and have "
                    "different conflicts rules: each would undo what the other one does.",
                    "Give both the same rule and priority_instance.",
                )


def _find_unfit_source(path: KeyPath, pair: Pair, source: Instance) -> Iterator[Mistake]:
    if source.role == "destination":
        yield Mistake(
            (*path, "source"),
            f"{source.name} has the role destination: no data may come from it.",
            "Set its role to source or both, or choose another source.",
        )
    needed = "openlmis" if pair.sync_type == "stock" else "dhis2"
    if source.kind != needed:
        yield Mistake(
            (*path, "sync_type"),
            f"sync_type {pair.sync_type} needs a source of kind {needed}, "
            f"and {source.name} is {source.kind}.",
            "Use sync_type stock from OpenLMIS, and any other from DHIS2.",
        )


def _find_unfit_destination(path: KeyPath, destination: Instance) -> Iterator[Mistake]:
    if destination.kind != "dhis2":
        yield Mistake(
            (*path, "destination"),
            f"{destination.name} is {destination.kind}: data can only go to DHIS2.",
            "Choose an instance of kind dhis2.",
        )
    elif destination.role == "source":
        yield Mistake(
            (*path, "destination"),
            f"{destination.name} has the role source: nothing may be written to it.",
            "Set its role to destination or both, or choose another destination.",
        )
