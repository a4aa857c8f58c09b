import pytest

from d2_assets.settings import parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD, refusal_of, with_change

PAIR = "    filters: {deepest_level: 4}\n"
MISTAKES = {
    # what stands in the good file, what replaces it, key, line, words, mend
    "a missing key": (
        "    url: https://hmis.example.org\n", "",
        "instances[0].url", 3, "url is missing", "Add `url:`",
    ),
    "a misspelt key": (
        "    role: source\n", "    rol: source\n",
        "instances[0].rol", 6, "rol is not known", "Did you mean `role`?",
    ),
    "a key like no other": (
        PAIR, "    zzz: 1\n",
        "pairs[0].zzz", 18, "zzz is not known", "Remove it",
    ),
    "a word that is not in the list": (
        "role: source", "role: sender",
        "instances[0].role", 6, "'sender'", "'source', 'destination' or 'both'",
    ),
    "an unknown family": (
        PAIR, "    filters: {families: [codes]}\n",
        "pairs[0].filters.families[0]", 18, "'codes'", "'data_sets'",
    ),
    "a number out of range": (
        PAIR, "    page_size: 1001\n",
        "pairs[0].page_size", 18, "1001 is out of range", "less than or equal to 1000",
    ),
    "no writer at all": (
        PAIR, "    writers: 0\n",
        "pairs[0].writers", 18, "0 is out of range", "greater than or equal to 1",
    ),
    "a text for a number": (
        PAIR, "    chunk_size: many\n",
        "pairs[0].chunk_size", 18, "'many' does not fit", "valid integer",
    ),
    "a number for a text": (
        PAIR, "    description: 12\n",
        "pairs[0].description", 18, "12 is not text", "quotes",
    ),
    "a date that is none": (
        PAIR, "    filters: {start_date: 2024-02-31x}\n",
        "pairs[0].filters.start_date", 18, "is not a date", "year-month-day",
    ),
    "a value for a list": (
        PAIR, "    filters: {data_sets: BfMAe6Itzgt}\n",
        "pairs[0].filters.data_sets", 18, "is not a list", "`data_sets: [one, two]`",
    ),
    "a value for a group": (
        PAIR, "    filters: all\n",
        "pairs[0].filters", 18, "must be a group", "`filters:`",
    ),
    "a UID that is none": (
        PAIR, "    filters: {org_units: [O6uvpzGd5p]}\n",
        "pairs[0].filters.org_units[0]", 18, "not a DHIS2 UID", "11 letters and digits",
    ),
    "an end before the start": (
        PAIR, "    filters: {start_date: 2024-02-01, end_date: 2024-01-31}\n",
        "pairs[0].filters.end_date", 18, "lies before start_date", "Exchange them",
    ),
    "a pull level below the deepest": (
        PAIR, "    filters: {deepest_level: 4, pull_level: 5}\n",
        "pairs[0].filters.pull_level", 18, "below deepest_level 4", "Choose 4 or less",
    ),
    "a month that is none": (
        '"202401"', '"202413"',
        "first_month", 1, "'202413' is not a month", "202401",
    ),
    "an open line": (
        "https://hmis.example.org", "http://hmis.example.org",
        "instances[0].url", 4, "unencrypted", "allow_http: true",
    ),
    "a password in the address": (
        "https://hmis.example.org", "https://a:hunter2@hmis.example.org",
        "instances[0].url", 4, "password", "password_env",
    ),
    "a password in the file": (
        "password_env: D2_NATIONAL_PASSWORD", "password: hunter2",
        "instances[0].auth.password", 5, "A password stands in the file", "named, not stored",
    ),
    "a token in the file": (
        "token_file: training.token", "token: hunter2",
        "instances[1].auth.token", 9, "A token stands in the file", "token_env",
    ),
    "a password as the name of a variable": (
        "D2_NATIONAL_PASSWORD", "hunter2!",
        "instances[0].auth.password_env", 5, "not the name of an environment variable", "letters",
    ),
    "a secret in two places": (
        "password_env: D2_NATIONAL_PASSWORD", "password_env: A, password_file: b",
        "instances[0].auth", 5, "exactly one place", "either password_env or password_file",
    ),
    "a secret in no place": (
        "{token_file: training.token}", "{token_file: null}",
        "instances[1].auth", 9, "exactly one place", "either token_env or token_file",
    ),
    "an instance name with two dashes": (
        "name: lmis", "name: lm--is",
        "instances[2].name", 11, "'lm--is'", "single -",
    ),
    "a pair name with a character of Dagster": (
        PAIR, "    name: a|b\n",
        "pairs[0].name", 18, "'a|b' cannot be a name", "letters, digits",
    ),
    "a pair name with dots that Dagster reads as a range": (
        PAIR, "    name: a...b\n",
        "pairs[0].name", 18, "cannot be a name", "letters, digits",
    ),
    "an instance that is no group": (
        PAIR, PAIR + "  - national\n",
        "pairs[1]", 19, "must be a group", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "key", "line", "words", "mend"), MISTAKES.values(), ids=MISTAKES.keys()
)
def test_a_mistake_names_file_line_key_and_mend(
    old: str, new: str, key: str, line: int, words: str, mend: str
) -> None:
    error = refusal_of(with_change(old, new))
    assert error.key == key
    assert error.message.startswith(f"{FILE}, line {line}, {key}: ")
    assert words in error.message
    assert mend in error.remedy
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "line",
    ["verify: false", "verify_ssl: false", "insecure: true", "ssl_verify: false", "tls: no"],
)
def test_verification_cannot_be_turned_off(line: str) -> None:
    error = refusal_of(with_change("    role: source\n", f"    {line}\n"))
    assert "TLS verification cannot be turned off" in error.message
    assert "ca_file" in error.remedy


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = with_change("role: source", "role: sender").replace("deepest_level: 4", "pull_level: 0")
    error = refusal_of(text.replace('"202401"', "'1'"))
    lines = error.message.splitlines()
    assert lines[0] == f"3 mistakes in {FILE}:"
    assert [line.split(":")[0] for line in lines[1:]] == [
        "  - line 1, first_month",
        "  - line 6, instances[0].role",
        "  - line 18, pairs[0].filters.pull_level",
    ]


def test_a_month_without_quotes_means_the_same() -> None:
    text = with_change('"202401"', "202401")
    assert parse_settings(text, FILE) == parse_settings(GOOD, FILE)
