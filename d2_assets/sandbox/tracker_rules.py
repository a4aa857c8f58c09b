"""Program rules at import: what they assign, and what they refuse.

A value that was sent and that a rule computes otherwise is refused: E1307 for a data element, E1309
for an attribute, which blames the enrollment [seen]. A value that was not sent is put in. Of the
other actions SHOWERROR refuses (E1300) [read]; the rest is for screens.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from d2_assets.sandbox.stored_tracker import pad_date
from d2_assets.sandbox.tracker_expressions import UnreadableError, evaluate, to_text, to_typed
from d2_assets.sandbox.tracker_known import Known
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_value_checks import merge_values, read_value
from d2_assets.sandbox.tracker_words import Refusal

_NUMBERS = ("NUMBER", "INTEGER")


@dataclass(slots=True)
class RuleEngine:
    """The rules of the programs that an import touches; ``unread`` are those it cannot read."""

    known: Known
    unread: list[str] = field(default_factory=list)

    def find_refusals(self, sent: Sent) -> Iterator[Refusal]:
        """What rules have against an enrollment or event; values they assign are put into it."""
        if sent.kind not in ("enrollment", "event"):
            return
        program = sent.tell("program")
        store = self.known.instance.store
        for rule in store.metadata("programRules"):
            if _id(rule.get("program")) != program or not self._concerns(rule, sent):
                continue
            variables = self._list_variables(sent, program)
            try:
                if not evaluate(str(rule.get("condition") or "true"), variables):
                    continue
                for reference in rule.get("programRuleActions") or ():
                    action = store.get_object("programRuleActions", reference["id"])
                    if action is not None:
                        yield from self._act(rule["id"], action, sent, variables)
            except UnreadableError:
                self.unread.append(rule["id"])

    def _concerns(self, rule: Mapping[str, Any], sent: Sent) -> bool:
        stage = _id(rule.get("programStage"))
        return not stage or sent.tell("programStage") == stage

    def _act(
        self, rule: str, action: Mapping[str, Any], sent: Sent, variables: Mapping[str, Any]
    ) -> Iterator[Refusal]:
        kind = action.get("programRuleActionType")
        if kind == "SHOWERROR" and sent.kind == "event":
            yield Refusal("E1300", (rule, str(action.get("content") or "")))
        if kind != "ASSIGN":
            return
        element = _id(action.get("dataElement"))
        attribute = _id(action.get("trackedEntityAttribute"))
        computed = to_text(evaluate(str(action.get("data") or "''"), variables))
        if element and sent.kind == "event":
            stage = self.known.metadata.stages.get(sent.tell("programStage"))
            if stage and element in stage.elements:
                yield from self._assign(rule, "dataValues", "dataElement", element, computed, sent)
        if attribute and sent.kind == "enrollment":
            yield from self._assign(rule, "attributes", "attribute", attribute, computed, sent)

    def _assign(
        self, rule: str, member: str, key: str, name: str, computed: str, sent: Sent
    ) -> Iterator[Refusal]:
        given = {row.get(key): read_value(row) for row in sent.body.get(member) or ()}
        if key == "attribute":
            holder = self.known.bundle.objects["trackedEntity"].get(sent.tell("trackedEntity"))
            for row in (holder.body.get(member) if holder else ()) or ():
                given.setdefault(row.get(key), read_value(row))
        found = given.get(name)
        if found is None:
            sent.body[member] = [*(sent.body.get(member) or ()), {key: name, "value": computed}]
        elif not self._is_same(found, computed):
            yield Refusal("E1307" if key == "dataElement" else "E1309", (rule, name, computed))

    @staticmethod
    def _is_same(found: str, computed: str) -> bool:
        return found == computed or to_text(to_typed(found, "NUMBER")) == computed

    def _list_variables(self, sent: Sent, program: str) -> dict[str, Any]:
        variables: dict[str, Any] = {"V{current_date}": self.known.instance.store.now().date()}
        for body in self.known.instance.store.metadata("programRuleVariables"):
            if _id(body.get("program")) != program:
                continue
            value = self._find_value(body, sent)
            name = str(body.get("name"))
            for sign in ("#", "A"):
                written = f"{sign}{{{name}}}"
                variables[written] = to_typed(value, str(body.get("valueType") or "TEXT"))
                variables[f"has {written}"] = value is not None
        return variables

    def _find_value(self, variable: Mapping[str, Any], sent: Sent) -> str | None:
        source = str(variable.get("programRuleVariableSourceType") or "")
        if source == "TEI_ATTRIBUTE":
            return self._find_attribute(_id(variable.get("trackedEntityAttribute")), sent)
        element = _id(variable.get("dataElement"))
        if source == "DATAELEMENT_CURRENT_EVENT" and sent.kind == "event":
            return merge_values(sent, self.known, "dataValues", "dataElement").get(element)
        if source.startswith("DATAELEMENT_NEWEST_EVENT_PROGRAM"):
            return self._find_newest(element, _id(variable.get("programStage")), sent)
        return None

    def _find_attribute(self, attribute: str, sent: Sent) -> str | None:
        enrollment = sent.tell("enrollment")
        entity = sent.tell("trackedEntity")
        entity = entity or self.known.tell("enrollment", enrollment, "trackedEntity")
        holder = self.known.bundle.objects["trackedEntity"].get(entity)
        holder = holder or Sent("trackedEntity", entity, {}, 0)
        return merge_values(holder, self.known, "attributes", "attribute").get(attribute)

    def _find_newest(self, element: str, stage: str, sent: Sent) -> str | None:
        """The value in the newest event of the enrollment that holds one."""
        enrollment = sent.tell("enrollment")
        found: dict[str, tuple[str, str | None]] = {}
        stages = [stage] if stage else self.known.metadata.programs[sent.tell("program")].stages
        for named in stages if enrollment else ():
            for item in self.known.list_events(enrollment, named):
                values = {row["dataElement"]: row["value"] for row in item.body["dataValues"]}
                found[item.uid] = (item.occurred_at, values.get(element))
        for event in self.known.bundle.objects["event"].values():
            if event.tell("enrollment") == enrollment and event.tell("programStage") in stages:
                values = merge_values(event, self.known, "dataValues", "dataElement")
                found[event.uid] = (pad_date(event.tell("occurredAt")), values.get(element))
        held = sorted((when, value) for when, value in found.values() if value)
        return held[-1][1] if held else None


def _id(reference: Any) -> str:
    return str(reference["id"]) if isinstance(reference, Mapping) and "id" in reference else ""
