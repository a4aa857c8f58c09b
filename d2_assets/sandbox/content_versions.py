"""What each version owns of the generated metadata, by its own description of its classes."""

from d2_assets.sandbox.schema_table import read_schemas

#: Lists are ordered by it, though up to 2.40 users own only its parts.
_DERIVED = frozenset({("users", "name")})


def list_value_types(line: str) -> tuple[str, ...]:
    """The types of value that a version line knows."""
    elements = read_schemas(line).by_plural["dataElements"]
    return elements.properties["valueType"].constants


def owns_class(plural: str, line: str) -> bool:
    """Whether a version line has the class."""
    return read_schemas(line).get(plural) is not None


def owns_member(plural: str, name: str, line: str) -> bool:
    """Whether a version line owns the member of the class."""
    schema = read_schemas(line).by_plural[plural]
    return name in schema.properties or (plural, name) in _DERIVED
