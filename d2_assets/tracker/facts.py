"""What the destination knows of what events and tracked entities refer to, ready to be asked.

Sets are made once: they are asked for every value of every object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from d2_assets.dhis2.metadata import CategoryCombo
from d2_assets.dhis2.programs import Program, RelationshipType, Stage, TrackedEntityType, Typed

_ORG_UNIT_VALUE = "ORGANISATION_UNIT"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything by the destination's own UIDs. ``writable``: the org units that its account may
    write to. ``option_combos``: by category combo. ``option_codes``: by option set."""

    programs: Mapping[str, Program] = field(default_factory=dict)
    types: Mapping[str, TrackedEntityType] = field(default_factory=dict)
    elements: Mapping[str, Typed] = field(default_factory=dict)
    attributes: Mapping[str, Typed] = field(default_factory=dict)
    option_codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    relationship_types: Mapping[str, RelationshipType] = field(default_factory=dict)
    option_combos: Mapping[str, frozenset[str]] = field(default_factory=dict)
    org_units: frozenset[str] = frozenset()
    writable: frozenset[str] = frozenset()
    stages: Mapping[str, tuple[str, Stage]] = field(init=False)
    stage_elements: Mapping[str, frozenset[str]] = field(init=False)
    all_option_combos: frozenset[str] = field(init=False)
    unit_values: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """``stages``: each with its program's UID. ``unit_values``: the data elements and
        attributes whose values are UIDs of org units."""
        stages = {
            stage.id: (program.id, stage)
            for program in self.programs.values()
            for stage in program.stages
        }
        elements = {
            uid: frozenset(element.id for element in stage.elements)
            for uid, (_, stage) in stages.items()
        }
        typed = (*self.elements.values(), *self.attributes.values())
        object.__setattr__(self, "stages", stages)
        object.__setattr__(self, "stage_elements", elements)
        object.__setattr__(
            self, "all_option_combos", frozenset().union(*self.option_combos.values())
        )
        object.__setattr__(
            self,
            "unit_values",
            frozenset(one.id for one in typed if one.value_type == _ORG_UNIT_VALUE),
        )

    def list_attributes(self, type_: str, programs: frozenset[str]) -> frozenset[str]:
        """The attributes that an entity of the type can show, through its type or the programs."""
        known = self.types.get(type_)
        of_type = known.attributes if known else ()
        of_programs = (
            attribute.id
            for uid in programs
            if (program := self.programs.get(uid)) and program.tracked_entity_type == type_
            for attribute in program.attributes
        )
        return frozenset((*of_type, *of_programs))

    def takes_option_combo(self, option_combo: str, program: Program) -> bool:
        """Whether events of the program take the attribute option combo.

        Where the account does not see the program's category combo, any known one will do.
        """
        of_program = self.option_combos.get(program.category_combo) or self.all_option_combos
        return option_combo in of_program


def by_combo(combos: list[CategoryCombo]) -> Mapping[str, frozenset[str]]:
    """Option combos by category combo."""
    return {combo.id: combo.option_combos for combo in combos}
