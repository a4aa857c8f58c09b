from collections.abc import Iterator
from pathlib import Path

import pytest

from d2_assets.staging.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened
