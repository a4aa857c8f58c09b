"""A request for a run over months of one pair, as sensors and schedules make it.

Dagster names one partition by its key and several by tags of a range; a request with both is
refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from d2_assets.defs.jobs import JOB_OF
from d2_assets.defs.partitions import join_key
from d2_assets.defs.run_facts import RANGE_END_TAG, RANGE_START_TAG
from d2_assets.settings import Pair


def request_months(
    pair: Pair,
    first: str,
    last: str,
    assets: Sequence[dg.AssetKey],
    *,
    run_key: str,
    tags: Mapping[str, str],
    run_config: Mapping[str, Any] | None = None,
) -> dg.RunRequest:
    """One run of the pair's job over the months from first to last (inclusive), narrowed to
    ``assets``, which must be part of the job."""
    one = first == last
    span = {
        RANGE_START_TAG: join_key(pair.name, first),
        RANGE_END_TAG: join_key(pair.name, last),
    }
    return dg.RunRequest(
        run_key=run_key,
        job_name=JOB_OF[pair.sync_type],
        run_config=run_config,
        asset_selection=list(assets),
        partition_key=join_key(pair.name, first) if one else None,
        tags={**tags, **({} if one else span)},
    )
