"""Stock on hand of a facility and program: as of a date (v2), and the list of all its cards (v1).

v2 is asked once and never paged: it works out everything for each page. It hides cards of products
that are no longer approved, stock and all; v1 lists every card, with today's stock, and refuses API
keys (domain/openlmis.md, 4.2).
"""

from dataclasses import dataclass
from datetime import date

from d2_assets.openlmis.paging import list_all, list_content
from d2_assets.openlmis.signing_in import OpenLMISSession
from d2_assets.openlmis.stock_cards import lower_id

_V2 = "/api/v2/stockCardSummaries"
_V1 = "/api/stockCardSummaries"

#: Size of a page that holds the cards of any place: v1 gives 20 unless it is asked for more.
_ALL = 100_000


@dataclass(frozen=True, slots=True)
class CardSummary:
    """A card as of a date. ``stock_on_hand`` is None when it had no movement up to then, which is
    not the same as 0; ``occurred_date`` is that of its last movement."""

    card: str
    orderable: str
    lot: str
    stock_on_hand: int | None
    occurred_date: date | None
    active: bool = True


def get_summaries(
    session: OpenLMISSession, facility: str, program: str, as_of: date
) -> list[CardSummary]:
    """The cards of a facility in one program at the end of a day, each once, under its own
    product: a card that fulfils a commodity type is met there as well."""
    params = {"facilityId": facility, "programId": program, "asOfDate": as_of.isoformat()}
    found: dict[str, CardSummary] = {}
    for row in list_content(session.get_json(_V2, params), _V2):
        for body in row["canFulfillForMe"] or ():
            card = lower_id(body["stockCard"]["id"])
            occurred = body["occurredDate"]
            found[card] = CardSummary(
                card=card,
                orderable=lower_id(body["orderable"]["id"]),
                lot=lower_id(body["lot"]["id"]) if body["lot"] else "",
                stock_on_hand=body["stockOnHand"],
                occurred_date=date.fromisoformat(occurred) if occurred else None,
                active=body.get("active") is not False,
            )
    return list(found.values())


def list_cards(session: OpenLMISSession, facility: str, program: str) -> list[CardSummary]:
    """Every card of a facility in one program with today's stock, withdrawn products too.

    ConfigurationError with status 403 for an API key.
    """
    params = {"facility": facility, "program": program}
    return [
        CardSummary(
            card=lower_id(body["id"]),
            orderable=lower_id(body["orderable"]["id"]),
            lot=lower_id(body["lot"]["id"]) if body["lot"] else "",
            stock_on_hand=body["stockOnHand"],
            occurred_date=date.fromisoformat(body["lastUpdate"]) if body["lastUpdate"] else None,
            active=body.get("active") is not False,
        )
        for body in list_all(session, _V1, params, _ALL, sort="id")
    ]
