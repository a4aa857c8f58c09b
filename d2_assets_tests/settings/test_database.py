import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.settings.database import describe_database, read_database_url

GOOD = "postgresql://dagster:s3cret@db.example.org:5433/history"


@pytest.mark.parametrize("environ", [{}, {"D2_ASSETS_DATABASE_URL": " "}])
def test_without_the_variable_there_is_no_database(environ: dict[str, str]) -> None:
    assert read_database_url(environ) is None


@pytest.mark.parametrize(
    "text", [GOOD, GOOD.replace("postgresql", "postgres"), f" {GOOD}\n",
             GOOD.replace("postgresql", "postgresql+psycopg2")]
)  # fmt: skip
def test_every_spelling_names_the_driver_that_is_installed(text: str) -> None:
    url = read_database_url({"D2_ASSETS_DATABASE_URL": text})
    assert url is not None
    assert url.render_as_string(hide_password=False) == GOOD.replace(
        "postgresql://", "postgresql+psycopg2://"
    )


def test_signs_in_a_password_and_options_are_kept() -> None:
    text = "postgresql://dagster:a%40b%2F%25%23@db.example.org/history?sslmode=verify-full"
    url = read_database_url({"D2_ASSETS_DATABASE_URL": text})
    assert url is not None
    assert url.password == "a@b/%#"
    assert url.query == {"sslmode": "verify-full"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mysql://dagster:s3cret@db.example.org/history", "not the address of a PostgreSQL"),
        ("postgresql+asyncpg://dagster:s3cret@db.example.org/history", "not the address"),
        ("postgresql://dagster:s3cret@db.example.org", "names no database"),
        ("postgresql://dagster:s3@cret@db.example.org/history", "as %40"),
        ("postgresql://dagster:s3cret@db.example.org:s3cret/history", "cannot be read"),
        ("host=db.example.org password=s3cret", "cannot be read"),
    ],
)
def test_what_is_no_such_address_is_refused_without_being_quoted(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as told:
        read_database_url({"D2_ASSETS_DATABASE_URL": text})
    assert "D2_ASSETS_DATABASE_URL" in told.value.message
    assert told.value.remedy
    assert "cret" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (GOOD, 'database "history" at db.example.org:5433'),
        ("postgresql://dagster:s3cret@/history", 'database "history" at this machine'),
        ("postgresql:///history?host=/run/postgresql", 'database "history" at /run/postgresql'),
    ],
)
def test_a_database_is_described_by_its_place_alone(text: str, place: str) -> None:
    url = read_database_url({"D2_ASSETS_DATABASE_URL": text})
    assert url is not None
    assert describe_database(url) == place
    assert "s3cret" not in f"{url} {url!r}"
