"""The single values of the settings file that have rules of their own: names, UIDs, months.

A pair's name is its partition key and the name of its folders, so names keep to characters that
Dagster and every file system take.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from d2_assets.identifiers import UID_PATTERN, is_uid
from d2_assets.settings.addresses import normalise_url
from d2_assets.settings.mistakes import refuse

_NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9])?$"
_MONTH = r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _check_name(text: str) -> str:
    if re.fullmatch(_NAME, text) and ".." not in text:
        return text
    raise refuse(
        f"{text!r} cannot be a name: it names a partition and a folder.",
        "Use letters, digits, and _ - . between them.",
    )


def _check_instance_name(text: str) -> str:
    if "--" in text:
        raise refuse(
            f"{text!r} cannot be the name of an instance: -- stands between source and "
            "destination in the name of a pair.",
            "Use a single - or _.",
        )
    return _check_name(text)


def _check_uid(text: str) -> str:
    if is_uid(text):
        return text
    raise refuse(
        f"{text!r} is not a DHIS2 UID.",
        "Give the UID: 11 letters and digits, the first a letter, like ImspTQPwCqd.",
    )


def _check_month(text: str) -> str:
    if re.fullmatch(_MONTH, text):
        return text
    raise refuse(f"{text!r} is not a month.", 'Write year and month, like "202401".')


def _check_variable(text: str) -> str:
    if re.fullmatch(_VARIABLE, text):
        return text
    # the text is not shown: it may be the secret itself
    raise refuse(
        "This is not the name of an environment variable.",
        "Use letters, digits and _, like D2_NATIONAL_PASSWORD; the secret itself goes into it.",
    )


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Name = Annotated[str, AfterValidator(_check_name), _text(_NAME)]
InstanceName = Annotated[str, AfterValidator(_check_instance_name), _text(_NAME)]
Uid = Annotated[str, AfterValidator(_check_uid), _text(f"^{UID_PATTERN}$")]
Variable = Annotated[str, AfterValidator(_check_variable), _text(_VARIABLE)]
Url = Annotated[str, AfterValidator(normalise_url), WithJsonSchema({"type": "string"})]
# a month written without quotes is a number in YAML, and means the same
Month = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    AfterValidator(_check_month),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _MONTH}, {"type": "integer"}]}),
]


class SettingsModel(BaseModel):
    """Frozen, and closed to keys it does not know; its attribute docstrings reach the editor."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
