"""What a pair wants of stock, in this domain's words. ``sync`` fills it from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from d2_assets.stock.consumption import DEFAULT_MONTHS
from d2_assets.stock.reasons import ReasonRules


@dataclass(frozen=True, slots=True)
class StockChoices:
    """``facilities`` and ``products``: the mapping files; ``org_units``: of a facility with
    several, the one that counts. ``late_months``: months before the one that is run which are
    derived again. ``chunk_size``: rows a request. ``writing_runs``: how many runs may write to
    the destination at once."""

    facilities: Path
    products: Path
    org_units: Mapping[str, str] = field(default_factory=dict)
    rules: ReasonRules = field(default_factory=ReasonRules)
    months_for_average: int = DEFAULT_MONTHS
    late_months: int = 0
    leave_out_withdrawn: bool = False
    import_strategy: str = "CREATE_AND_UPDATE"
    page_size: int = 500
    chunk_size: int = 5000
    writers: int = 4
    writing_runs: int = 1
