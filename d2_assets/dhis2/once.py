"""Answers that a client asks for once and keeps, whichever of its threads asks first.

``functools.cached_property`` of Python 3.11 has one lock for all objects of a class: a server that
does not answer would hold up the questions to all others. Here each object has a lock of its own.
"""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class AskedOnce(Generic[T]):
    """A property that is worked out at its first use and kept by the object, which holds ``lock``,
    a lock that one thread may take several times. An error is kept by nobody."""

    def __init__(self, ask: Callable[[Any], T]) -> None:
        self._ask = ask
        self.__doc__ = ask.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, asking: None, owner: type) -> Self: ...

    @overload
    def __get__(self, asking: object, owner: type) -> T: ...

    def __get__(self, asking: Any, owner: type) -> Self | T:
        if asking is None:
            return self
        # Once it stands in the object's own dictionary, Python does not come here any more.
        with asking.lock:
            if self._name not in asking.__dict__:
                asking.__dict__[self._name] = self._ask(asking)
            return asking.__dict__[self._name]
