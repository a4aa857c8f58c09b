"""What is chosen in the Launchpad is checked, all at once, before a server is asked."""

from datetime import date

import pytest

from d2_assets.defs.launch import LaunchResource
from d2_assets.errors import ConfigurationError
from d2_assets.sync.narrowing import WHOLE, Narrowing


def test_nothing_chosen_is_the_whole() -> None:
    assert LaunchResource().read() == WHOLE


def test_each_field_arrives_without_the_spaces_around_it() -> None:
    launch = LaunchResource(
        families=["options"],
        data_types=["data_values"],
        data_sets=[" BfMAe6Itzgt "],
        programs=["eBAyeGv0exc"],
        program_stages=["Zj7UnCAulEk"],
        org_units=["ImspTQPwCqd", "ImspTQPwCqd"],
        start_date="2025-01-01",
        end_date="2025-01-31",
        changed_only=True,
    )
    assert launch.read() == Narrowing(
        families=("options",),
        data_types=("data_values",),
        data_sets=("BfMAe6Itzgt",),
        programs=("eBAyeGv0exc",),
        program_stages=("Zj7UnCAulEk",),
        org_units=("ImspTQPwCqd",),
        start_date=date(2025, 1, 1),
        end_date=date(2025, 1, 31),
        changed_only=True,
    )


def test_all_mistakes_are_told_in_one_error_each_with_its_field() -> None:
    launch = LaunchResource(
        families=["option"],
        data_types=["values"],
        data_sets=["short"],
        org_units=["1mspTQPwCqd"],
        start_date="20250101",
        end_date="yesterday",
    )
    with pytest.raises(ConfigurationError) as refused:
        launch.read()
    for words in (
        "families: there is no 'option'; choose among system",
        "data_types: there is no 'values'; choose among metadata",
        "data_sets: 'short' is not a DHIS2 UID",
        "org_units: '1mspTQPwCqd'",
        "start_date: '20250101' is not a day; write it as 2025-11-30",
        "end_date: 'yesterday'",
    ):
        assert words in refused.value.message
    assert "Launchpad" in refused.value.remedy


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="lies before start_date"):
        LaunchResource(start_date="2025-02-01", end_date="2025-01-31").read()


def test_every_field_says_in_sentences_what_it_does() -> None:
    for name, field in LaunchResource.model_fields.items():
        assert (field.description or "").endswith("."), name
