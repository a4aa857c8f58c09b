"""The part of the language of program rules that the sandbox's own rules are written in.

Values are Decimal, text, bool, or None for what is not there. ``UnreadableError`` is for everything
else: a rule that cannot be read does nothing, which a real server never does.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[#AVC]\{[^}]*\})|(?P<word>d2:\w+|[A-Za-z]\w*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!(),]))"
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
#: Signs from those that bind least to those that bind most.
_LEVELS: Sequence[frozenset[str]] = (
    frozenset({"||", "or"}),
    frozenset({"&&", "and"}),
    frozenset(_COMPARISONS),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)


class UnreadableError(Exception):
    """An expression that this engine cannot read."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The value of an expression; variables are named as in it: "#{weight}", "A{sex}"."""
    reader = _Reader(_split(expression), variables)
    try:
        value = reader.read_level(0)
    except (IndexError, TypeError, ArithmeticError) as error:
        raise UnreadableError(expression) from error
    if reader.place != len(reader.tokens):
        raise UnreadableError(expression)
    return value


def to_typed(text: str | None, value_type: str) -> Any:
    """A stored value as expressions take it; what is not there is 0, "" or false."""
    if value_type in ("BOOLEAN", "TRUE_ONLY"):
        return text == "true"
    if value_type in ("NUMBER", "PERCENTAGE", "UNIT_INTERVAL") or value_type.startswith("INTEGER"):
        try:
            return Decimal(text or "0")
        except InvalidOperation:
            return Decimal(0)
    return text or ""


def to_text(value: Any) -> str:
    """A computed value as it is stored: whole numbers without a point."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return str(int(value)) if value == int(value) else f"{value.normalize():f}"
    return str(value)


def _split(expression: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    text = expression.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise UnreadableError(expression)
        tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
        place = found.end()
    return tokens


@dataclass(slots=True)
class _Reader:
    tokens: Sequence[tuple[str, str]]
    variables: Mapping[str, Any]
    place: int = 0

    def read_level(self, level: int) -> Any:
        if level == len(_LEVELS):
            return self._read_single()
        left = self.read_level(level + 1)
        while self.place < len(self.tokens) and self.tokens[self.place][1] in _LEVELS[level]:
            sign = self._take()
            left = _combine(sign, left, self.read_level(level + 1))
        return left

    def _take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1][1]

    def _read_single(self) -> Any:
        group, text = self.tokens[self.place]
        self.place += 1
        if group == "number":
            return Decimal(text)
        if group == "text":
            return text[1:-1]
        if group == "name":
            return self._find(text)
        if text in ("!", "not"):
            return not self._read_single()
        if text == "-":
            return -self._read_single()
        if text == "(":
            value = self.read_level(0)
            self._expect(")")
            return value
        if text in ("true", "false"):
            return text == "true"
        return self._call(text)

    def _find(self, name: str) -> Any:
        if name not in self.variables:
            raise UnreadableError(name)
        return self.variables[name]

    def _call(self, name: str) -> Any:
        self._expect("(")
        arguments: list[Any] = []
        if name == "d2:hasValue":
            text = self._take().strip("'\"")
            self._expect(")")
            named = text if "{" in text else f"#{{{text}}}"
            return self.variables.get(f"has {named}", False)
        while self.tokens[self.place][1] != ")":
            arguments.append(self.read_level(0))
            if self.tokens[self.place][1] == ",":
                self.place += 1
        self._expect(")")
        return _call(name, arguments)

    def _expect(self, sign: str) -> None:
        if self._take() != sign:
            raise UnreadableError(sign)


def _combine(sign: str, left: Any, right: Any) -> Any:
    if sign in ("||", "or"):
        return bool(left) or bool(right)
    if sign in ("&&", "and"):
        return bool(left) and bool(right)
    if sign in _COMPARISONS:
        return _COMPARISONS[sign](left, right)
    return _ARITHMETIC[sign](left, right)


def _call(name: str, arguments: Sequence[Any]) -> Any:
    if name == "d2:concatenate":
        return "".join(to_text(part) for part in arguments)
    if name == "d2:round" and len(arguments) == 1:
        return arguments[0].quantize(Decimal(1), ROUND_HALF_UP)
    if name == "d2:floor" and len(arguments) == 1:
        return arguments[0] // 1
    if name == "d2:length" and len(arguments) == 1:
        return Decimal(len(arguments[0]))
    raise UnreadableError(name)
