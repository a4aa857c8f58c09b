import json
from pathlib import Path

from d2_assets.settings import load_settings, render_json_schema, write_json_schema

CONFIG = Path(__file__).resolve().parents[2] / "config"


def test_the_schema_that_is_kept_is_the_one_that_is_generated() -> None:
    kept = (CONFIG / "d2_assets.schema.json").read_text(encoding="utf-8")
    assert kept == render_json_schema(), "run: d2-assets config schema --output config/..."


def test_the_schema_is_written_to_a_file(tmp_path: Path) -> None:
    write_json_schema(tmp_path / "schema.json")
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == {
        "first_month",
        "home",
        "health_minutes",
        "clock_skew_seconds",
        "instances",
        "pairs",
    }
    assert schema["additionalProperties"] is False


def test_the_example_is_in_order_and_points_editors_to_the_schema() -> None:
    example = CONFIG / "d2_assets.example.yaml"
    settings = load_settings(example, {})
    assert [pair.name for pair in settings.active_pairs] == [
        "national-hmis--warehouse",
        "training-refresh",
    ]
    first_line = example.read_text(encoding="utf-8").splitlines()[0]
    assert first_line == "# yaml-language-server: $schema=d2_assets.schema.json"
