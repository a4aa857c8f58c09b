from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.settings import SecretReference, parse_settings, read_secret
from d2_assets_tests.settings.texts import FILE, GOOD

NOWHERE = Path("/nowhere")


def test_a_secret_is_read_from_its_variable() -> None:
    reference = SecretReference("national", variable="D2_PASSWORD")
    assert read_secret(reference, {"D2_PASSWORD": "district"}, NOWHERE) == "district"


def test_a_secret_is_read_from_its_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "password.txt").write_text(" dis trict \n", encoding="utf-8")
    reference = SecretReference("national", file=Path("password.txt"))
    assert read_secret(reference, {}, tmp_path) == " dis trict "


@pytest.mark.parametrize("environ", [{}, {"D2_PASSWORD": ""}])
def test_a_missing_variable_is_named_with_its_instance(environ: dict[str, str]) -> None:
    reference = SecretReference("national", variable="D2_PASSWORD")
    with pytest.raises(ConfigurationError, match=r"instance national .*D2_PASSWORD") as caught:
        read_secret(reference, environ, NOWHERE)
    assert "Set D2_PASSWORD" in caught.value.remedy


def test_a_missing_file_is_named_with_its_instance(tmp_path: Path) -> None:
    reference = SecretReference("national", file=Path("password.txt"))
    with pytest.raises(ConfigurationError, match="instance national") as caught:
        read_secret(reference, {}, tmp_path)
    assert str(tmp_path / "password.txt") in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"), [(b"\n", "is empty"), (b"\xff\xfe\x00", "not UTF-8")]
)
def test_a_file_without_a_readable_secret_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "password.txt").write_bytes(content)
    with pytest.raises(ConfigurationError, match=words):
        read_secret(SecretReference("national", file=Path("password.txt")), {}, tmp_path)


def test_each_kind_of_auth_says_where_its_secret_is() -> None:
    settings = parse_settings(GOOD, FILE)
    assert settings.instance("national").secret == SecretReference(
        "national", variable="D2_NATIONAL_PASSWORD"
    )
    assert settings.instance("training").secret == SecretReference(
        "training", file=Path("training.token")
    )
