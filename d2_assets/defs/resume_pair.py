"""The job ``resume_pair``: a person's word that a pair may follow its source again.

After several failures in a row a pair is switched off, so that it does not fail all night. The
sensor takes a run of this job that ended well as a run of the pair that did.
"""

import dagster as dg
from pydantic import Field

from d2_assets.defs.change_history import RESUME_JOB
from d2_assets.defs.failures import make_failure
from d2_assets.defs.resources import SettingsResource
from d2_assets.defs.tags import PAIR_TAG
from d2_assets.errors import ConfigurationError


class ResumeConfig(dg.Config):
    """Which pair."""

    pair: str = Field(description="The name of the pair, as in the settings file.")


def build_resume_pair() -> dg.JobDefinition:
    """The job."""

    @dg.op(name="resume", description="Says that the cause of the failures is mended.")
    def resume(
        context: dg.OpExecutionContext, config: ResumeConfig, settings: SettingsResource
    ) -> None:
        try:
            pair = settings.load().pair(config.pair.strip())
        except ConfigurationError as error:
            raise make_failure(error) from error
        context.instance.add_run_tags(context.run.run_id, {PAIR_TAG: pair.name})
        context.log.info(f"{pair.name} follows its source again with the next tick of its sensor.")

    @dg.job(
        name=RESUME_JOB,
        description="Lets a pair follow its source again that was switched off after several "
        "failures in a row, and ends the pause after the last of them. Mend the cause first. A "
        "run of the pair that ends well does the same, without ending the pause.",
    )
    def resume_pair() -> None:
        resume()

    return resume_pair
