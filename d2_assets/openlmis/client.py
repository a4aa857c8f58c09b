"""One OpenLMIS server as callers see it: its endpoint families behind one name and one account."""

from datetime import date
from pathlib import Path

from d2_assets.openlmis import reference_data, summaries
from d2_assets.openlmis.orderable_cache import OrderableCache
from d2_assets.openlmis.reference_data import Facility, Orderable, Program
from d2_assets.openlmis.signing_in import OpenLMISSession
from d2_assets.openlmis.stock_cards import Reason, StockCard, parse_stock_card
from d2_assets.openlmis.summaries import CardSummary


class OpenLMISClient:
    """A server by its name in the settings; every method asks it, and raises ``errors``."""

    def __init__(self, name: str, url: str, session: OpenLMISSession) -> None:
        self.name = name
        self.url = url
        self.session = session

    def close(self) -> None:
        """Close the connections to the server."""
        self.session.close()

    @property
    def bytes_moved(self) -> int:
        """Bytes of bodies over the line so far, as they went (compressed)."""
        return self.session.bytes_received

    @property
    def account(self) -> str:
        """Who asks, as people call it."""
        return self.session.account

    @property
    def sees_withdrawn(self) -> bool:
        """Whether the account may list every card; an API key sees approved products alone."""
        return self.session.has_rights

    def list_facilities(self) -> list[Facility]:
        """Every facility with the programs it supports."""
        return reference_data.list_facilities(self.session)

    def list_programs(self) -> list[Program]:
        """Every program."""
        return reference_data.list_programs(self.session)

    def list_orderables(self, cache: Path | None = None) -> list[Orderable]:
        """The latest version of every orderable; ``cache``: the folder where they are kept, so
        that only a list that was modified since is sent again."""
        kept = OrderableCache(cache, self.url) if cache else None
        return reference_data.list_orderables(self.session, kept)

    def list_reasons(self) -> list[Reason]:
        """Every reason with its tags."""
        return reference_data.list_reasons(self.session)

    def get_summaries(self, facility: str, program: str, as_of: date) -> list[CardSummary]:
        """The cards of a facility in one program at the end of a day."""
        return summaries.get_summaries(self.session, facility, program, as_of)

    def list_cards(self, facility: str, program: str) -> list[CardSummary]:
        """Every card of a facility in one program, withdrawn products too."""
        return summaries.list_cards(self.session, facility, program)

    def get_stock_card(self, card: str) -> StockCard:
        """A card with all its line items, in the server's order."""
        return parse_stock_card(self.session.get_json(f"/api/stockCards/{card}"))
