"""Dagster's database migrations, read once a process.

Every Dagster instance that is opened, in memory too, reads some ninety migration files to learn
which is the newest. Tests open hundreds of instances.
"""

from alembic.config import Config
from alembic.script import ScriptDirectory

_READ: dict[tuple[str | None, str | None], ScriptDirectory] = {}
_read = ScriptDirectory.from_config


def read_once(config: Config) -> ScriptDirectory:
    """What takes the place of ``ScriptDirectory.from_config``."""
    key = (config.get_main_option("script_location"), config.config_file_name)
    if key not in _READ:
        _READ[key] = _read(config)
    return _READ[key]
