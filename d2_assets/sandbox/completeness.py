"""Completeness registrations: ``/api/completeDataSetRegistrations``.

Their conflicts are bare: an object and words, no code and no indexes, and one refused registration
makes the whole answer an ERROR [seen 2.40, 2.43].
"""

from collections.abc import Mapping, Sequence
from typing import Any

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.answers import Answer, answer_json, answer_message
from d2_assets.sandbox.imports import ImportOptions, MalformedPayloadError, Summary, answer_summary
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO, Registration
from d2_assets.sandbox.wire_values import accept_period

_REQUIRED = (
    ("dataSet", "E2013", "At least one data set must be specified"),
    (
        "orgUnit",
        "E2006",
        "At least one organisation unit or organisation unit group must be specified",
    ),
)


def answer_registrations(
    instance: Instance, account: Account, query: Mapping[str, Sequence[str]]
) -> Answer:
    """``GET``: by data set, unit (and ``children``), and periods or days."""
    for name, code, words in _REQUIRED:
        if not query.get(name):
            return answer_message(instance.facts, 409, message=words, error_code=code)
    split = {
        name: {part for value in given for part in value.split(",")}
        for name, given in query.items()
    }
    units = split["orgUnit"]
    if split.get("children") == {"true"}:
        units = set(instance.catalogue.list_subtree(units))
    found = [
        registration
        for registration in instance.store.registrations(split["dataSet"])
        if registration.org_unit in units
        and _is_in_time(registration, split)
        and instance.catalogue.is_under(registration.org_unit, account.org_units)
    ]
    listed = {"completeDataSetRegistrations": [_to_json(registration) for registration in found]}
    return answer_json(instance.facts, listed if found else {})


def _is_in_time(registration: Registration, query: Mapping[str, set[str]]) -> bool:
    if "period" in query:
        return registration.period in query["period"]
    period = accept_period(registration.period)
    start, end = min(query.get("startDate", {""})), max(query.get("endDate", {"9999"}))
    return period is not None and start <= period.start.isoformat() <= period.end.isoformat() <= end


def _to_json(registration: Registration) -> dict[str, Any]:
    return {
        "period": registration.period,
        "dataSet": registration.data_set,
        "organisationUnit": registration.org_unit,
        "attributeOptionCombo": registration.attribute_option_combo,
        "date": registration.date,
        "storedBy": registration.stored_by,
        "completed": registration.completed,
    }


def import_registrations(
    instance: Instance, account: Account, content: Any, options: ImportOptions
) -> Answer:
    """``POST``: a list of registrations, each taken or refused alone."""
    if not isinstance(content, Mapping):
        raise MalformedPayloadError(str(content))
    given = content.get("completeDataSetRegistrations") or []
    summary = Summary(description="Import process complete.")
    data_sets = {body.get("dataSet") or "" for body in given}
    stored = {_key(registration) for registration in instance.store.registrations(data_sets)}
    taken = []
    for body in given:
        words = _find_fault(instance, account, body)
        if words:
            summary.conflicts.append({"object": words[0], "value": words[1]})
            summary.ignored += 1
        else:
            registration = _read(instance, account, body)
            taken.append(registration)
            _count(summary, options, known=_key(registration) in stored)
    if not options.dry_run and options.strategy == "DELETE":
        instance.store.delete_registrations(taken)
    elif not options.dry_run:
        instance.store.put_registrations(taken)
    summary.status = "ERROR" if summary.conflicts else "SUCCESS"
    return answer_summary(instance.facts, options, summary, completeness=True)


def _count(summary: Summary, options: ImportOptions, *, known: bool) -> None:
    if options.strategy == "DELETE":
        summary.deleted += known
        summary.ignored += not known
    else:
        summary.updated += known
        summary.imported += not known


def _find_fault(
    instance: Instance, account: Account, body: Mapping[str, Any]
) -> tuple[str, str] | None:
    catalogue = instance.catalogue
    data_set, unit = body.get("dataSet") or "", body.get("organisationUnit") or ""
    period = body.get("period") or ""
    if data_set not in catalogue.data_sets:
        return data_set, "Data set not found or not accessible"
    if accept_period(period) is None:
        return period, "Period not valid"
    if unit not in catalogue.units:
        return unit, "Organisation unit not found or not accessible"
    if not catalogue.is_under(unit, account.org_units):
        return unit, f"Organisation unit is not in hierarchy of user: {account.username}"
    return None


def _read(instance: Instance, account: Account, body: Mapping[str, Any]) -> Registration:
    period = accept_period(body["period"])
    return Registration(
        data_set=body["dataSet"],
        period=period.id if period else body["period"],
        org_unit=body["organisationUnit"],
        attribute_option_combo=body.get("attributeOptionCombo") or DEFAULT_OPTION_COMBO,
        date=(body.get("date") or instance.store.now().date().isoformat())[:10],
        stored_by=body.get("storedBy") or account.username,
        completed=body.get("completed", True) is not False,
    )


def _key(registration: Registration) -> tuple[str, str, str, str]:
    return (
        registration.data_set,
        registration.period,
        registration.org_unit,
        registration.attribute_option_combo,
    )
