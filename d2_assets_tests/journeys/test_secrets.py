"""Whole runs, good ones and bad ones of each kind, are searched for secrets to the last byte.

All libraries log at DEBUG, the servers repeat what they are sent wherever they can, and the run
leaves its events, tables, tags and logs on disk.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import pyarrow as pa
import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.settings import load_settings
from d2_assets.staging.tables import write_table
from d2_assets_tests.http.server import Asked, Reply, run_server
from d2_assets_tests.journeys.echoing import (
    SPEAKERS,
    Speak,
    as_page,
    as_refusal,
    as_report,
    as_text,
    forward,
    say,
)
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.searching import find_secrets, list_needles, open_instance
from d2_assets_tests.journeys.world import MONTH

PASSWORDS = ("Zq7Unmistakable/ü?&%\"' 1", "Xk9Incomparable\\ع<&>{}+%2F2")
WRONG = "Wv3Inimitable§/ß?&%\"' 3"


@dataclass(frozen=True)
class Searched:
    """A journey all of whose traces are searched; ``secrets`` are those of both its accounts."""

    journey: Journey
    secrets: tuple[str, ...]
    caplog: pytest.LogCaptureFixture
    capfd: pytest.CaptureFixture[str]

    @property
    def instance_folder(self) -> Path:
        return self.journey.folder / "dagster"

    def find(self, *runs: Run, texts: tuple[str, ...] = ()) -> list:
        out, err = self.capfd.readouterr()
        told = [out, err, self.caplog.text, *texts, *self._show()]
        for run in runs:
            told += [dg.serialize_value(run.record), run.failure, str(run.tags)]
            told += [dg.serialize_value(entry) for entry in run.log]
        folders = (self.instance_folder, self.journey.home)
        return find_secrets(list_needles(*self.secrets, WRONG), folders, told)

    def _show(self) -> Iterator[str]:
        """The settings and the resources, as Python and as Dagster show them."""
        file = self.journey.write_settings()
        yield file.read_text(encoding="utf-8")
        yield repr(load_settings(file, {}))
        for resource in (self.journey.build_definitions().resources or {}).values():
            yield repr(resource)
            yield repr(dict(resource))

    def use(self, name: str, secret: str) -> None:
        """Let an account sign in with another secret."""
        is_token = "token_file" in self.journey.instances[name]["auth"]
        suffix = "token" if is_token else "password"
        (self.journey.folder / f"{name}.{suffix}").write_text(secret, encoding="utf-8")

    def assert_logged(self, words: str) -> None:
        """The search looks at something: a log line of a library is on Dagster's disk."""
        files = [path for path in self.instance_folder.rglob("*") if path.is_file()]
        assert any(words.encode() in path.read_bytes() for path in files)


@pytest.fixture
def searched(
    start_journey: Start,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Searched]:
    kind = getattr(request, "param", "password")
    journey = start_journey("2.40", "2.43")
    caplog.set_level(logging.DEBUG)
    secrets = []
    ends = (("national", journey.source), ("training", journey.destination))
    for (name, sandbox), password in zip(ends, PASSWORDS, strict=True):
        file = tmp_path / f"{name}.{kind}"
        if kind == "token":
            secret = sandbox.add_token("admin")
            journey.instances[name]["auth"] = {"token_file": str(file)}
        else:
            secret = password
            sandbox.set_password("admin", password)
        file.write_text(secret, encoding="utf-8")
        secrets.append(secret)
    with open_instance(tmp_path / "dagster") as instance:
        journey.instance = instance
        yield Searched(journey, tuple(secrets), caplog, capfd)


#: The test runs with passwords, and again with tokens; the others run with passwords alone.
EITHER = pytest.mark.parametrize("searched", ["password", "token"], indirect=True)


@EITHER
def test_good_runs_tell_no_secret(searched: Searched) -> None:
    journey = searched.journey
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    others = [journey.preview(MONTH), journey.run_job("test_instances")]
    assert searched.find(run, *others) == []
    searched.assert_logged("GET /api/dataValueSets")
    searched.assert_logged("Starting new HTTP connection")


@EITHER
def test_a_wrong_secret_is_refused_and_told_nowhere(searched: Searched) -> None:
    wrong = WRONG if "ü" in searched.secrets[0] else searched.secrets[0][:-1] + "x"
    searched.use("national", wrong)
    run = searched.journey.materialise(MONTH)
    tested = searched.journey.run_job("test_instances")
    assert not run.success
    assert "national" in run.failure
    assert searched.find(run, tested) == []


@EITHER
@pytest.mark.parametrize("speak", SPEAKERS.values(), ids=SPEAKERS.keys())
def test_a_server_that_repeats_what_it_was_sent_is_not_repeated(
    searched: Searched, speak: Speak
) -> None:
    with run_server() as mirror:
        mirror.will_answer(lambda asked: speak(say(asked, searched.secrets[:1])))
        searched.journey.instances["national"]["url"] = mirror.url
        run = searched.journey.materialise(MONTH)
        tested = searched.journey.run_job("test_instances")
    assert not run.success
    assert "national" in run.failure
    assert searched.find(run, tested) == []
    assert searched.journey.writes() == []


@pytest.mark.parametrize("speak", [as_page, as_text, as_refusal])
def test_data_that_repeat_what_was_sent_are_not_repeated(searched: Searched, speak: Speak) -> None:
    journey = searched.journey

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/api/dataValueSets"):
            return speak(say(asked, searched.secrets[:1]))
        return forward(journey.source, asked)

    with run_server() as mirror:
        mirror.will_answer(answer)
        journey.instances["national"]["url"] = mirror.url
        runs = [journey.materialise(MONTH), journey.preview(MONTH)]
    assert not any(run.success for run in runs)
    assert searched.find(*runs) == []
    assert journey.writes() == []


@EITHER
@pytest.mark.parametrize("speak", [as_report, as_refusal])
def test_an_import_that_repeats_what_it_was_sent_is_not_repeated(
    searched: Searched, speak: Speak
) -> None:
    """The server's words for refused rows reach ledger, quarantine and the screen."""
    journey = searched.journey

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            return speak(say(asked, searched.secrets[1:]))
        return forward(journey.destination, asked)

    with run_server() as mirror:
        mirror.will_answer(answer)
        journey.instances["training"]["url"] = mirror.url
        run = journey.materialise(MONTH)
    assert searched.find(run) == []
    assert "[hidden]" in str(journey.ledger(MONTH))


@EITHER
def test_a_server_that_is_not_there_is_told_without_secrets(searched: Searched) -> None:
    searched.journey.source.stop()
    run = searched.journey.materialise(MONTH)
    assert not run.success
    assert searched.find(run) == []


def test_an_address_with_a_password_is_refused_without_showing_it(searched: Searched) -> None:
    journey = searched.journey
    quoted = quote(PASSWORDS[0], safe="")
    journey.instances["national"]["url"] = f"https://admin:{quoted}@dhis2.example.org"
    with pytest.raises(ConfigurationError) as caught:
        load_settings(journey.write_settings(), {})
    assert "user name or a password" in str(caught.value)
    assert find_secrets(list_needles(*PASSWORDS), [], [repr(caught.value)]) == []


def _log(instance: dg.DagsterInstance, words: str) -> None:
    @dg.op
    def tell(context: dg.OpExecutionContext) -> None:
        logging.getLogger("urllib3").debug(words)

    @dg.job
    def telling() -> None:
        tell()

    telling.execute_in_process(instance=instance)


LEAKS: dict[str, Callable[[Journey, str], Any]] = {
    "in a library's log": lambda journey, words: _log(journey.instance, words),
    "in a table": lambda journey, words: write_table(
        journey.home / "plan.parquet",
        pa.schema([("value", pa.string())]),
        [pa.record_batch([[words] * 1000], names=["value"])],
    ),
    "in a file": lambda journey, words: (journey.home / "note.json").write_text(
        json.dumps({"words": words}), encoding="utf-8"
    ),
    "on the screen": lambda journey, words: os.write(1, words.encode()),
    "in the settings": lambda journey, words: journey.pair.update(description=words),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_the_search_finds_a_secret_that_leaks(
    searched: Searched, leak: Callable[[Journey, str], Any]
) -> None:
    searched.journey.home.mkdir()
    assert searched.find() == []
    leak(searched.journey, f"<{searched.secrets[0]}>")
    assert searched.find() != []
