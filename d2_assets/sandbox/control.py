"""``/sandbox/...``: what is ordered of a running sandbox, from the same machine only."""

from dataclasses import asdict

import orjson

from d2_assets.sandbox.accounts import set_org_units, set_password
from d2_assets.sandbox.answers import Answer, answer_json
from d2_assets.sandbox.faults import FAULT_KINDS, Fault, FaultPlan, RequestLog
from d2_assets.sandbox.instance import Instance

_LOOPBACK = ("127.0.0.1", "::1")


def answer_control(
    instance: Instance,
    faults: FaultPlan,
    log: RequestLog,
    address: tuple[str, str],
    body: bytes,
    client: str,
) -> Answer:
    """Order and withdraw faults, change an account, read and clear the log.

    ``address`` is method and path, ``client`` the host that asks.
    """
    if client not in _LOOPBACK:
        words = "Faults are ordered on the machine itself."
        return answer_json(instance.facts, {"message": words}, 403)
    if address == ("POST", "/sandbox/faults"):
        return _order_fault(instance, faults, body)
    if address == ("POST", "/sandbox/accounts"):
        return _change_account(instance, body)
    if address == ("DELETE", "/sandbox/faults"):
        faults.clear()
        return Answer(204)
    if address == ("DELETE", "/sandbox/log"):
        log.clear()
        return Answer(204)
    return answer_json(instance.facts, [asdict(record) for record in log.list_records()])


def _order_fault(instance: Instance, faults: FaultPlan, body: bytes) -> Answer:
    try:
        fault = Fault(**orjson.loads(body))
    except (orjson.JSONDecodeError, TypeError):
        fault = None
    if fault is None or fault.kind not in FAULT_KINDS:
        words = f"A fault is JSON with a kind of {', '.join(FAULT_KINDS)}."
        return answer_json(instance.facts, {"message": words}, 400)
    faults.add(fault)
    return answer_json(instance.facts, asdict(fault), 201)


def _change_account(instance: Instance, body: bytes) -> Answer:
    """A JSON object with ``username`` and one or both of ``org_units`` and ``password``."""
    try:
        order = orjson.loads(body)
        if "org_units" in order:
            set_org_units(order["username"], order["org_units"], instance.store)
        if "password" in order:
            set_password(order["username"], order["password"], instance.store)
    except (orjson.JSONDecodeError, TypeError, LookupError) as error:
        words = f"A change is JSON with username, and org_units or password: {error}"
        return answer_json(instance.facts, {"message": words}, 400)
    return Answer(204)
