"""The JSON schema of the settings file, from its models, so that editors complete and check it."""

import json
from pathlib import Path

from d2_assets.settings.models import SettingsFile


def render_json_schema() -> str:
    """The schema as JSON text, the same for the same models."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SettingsFile.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_json_schema(path: Path) -> None:
    """Write the schema to ``path``, over what stands there."""
    path.write_text(render_json_schema(), encoding="utf-8")
