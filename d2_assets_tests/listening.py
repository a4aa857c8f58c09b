"""At which addresses a process and its children listen, as Linux tells it."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

_PROC = Path("/proc")
_LISTENS = "0A"

Address = IPv4Address | IPv6Address


def list_listening(pid: int) -> set[tuple[Address, int]]:
    """Address and TCP port of every socket on which ``pid`` or a process below it waits."""
    held = {inode for process in _list_family(pid) for inode in _list_sockets(process)}
    return {
        (address, port)
        for table in ("tcp", "tcp6")
        for inode, address, port in _read_table(_PROC / "net" / table)
        if inode in held
    }


def _list_family(pid: int) -> set[int]:
    parents = {int(file.parent.name): _read_parent(file) for file in _PROC.glob("[0-9]*/stat")}
    family = {pid}
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _read_parent(file: Path) -> int:
    try:
        # After the name in brackets: the state, then the parent.
        return int(file.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
    except OSError:  # it has ended meanwhile
        return 0


def _list_sockets(pid: int) -> Iterator[str]:
    try:
        for file in (_PROC / str(pid) / "fd").iterdir():
            target = str(file.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:  # it has ended meanwhile, or closed the file
        return


def _read_table(file: Path) -> Iterator[tuple[str, Address, int]]:
    for line in file.read_text("ascii").splitlines()[1:] if file.exists() else ():
        cells = line.split()
        if cells[3] == _LISTENS:
            address, port = cells[1].split(":")
            # Words of four bytes, each in the order of this machine: little end first.
            words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
            raw = b"".join(words)
            kind = IPv4Address if len(raw) == 4 else IPv6Address
            yield cells[9], kind(raw), int(port, 16)
