"""What the line of a family starts from, once both sides are read, cleaned and translated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from d2_assets.dhis2.schemas import Schemas
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.compare import Comparison
from d2_assets.metadata.extract import Side
from d2_assets.metadata.families import Family
from d2_assets.metadata.identities import Catalogue, Matching
from d2_assets.metadata.objects import Adaptation, Key, MetadataObject, Refusal
from d2_assets.metadata.own_account import OwnAccount
from d2_assets.metadata.plan import Echoes


@dataclass(frozen=True, slots=True)
class Given:
    """What the line starts from.

    ``objects`` are cleaned and translated, those of earlier families among them of which this one
    sets members; ``refusals`` and ``left_out`` were set aside on the way. ``yielding``: members
    that only a new object gets. ``later``: class and member that later families set.
    ``promised``: what a preview has planned further up. ``account``: the one that we use.
    """

    family: Family
    objects: Sequence[MetadataObject]
    destination: Side
    matching: Matching
    around: Catalogue
    schemas: Schemas
    comparison: Comparison
    choices: MetadataChoices
    refusals: Sequence[Refusal] = ()
    left_out: Sequence[Refusal] = ()
    adaptations: Sequence[Adaptation] = ()
    yielding: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    echoes: Echoes = field(default_factory=dict)
    promised: Mapping[Key, str] = field(default_factory=dict)
    later: frozenset[tuple[str, str]] = frozenset()
    account: OwnAccount = field(default_factory=OwnAccount)
    takes_option_combos_as_sets: bool = False

    @property
    def earlier(self) -> Mapping[str, frozenset[str]]:
        """Members that this family sets, by class of earlier families."""
        members: dict[str, set[str]] = {}
        for plural, name in self.family.second_pass:
            members.setdefault(plural, set()).add(name)
        return {plural: frozenset(names) for plural, names in members.items()}

    def owns(self, one: MetadataObject | Refusal | Adaptation) -> bool:
        """Whether an object is the family's own."""
        return one.plural not in self.earlier or one.plural in self.family.classes
