"""No secret reaches the event log, the run, the settings that the UI shows, or the disk."""

from zlib import crc32

import dagster as dg
import pytest

from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH

PREFIXES = {"2.40": "d2pat_", "2.43": "d2p_"}


@pytest.fixture
def secrets(journey: Journey) -> list[str]:
    """Both instances sign in with tokens whose text stands nowhere else."""
    bodies = ("Secret0National" + "A" * 29, "Secret0Training" + "B" * 29)
    found = []
    for name, sandbox, body in zip(
        ("national", "training"), (journey.source, journey.destination), bodies, strict=True
    ):
        key = f"{PREFIXES[sandbox.version[:4]]}{body}{crc32(body.encode()):010d}"
        sandbox.store.put_token(key, "admin")
        journey.monkeypatch.setenv(f"D2_{name.upper()}", key)
        journey.instances[name]["auth"] = {"token_env": f"D2_{name.upper()}"}
        found += [key, body]
    return found


def assert_hidden(journey: Journey, run: Run, secrets: list[str]) -> None:
    told = [dg.serialize_value(entry) for entry in run.log] + [dg.serialize_value(run.record)]
    files = [path.read_bytes() for path in journey.home.rglob("*") if path.is_file()]
    for secret in secrets:
        assert not any(secret in text for text in told)
        assert not any(secret.encode() in content for content in files)


def test_a_run_that_succeeds_tells_no_secret(journey: Journey, secrets: list[str]) -> None:
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert_hidden(journey, run, secrets)
    assert_hidden(journey, journey.preview(MONTH), secrets)
    assert_hidden(journey, journey.run_job("test_instances"), secrets)


def test_a_run_that_is_refused_tells_no_secret(journey: Journey, secrets: list[str]) -> None:
    wrong = secrets[0].replace("National", "Notional")
    journey.monkeypatch.setenv("D2_NATIONAL", wrong)
    run = journey.materialise(MONTH)
    assert not run.success
    assert "national" in run.failure
    assert_hidden(journey, run, [*secrets, wrong])


def test_a_run_whose_line_is_cut_tells_no_secret(journey: Journey, secrets: list[str]) -> None:
    journey.destination.stop()
    run = journey.materialise(MONTH)
    assert not run.success
    assert_hidden(journey, run, secrets)


def test_resources_hold_paths_and_no_secrets(journey: Journey, secrets: list[str]) -> None:
    resources = journey.build_definitions().resources or {}
    shown = str({name: dict(resource) for name, resource in resources.items()})
    assert "settings.yaml" in shown
    assert not any(secret in shown for secret in secrets)
