import logging
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from d2_assets.defs.notifier import NOTICES, Notice, NotifierResource, Notifiers
from d2_assets.errors import TransientError
from d2_assets.notices import Notifier

LOG = logging.getLogger("test.notices")
NOTICE = Notice(
    "failed_permanently",
    "national--training",
    "Run 1a2b failed.",
    cause="The account is locked.",
    mend="Unlock it.",
)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_notice_is_a_line_of_the_log_and_an_observation(
    instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    NotifierResource().open(instance, LOG).tell(NOTICE)
    assert [record.getMessage() for record in caplog.records] == [
        "failed_permanently: national--training: Run 1a2b failed. "
        "Cause: The account is locked. What to do: Unlock it."
    ]
    (record,) = instance.fetch_observations(NOTICES, limit=5).records
    event = record.asset_observation
    assert event is not None
    assert event.description == "Run 1a2b failed."
    assert {name: value.value for name, value in event.metadata.items()} == {
        "kind": "failed_permanently",
        "subject": "national--training",
        "cause": "The account is locked.",
        "what to do": "Unlock it.",
    }


def test_the_run_concerned_bears_what_was_told_and_keeps_its_own_cause(
    instance: dg.DagsterInstance,
) -> None:
    run = create_run_for_test(instance, tags={"d2/cause": "The server is down."})
    notifier = NotifierResource().open(instance, LOG)
    for kind in ("failed_permanently", "failed_permanently", "switched_off"):
        notifier.tell(
            Notice(kind, "pair", "It failed.", cause="x" * 300, mend="y" * 300, run_id=run.run_id)
        )
    tagged = instance.get_run_by_id(run.run_id)
    assert tagged is not None
    assert tagged.tags["d2/notice"] == "failed_permanently,switched_off"
    assert tagged.tags["d2/cause"] == "The server is down."
    assert tagged.tags["d2/mend"] == "y" * 200


def test_a_run_that_is_gone_keeps_nobody_from_being_told(instance: dg.DagsterInstance) -> None:
    gone = Notice("switched_off", "pair", "It is off.", run_id="no such run")
    NotifierResource().open(instance, LOG).tell(gone)
    assert len(instance.fetch_observations(NOTICES, limit=5).records) == 1


class _Way:
    def __init__(self, error: BaseException | None = None) -> None:
        self.told: list[Notice] = []
        self._error = error

    def tell(self, notice: Notice) -> None:
        if self._error:
            raise self._error
        self.told.append(notice)


@pytest.mark.parametrize("error", [TransientError("The mail server is away."), OSError("no route")])
def test_one_that_fails_is_named_and_silences_no_other(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    first, last = _Way(), _Way()
    ways: dict[str, Notifier] = {"first": first, "mail": _Way(error), "last": last}
    Notifiers(LOG, ways).tell(NOTICE)
    assert (first.told, last.told) == ([NOTICE], [NOTICE])
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"The notifier mail could not pass on failed_permanently: {error}"


def test_a_defect_of_one_is_seen_after_all_others_were_told() -> None:
    last = _Way()
    ways: dict[str, Notifier] = {"mail": _Way(KeyError("host")), "last": last}
    with pytest.raises(KeyError):
        Notifiers(LOG, ways).tell(NOTICE)
    assert last.told == [NOTICE]
