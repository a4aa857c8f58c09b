"""How the stand-in OpenLMIS writes its objects as JSON: nulls stand where nothing is."""

from collections.abc import Sequence
from typing import Any

from d2_assets.sandbox.openlmis.state import (
    Running,
    State,
    StoredCard,
    StoredFacility,
    StoredLine,
    StoredOrderable,
    StoredReason,
)

Body = dict[str, Any]

_ALL = 2147483647
#: Where facilities lie says nothing of stock: all are in one place.
_ZONE: Body = {
    "id": "9b8cfb5a-217a-4261-a64f-16ca06ae79fa",
    "code": "district",
    "name": "District",
    "level": {
        "id": "93c05138-4550-4461-9e8a-79d5f050c223",
        "code": "District",
        "name": "District",
        "levelNumber": 3,
    },
    "parent": None,
}
_CATEGORY = "1b59c74f-d087-4911-8bc1-5eaa9235730a"
_UNSORTED = {"sorted": False, "unsorted": True, "empty": True}


class Bodies:
    """Objects of one server; ``url`` is where its links point to."""

    def __init__(self, state: State, url: str) -> None:
        self.state = state
        self.url = url

    def facility(self, facility: StoredFacility, *, full: bool) -> Body:
        body: Body = {
            "id": facility.id,
            "code": facility.code,
            "name": facility.name,
            "active": facility.active,
            "enabled": facility.enabled,
            "type": {
                "id": facility.type,
                "code": facility.type,
                "name": facility.type,
                "description": None,
                "displayOrder": 1,
                "active": True,
            },
            "geographicZone": _ZONE,
        }
        if full:
            programs = [self.state.programs[one] for one in facility.programs]
            body |= {
                "description": None,
                "operator": None,
                "goLiveDate": None,
                "goDownDate": None,
                "comment": None,
                "openLmisAccessible": True,
                "supportedPrograms": [
                    {
                        "id": one.id,
                        "code": one.code,
                        "name": one.name,
                        "programActive": one.active,
                        "periodsSkippable": True,
                        "showNonFullSupplyTab": True,
                        "supportLocallyFulfilled": False,
                        "supportActive": True,
                        "supportStartDate": None,
                    }
                    for one in programs
                ],
            }
        return body

    def program(self, program: str) -> Body:
        found = self.state.programs[program]
        return {
            "id": found.id,
            "code": found.code,
            "name": found.name,
            "description": None,
            "active": found.active,
            "periodsSkippable": True,
            "skipAuthorization": False,
            "showNonFullSupplyTab": True,
            "enableDatePhysicalStockCountCompleted": None,
        }

    def orderable(self, orderable: StoredOrderable) -> Body:
        return {
            "id": orderable.id,
            "productCode": orderable.code,
            "fullProductName": orderable.name,
            "description": None,
            "netContent": orderable.net_content,
            "packRoundingThreshold": 1,
            "roundToZero": False,
            "dispensable": {"dispensingUnit": "each", "displayUnit": "each"},
            "programs": [
                {
                    "programId": one,
                    "orderableDisplayCategoryId": _CATEGORY,
                    "active": True,
                    "fullSupply": True,
                    "dosesPerPatient": 1,
                }
                for one in orderable.programs
            ],
            "children": [],
            "identifiers": dict(orderable.identifiers),
            "extraData": {},
            "meta": {"versionNumber": orderable.version, "lastUpdated": "2019-01-01T00:00:00Z"},
        }

    def reason(self, reason: StoredReason) -> Body:
        return {
            "id": reason.id,
            "name": reason.name,
            "description": reason.description,
            "reasonType": reason.type,
            "reasonCategory": reason.category,
            "isFreeTextAllowed": reason.is_free_text_allowed,
            "tags": list(reason.tags),
        }

    def lot(self, lot: str) -> Body | None:
        found = self.state.lots.get(lot)
        return found and {
            "id": found.id.lower(),
            "lotCode": found.code,
            "active": True,
            "tradeItemId": found.trade_item or None,
            "expirationDate": found.expiration_date,
        }

    def link(self, kind: str, uuid: str, **more: Any) -> Body:
        return {"id": uuid, "href": f"{self.url}/api/{kind}/{uuid}", **more}

    def summary(self, card: StoredCard, last: Running | None) -> Body:
        """A card in the answer of v2, as of its last movement up to the date."""
        line = last.line if last else None
        return {
            "stockCard": self.link("stockCards", card.id),
            "orderable": self.link("orderables", card.orderable),
            "lot": self.link("lots", card.lot.lower()) if card.lot else None,
            "stockOnHand": last.stock_on_hand if last else None,
            "occurredDate": line.occurred_date.isoformat() if line else None,
            "processedDate": line.processed_date if line else None,
            "active": card.active,
        }

    def card(self, card: StoredCard, last: Running | None) -> Body:
        """A card as v1 lists it; ``last``: its last movement up to today."""
        return {
            "id": card.id,
            "stockOnHand": last.stock_on_hand if last else None,
            "facility": self.facility(self.state.facilities[card.facility], full=True),
            "program": self.program(card.program),
            "orderable": self.orderable(self.state.orderables[card.orderable]),
            "lot": self.lot(card.lot),
            "extraData": None,
            "active": card.active,
            "lastUpdate": last.line.occurred_date.isoformat() if last else None,
        }

    def card_with_lines(self, card: StoredCard, lines: Sequence[Running]) -> Body:
        """A card by its id: physical inventories are rewritten into what they changed."""
        today = self.state.today()
        until = [one for one in lines if one.line.occurred_date <= today]
        body = self.card(card, until[-1] if until else None)
        return body | {"lineItems": [self._line(one) for one in lines]}

    def _line(self, running: Running) -> Body:
        line, signed = running.line, running.signed
        reason = self._made_up(signed) if running.is_count else self._reason_of(line)
        return {
            "id": line.id,
            "quantity": abs(signed) if running.is_count else line.quantity,
            "extraData": None,
            "reason": reason,
            "sourceFreeText": None,
            "destinationFreeText": None,
            "documentNumber": None,
            "reasonFreeText": None,
            "signature": None,
            "occurredDate": line.occurred_date.isoformat(),
            "stockOnHand": running.stock_on_hand,
            "username": "administrator",
            "stockAdjustments": [
                {
                    "id": part.id,
                    "reason": self._full(self.state.reasons[part.reason]),
                    "quantity": part.quantity,
                    "quantityWithSign": self._sign(part.reason, part.quantity),
                }
                for part in line.adjustments
            ],
            "quantityWithSign": signed,
            "positive": signed > 0,
            "physicalInventory": False,
            "source": self._node(line.source),
            "destination": self._node(line.destination),
            "originEventId": None,
        }

    def _node(self, place: str) -> Body | None:
        """A facility whole, an organization by its name alone."""
        if not place:
            return None
        found = self.state.facilities.get(place)
        return self.facility(found, full=True) if found else {"name": place}

    def _sign(self, reason: str, quantity: int) -> int:
        return quantity if self.state.reasons[reason].type == "CREDIT" else -quantity

    def _reason_of(self, line: StoredLine) -> Body | None:
        reason = self.state.reasons.get(line.reason)
        return self._full(reason) if reason else None

    def _full(self, reason: StoredReason) -> Body:
        return self.reason(reason) | _describe(reason.type, reason.category)

    def _made_up(self, signed: int) -> Body:
        """The reason that a physical inventory is given: it has no id."""
        name, kind = (
            ("Overstock", "CREDIT")
            if signed > 0
            else ("Understock", "DEBIT")
            if signed < 0
            else ("Balance adjustment", "BALANCE_ADJUSTMENT")
        )
        return {
            "id": None,
            "name": name,
            "description": None,
            "reasonType": kind,
            "reasonCategory": "PHYSICAL_INVENTORY",
            "isFreeTextAllowed": None,
            "tags": [],
            **_describe(kind, "PHYSICAL_INVENTORY"),
        }


def _describe(kind: str, category: str) -> Body:
    return {
        "creditReasonType": kind == "CREDIT",
        "debitReasonType": kind == "DEBIT",
        "adjustmentReasonCategory": category == "ADJUSTMENT",
    }


def make_page(rows: Sequence[Body], number: int | None, size: int | None) -> Body:
    """Spring's page; everything when neither a number nor a size was asked for."""
    size = size or _ALL
    number = number or 0
    content = rows[number * size : (number + 1) * size]
    pages = -(-len(rows) // size)
    return {
        "content": list(content),
        "pageable": {
            "sort": _UNSORTED,
            "pageNumber": number,
            "pageSize": size,
            "offset": number * size,
            "paged": True,
            "unpaged": False,
        },
        "totalPages": pages,
        "totalElements": len(rows),
        "last": number >= pages - 1,
        "numberOfElements": len(content),
        "first": number == 0,
        "sort": _UNSORTED,
        "size": size,
        "number": number,
        "empty": not content,
    }
