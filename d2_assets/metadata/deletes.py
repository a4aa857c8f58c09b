"""What only the destination has: counted, and deleted where the pair mirrors, within a brake."""

from collections.abc import Sequence, Set

from d2_assets.dhis2.schemas import Schemas
from d2_assets.errors import ContractError
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import Adaptation, Key, MetadataObject, adapt
from d2_assets.metadata.own_account import OwnAccount
from d2_assets.metadata.plan import Action, Planned, is_default, make_planned
from d2_assets.metadata.references import iterate_references

_GROUPS = "optionGroups"
_WITH_OPTIONS = (
    "Only the destination has it, and deleting it would delete its options: empty it there by "
    "hand first, then it goes in the next run."
)


def find_destination_only(
    destination: Side, matched: Set[Key], account: OwnAccount
) -> list[MetadataObject]:
    """Objects that no object of the source stands for. Default category objects, and the account
    that we use with its roles and groups, are nobody's to delete."""
    return [
        item
        for item in destination
        if item.key not in matched and item.key not in account.keys and not is_default(item)
    ]


def hold_brake(
    only: Sequence[MetadataObject], destination: Side, choices: MetadataChoices, title: str
) -> None:
    """Stop before mirroring takes away more than the set share of a family. ContractError names
    the numbers. A preview does not ask: it shows the plan."""
    if len(only) * 100 > choices.brake_percent * destination.count:
        raise ContractError(
            f"Mirroring would delete {len(only)} of {destination.count} objects that the "
            f"destination holds of {title}; the brake of the pair is {choices.brake_percent:g} %. "
            "Nothing was sent.",
            remedy="Look at the plan (job preview). If the objects must go, raise "
            "deletes.brake_percent of the pair for one run; else set deletes.mirror to false.",
        )


def spare_option_groups(
    only: Sequence[MetadataObject],
) -> tuple[list[MetadataObject], list[Adaptation]]:
    """What may be deleted, and the option groups that may not: from 2.41 a server deletes the
    options of a group with it [read], out of the option sets that they belong to."""
    kept = [item for item in only if item.plural == _GROUPS and item.body.get("options")]
    told = [adapt(item, "options", "not deleted", _WITH_OPTIONS) for item in kept]
    return [item for item in only if item not in kept], told


def plan_deletes(only: Sequence[MetadataObject], schemas: Schemas) -> list[Planned]:
    """The deletion of objects; what refers to others goes before them."""
    keys = {item.key for item in only}
    return [
        make_planned(
            item,
            Action.DELETE,
            needs=frozenset(
                (one.plural, one.id) for one in iterate_references(item.body, item.plural, schemas)
            )
            & (keys - {item.key}),
        )
        for item in only
    ]
