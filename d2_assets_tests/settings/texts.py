"""A small settings file that is in order, and the same with one thing changed."""

from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.settings import parse_settings

FILE = Path("/etc/d2/d2_assets.yaml")

GOOD = """\
first_month: "202401"
instances:
  - name: national
    url: https://hmis.example.org
    auth: {username: admin, password_env: D2_NATIONAL_PASSWORD}
    role: source
  - name: training
    url: http://127.0.0.1:8080
    auth: {token_file: training.token}
    role: destination
  - name: lmis
    kind: openlmis
    url: https://lmis.example.org
    auth: {username: stock, password_file: lmis.password}
pairs:
  - source: national
    destination: training
    filters: {deepest_level: 4}
"""


def with_change(old: str, new: str) -> str:
    """The good file with one text replaced; fails where the text does not stand exactly once."""
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def refusal_of(text: str) -> ConfigurationError:
    """The error that the settings text gives."""
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(text, FILE)
    return caught.value
