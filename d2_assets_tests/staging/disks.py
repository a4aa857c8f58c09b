"""Disks that are full, for tests that cannot rely on permissions: whoever runs them may be root."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full_disk(bytes_left: int = 4096) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes: the kernel refuses the write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill_up(path: Path) -> None:
    """Let what is written under this name go to a device that has no space left."""
    path.symlink_to("/dev/full")
