"""The second source: a reporting view that holds monthly stock already, read through SQL.

The session is read-only, and set so before anything is asked. Rows come in the shape of the staged
product months, so that everything after them is the same. A number that is null is 0 where the
others of its row stand; a row without any number is a product that has not started.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from d2_assets.errors import ConfigurationError, ContractError, TransientError
from d2_assets.openlmis.stock_cards import lower_id
from d2_assets.stock.card_months import Flows, Month
from d2_assets.stock.product_months import ProductMonth

_ROWS_A_BATCH = 2000
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")


@dataclass(frozen=True, slots=True)
class ReportingView:
    """Names of the view and its columns. ``adjustments``: columns that add up to them, signed;
    ``program`` may be empty."""

    view: str
    facility: str
    program: str
    product: str
    month: str
    opening_balance: str
    received: str
    issued: str
    losses: str
    adjustments: tuple[str, ...]
    closing_balance: str
    stockout_days: str

    @property
    def numbers(self) -> tuple[str, ...]:
        return (
            self.opening_balance,
            self.received,
            self.issued,
            self.losses,
            *self.adjustments,
            self.closing_balance,
            self.stockout_days,
        )


class ReportingSource:
    """A reporting database. ``url`` is SQLAlchemy's; it is shown without its password."""

    def __init__(self, name: str, url: str, view: ReportingView) -> None:
        for column in filter(None, (view.view, view.facility, view.program, *view.numbers)):
            if not _NAME.fullmatch(column):
                raise ConfigurationError(
                    f"{column!r} is no name of a view or column.",
                    remedy="Mend stock.reporting of the pair.",
                    key="stock.reporting",
                )
        self.name = name
        self.view = view
        try:
            self._engine = sa.create_engine(url, pool_pre_ping=True)
        except exc.ArgumentError as error:
            raise ConfigurationError(
                f"{name}: the URL of the reporting database cannot be used.",
                remedy="Write it as postgresql+psycopg2://user:password@host/database.",
                key="stock.reporting.url_env",
            ) from error

    @property
    def url(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def bytes_moved(self) -> int:
        """A database does not tell."""
        return 0

    def close(self) -> None:
        self._engine.dispose()

    def iterate_product_months(self, month: Month) -> Iterator[list[ProductMonth]]:
        """The rows of a month, a batch at a time. TransientError when the database is not there,
        ConfigurationError for a view or column that it does not have."""
        columns = ", ".join(
            filter(None, (self.view.facility, self.view.program, self.view.product))
        )
        query = sa.text(
            f"SELECT {columns}, {', '.join(self.view.numbers)} FROM {self.view.view} "
            f"WHERE {self.view.month} BETWEEN :first AND :last ORDER BY {columns}"
        )
        try:
            with self._engine.connect() as connection:
                self._make_read_only(connection)
                found = connection.execution_options(stream_results=True).execute(
                    query, {"first": month.start, "last": month.end}
                )
                while rows := found.mappings().fetchmany(_ROWS_A_BATCH):
                    yield [self._read(row, month) for row in rows]
        except exc.OperationalError as error:
            raise TransientError(
                f"{self.name}: the reporting database could not be asked ({_say(error)}).",
                remedy="Check that it runs and that its URL is right, then run again.",
            ) from None
        except exc.DBAPIError as error:
            raise ConfigurationError(
                f"{self.name}: the view {self.view.view} cannot be read ({_say(error)}).",
                remedy="Mend the names in stock.reporting of the pair, or grant SELECT on it.",
                key="stock.reporting",
            ) from None

    def _make_read_only(self, connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))

    def _read(self, row: Mapping[Any, Any], month: Month) -> ProductMonth:
        view = self.view

        def number(column: str) -> int:
            return _to_whole(row[column], view, column)

        adjustments = [number(column) for column in view.adjustments]
        flows = Flows(
            received=number(view.received),
            issued=number(view.issued),
            losses=number(view.losses),
            positive_adjustments=sum(one for one in adjustments if one > 0),
            negative_adjustments=sum(one for one in adjustments if one < 0),
        )
        return ProductMonth(
            facility=lower_id(str(row[view.facility])),
            program=lower_id(str(row[view.program])) if view.program else "",
            orderable=lower_id(str(row[view.product])),
            month=month.id,
            opening_balance=number(view.opening_balance),
            closing_balance=number(view.closing_balance),
            flows=flows,
            stockout_days=number(view.stockout_days),
            movements=0,
            has_started=_has_numbers(row, view.numbers),
            is_withdrawn=False,
        )


def _has_numbers(row: Mapping[Any, Any], columns: Sequence[str]) -> bool:
    return any(row[column] is not None for column in columns)


def _to_whole(value: Any, view: ReportingView, column: str) -> int:
    """Whole units; a view may give them as decimals, never with a fraction."""
    number = Decimal(str(value)) if value is not None else Decimal(0)
    if number != number.to_integral_value():
        raise ContractError(
            f"{view.view}.{column} holds {value}: stock is counted in whole units.",
            remedy="Mend the view, or choose another column in stock.reporting of the pair.",
        )
    return int(number)


def _say(error: exc.DBAPIError) -> str:
    """The database's own first line: it quotes neither URL nor password."""
    return str(error.orig).strip().split("\n", 1)[0]
