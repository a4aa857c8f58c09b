"""Which address of the stand-in OpenLMIS is answered by what, and who may ask.

Defaults of paging differ by service: the stock service gives 20 rows where nothing is asked for,
reference data everything. A page number without a size is refused.
"""

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import orjson

from d2_assets.sandbox.answers import Answer
from d2_assets.sandbox.endpoints import Ask
from d2_assets.sandbox.openlmis.bodies import Bodies, Body, make_page
from d2_assets.sandbox.openlmis.state import Running, State, StoredCard

_CLIENT = ("user-client", "changeme")
_LIFETIME = 1799
_STOCK_PAGE = 20
_MODIFIED = "Tue, 01 Jan 2019 00:00:00 GMT"

Endpoint = Callable[[Bodies, str, Ask, Sequence[str]], Answer]


class _Refusal(Exception):  # noqa: N818 - an answer, not a failure
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def answer_request(bodies: Bodies, ask: Ask) -> Answer:
    """The answer to any request."""
    if (ask.method, ask.path) == ("POST", "/api/oauth/token"):
        return _answer_token(bodies.state, ask)
    try:
        who = _find_account(bodies.state, ask)
        for method, pattern, endpoint in _ROUTES:
            match = re.fullmatch(pattern, ask.path)
            if match and method == ask.method:
                return endpoint(bodies, who, ask, match.groups())
    except _Refusal as refusal:
        return refusal.answer
    return answer_json({"message": "Not Found"}, 404)


def answer_json(body: Any, status: int = 200, **headers: str) -> Answer:
    """Any JSON body."""
    kind = {"content-type": "application/json;charset=UTF-8"}
    return Answer(status, orjson.dumps(body), kind | headers)


def _answer_token(state: State, ask: Ask) -> Answer:
    if _read_client(ask.headers.get("authorization", "")) != _CLIENT:
        body = {
            "timestamp": "2026-01-05T02:00:00.000Z",
            "status": 401,
            "error": "Unauthorized",
            "message": "Unauthorized",
            "path": ask.path,
        }
        return answer_json(body, 401)
    form = {name: values[0] for name, values in parse_qs(ask.body.decode()).items()}
    fields = form | {name: values[0] for name, values in ask.query.items()}
    username = fields.get("username", "")
    account = state.accounts.get(username)
    if account is None or account.password != fields.get("password"):
        body = {"error": "invalid_grant", "error_description": "Bad credentials"}
        return answer_json(body, 400)
    alive = next((token for token, owner in state.tokens.items() if owner == username), None)
    token = alive or str(uuid.uuid4())
    state.tokens[token] = username
    return answer_json(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": _LIFETIME,
            "scope": "read write",
            "referenceDataUserId": str(uuid.uuid5(uuid.NAMESPACE_URL, username)),
            "username": username,
        }
    )


def _read_client(header: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(header.removeprefix("Basic ")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _, secret = text.partition(":")
    return name, secret


def _find_account(state: State, ask: Ask) -> str:
    """The user name behind a token; empty for an API key."""
    token = ask.headers.get("authorization", "").removeprefix("Bearer ")
    if not token:
        words = "Full authentication is required to access this resource"
        raise _Refusal(answer_json({"error": "unauthorized", "error_description": words}, 401))
    if token in state.api_keys:
        return ""
    if token not in state.tokens:
        raise _Refusal(answer_json({"error": "invalid_token", "error_description": token}, 401))
    return state.tokens[token]


def _check_right(bodies: Bodies, who: str, facility: str, program: str) -> None:
    state = bodies.state
    if not who:
        return
    rights = state.accounts[who].rights
    if rights is None or (facility, program) in rights:
        return
    words = (
        f"You do not have permission STOCK_CARDS_VIEW for program "
        f"{state.programs[program].name} facility {state.facilities[facility].name} "
        "to perform this action."
    )
    key = "stockmanagement.error.authorization.noFollowingPermission"
    raise _Refusal(answer_json({"messageKey": key, "message": words}, 403))


def _refuse_key(who: str) -> None:
    if not who:
        words = "You do not have permission STOCK_CARDS_VIEW to perform this action."
        key = "stockmanagement.error.authorization.noFollowingPermission"
        raise _Refusal(answer_json({"messageKey": key, "message": words}, 403))


def _page(rows: Sequence[Body], ask: Ask, default: int | None, service: str) -> Answer:
    number, size = (_read_number(ask, name) for name in ("page", "size"))
    if number is not None and size is None:
        key = f"{service}.error.pageable.size.null"
        return answer_json({"messageKey": key, "message": "The page size is not specified"}, 400)
    if size is not None and size < 1:
        key = f"{service}.error.pageable.size.lessThanOne"
        words = "The page size must not be less than one"
        return answer_json({"messageKey": key, "message": words}, 400)
    return answer_json(make_page(_sort(rows, ask), number, size or default))


def _read_number(ask: Ask, name: str) -> int | None:
    values = ask.query.get(name)
    return int(values[0]) if values else None


def _sort(rows: Sequence[Body], ask: Ask) -> Sequence[Body]:
    asked = ask.query.get("sort", [""])[0].split(",")[0]
    return sorted(rows, key=lambda row: row[asked]) if asked in ("id", "code") else rows


def _one(ask: Ask, name: str) -> str:
    values = ask.query.get(name)
    if not values:
        words = f"Required parameter {name} is not present"
        raise _Refusal(answer_json({"messageKey": "error.parameter", "message": words}, 400))
    return values[0]


def _find_last(lines: Sequence[Running], as_of: date) -> Running | None:
    until = [one for one in lines if one.line.occurred_date <= as_of]
    return until[-1] if until else None


def _facilities(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    facilities = sorted(bodies.state.facilities.values(), key=lambda one: one.name)
    if groups[0] == "/minimal":
        rows = [
            {"id": one.id, "code": one.code, "name": one.name, "active": one.active}
            for one in facilities
        ]
        return _page(rows, ask, None, "referenceData")
    rows = [bodies.facility(one, full=groups[0] == "/full") for one in facilities]
    return _page(rows, ask, None, "referenceData")


def _facility(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    found = bodies.state.facilities.get(groups[0])
    if found is None:
        words = f"Facility with id {groups[0]} does not exist"
        key = "referenceData.error.facility.notFound"
        return answer_json({"messageKey": key, "message": words}, 404)
    return answer_json(bodies.facility(found, full=True))


def _programs(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    return answer_json([bodies.program(one) for one in bodies.state.programs])


def _orderables(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    if ask.headers.get("if-modified-since") == _MODIFIED:
        return Answer(304, b"", {"last-modified": _MODIFIED})
    found = sorted(bodies.state.orderables.values(), key=lambda one: one.name)
    unsorted = Ask(ask.method, ask.path, {**ask.query, "sort": [""]}, ask.headers, ask.body)
    answer = _page([bodies.orderable(one) for one in found], unsorted, None, "referenceData")
    answer.headers["last-modified"] = _MODIFIED
    return answer


def _reasons(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    return answer_json([bodies.reason(one) for one in bodies.state.reasons.values()])


def _summaries(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    state = bodies.state
    facility, program = _one(ask, "facilityId"), _one(ask, "programId")
    _check_right(bodies, who, facility, program)
    asked = ask.query.get("asOfDate")
    as_of = date.fromisoformat(asked[0]) if asked else state.today()
    lasts: dict[str, Running | None] = {
        card.id: _find_last(state.run(card), as_of) for card in state.list_cards(facility, program)
    }
    rows = [
        _sum_up(bodies, orderable, cards, lasts)
        for orderable, cards in state.find_products(facility, program).items()
    ]
    return _page(rows, ask, None, "stockmanagement")


def _sum_up(
    bodies: Bodies,
    orderable: str,
    cards: Sequence[StoredCard],
    lasts: dict[str, Running | None],
) -> Body:
    known = [last.stock_on_hand for card in cards if (last := lasts[card.id])]
    version = bodies.state.orderables[orderable].version
    return {
        "orderable": bodies.link("orderables", orderable, versionNumber=version),
        "canFulfillForMe": [bodies.summary(card, lasts[card.id]) for card in cards],
        "stockOnHand": sum(known) if known else None,
    }


def _list_cards(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    _refuse_key(who)
    facility, program = _one(ask, "facility"), _one(ask, "program")
    _check_right(bodies, who, facility, program)
    state = bodies.state
    rows = [
        bodies.card(card, _find_last(state.run(card), state.today()))
        for card in state.list_cards(facility, program)
    ]
    return _page(rows, ask, _STOCK_PAGE, "stockmanagement")


def _card(bodies: Bodies, who: str, ask: Ask, groups: Sequence[str]) -> Answer:
    card = bodies.state.cards.get(groups[0])
    if card is None:
        key = "stockmanagement.error.stockCard.notFound"
        words = f"Stock card with id {groups[0]} not found"
        return answer_json({"messageKey": key, "message": words}, 404)
    _check_right(bodies, who, card.facility, card.program)
    return answer_json(bodies.card_with_lines(card, bodies.state.run(card)))


_ROUTES: Sequence[tuple[str, str, Endpoint]] = (
    ("GET", "/api/facilities(|/minimal|/full)", _facilities),
    ("GET", "/api/facilities/([0-9a-f-]{36})", _facility),
    ("GET", "/api/programs", _programs),
    ("GET", "/api/orderables", _orderables),
    ("GET", "/api/stockCardLineItemReasons", _reasons),
    ("GET", "/api/v2/stockCardSummaries", _summaries),
    ("GET", "/api/stockCardSummaries", _list_cards),
    ("GET", "/api/stockCards/([0-9a-f-]{36})", _card),
)
