"""Full disks and closed folders in words, and files that outlive a power cut.

A disk that is full is mended by a person, so it is a matter of configuration: asking again, which
is what a failed line needs, would only fill it again.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from d2_assets.errors import ConfigurationError


@contextmanager
def name_disk_errors(path: Path) -> Iterator[None]:
    """An OSError inside the block becomes a ConfigurationError that names ``path`` and the mend.

    Libraries raise OSErrors of their own, without a number: those are not the system's.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise disk_error(path, os.strerror(error.errno)) from error


def disk_error(path: Path, words: str) -> ConfigurationError:
    """``path`` could not be written, and why."""
    return ConfigurationError(
        f"{path} cannot be written: {words}.",
        remedy=f"Free space on that disk or make {path.parent} writable, then run again.",
    )


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all, and safe from a power cut; ConfigurationError when the disk is full."""
    temporary = path.with_name(path.name + ".part")
    with name_disk_errors(path):
        try:
            temporary.write_text(json.dumps(content), encoding="utf-8")
            flush_to_disk(temporary)
            os.replace(temporary, path)
            flush_to_disk(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, are safe from a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
