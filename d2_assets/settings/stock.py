"""How a pair turns stock of OpenLMIS into data values: mapping files, reasons, months."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from d2_assets.settings.fields import SettingsModel, Uid, Variable
from d2_assets.settings.mistakes import refuse

Bucket = Literal["received", "issued", "losses", "adjustments"]


class ReasonSettings(SettingsModel):
    """Which indicator a movement counts for, over the defaults. What nothing names is an
    adjustment."""

    by_id: dict[str, Bucket] = Field(default_factory=dict)
    """By the id of the reason; losses are listed here."""
    by_tag: dict[str, Bucket] = Field(default_factory=dict)
    """By a tag of the reason."""
    by_type: dict[str, Bucket] = Field(default_factory=dict)
    """By category and type of the reason, such as TRANSFER/DEBIT."""
    from_source: Bucket = "received"
    """Movements that name a source."""
    to_destination: Bucket = "issued"
    """Movements that name a destination."""
    expired: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    """Ids of reasons whose losses are also told by themselves; they count as losses."""

    @field_validator("by_type")
    @classmethod
    def _two_words(cls, rules: dict[str, Bucket]) -> dict[str, Bucket]:
        for key in rules:
            if key.count("/") != 1:
                raise refuse(
                    f"{key!r} is no category and type of a reason.",
                    "Write both with a slash between them, such as TRANSFER/DEBIT.",
                )
        return rules


class ReportingSettings(SettingsModel):
    """A reporting database that holds monthly stock already, in place of the API."""

    url_env: Variable
    """Environment variable that holds the database's URL, with its password."""
    view: str = Field(default="analytics.fact_stock_monthly", pattern=r"^\w+(\.\w+)?$")
    facility: str = "facility_id"
    program: str = ""
    """Column of the program's id; empty: the view has none."""
    product: str = "product_id"
    month: str = "month_date"
    opening_balance: str = "opening_balance"
    received: str = "receipts"
    issued: str = "consumptions"
    losses: str = "losses"
    adjustments: tuple[str, ...] = ("net_transfers", "net_adjustments")
    """Columns that add up, with their sign, to the adjustments."""
    closing_balance: str = "closing_balance"
    stockout_days: str = "stockout_days"


class StockSettings(SettingsModel):
    """Where stock comes from, what movements count for, and where the numbers go."""

    facilities: Path | None = None
    """CSV file: openlmisId or openlmisCode, and dhis2OrgUnitId. A relative path starts at the
    settings file."""
    products: Path | None = None
    """CSV file: product, openlmisAttribute, dhis2DeId, dhis2CocId and data set, by id or code."""
    org_units: dict[str, Uid] = Field(default_factory=dict)
    """Of a facility that the file gives several org units: the one that counts."""
    reasons: ReasonSettings = ReasonSettings()
    months_for_average: int = Field(default=3, ge=1, le=24)
    """Full months that the average monthly consumption rests on, the month itself included."""
    late_months: int = Field(default=0, ge=0, le=24)
    """Months before the one that is run which are derived again: entries arrive late."""
    leave_out_withdrawn: bool = False
    """Leaves out products whose cards are all inactive and empty."""
    reporting: ReportingSettings | None = None
