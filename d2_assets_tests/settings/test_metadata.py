import pytest

from d2_assets.settings import MetadataSettings, parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD, refusal_of


def _metadata(text: str) -> str:
    return GOOD + f"    metadata: {text}\n"


def test_a_pair_that_says_nothing_keeps_rights_and_lets_nobody_in() -> None:
    (pair,) = parse_settings(GOOD, FILE).pairs
    assert pair.metadata == MetadataSettings()
    assert (pair.metadata.sharing, pair.metadata.users) == ("keep", "disabled")
    assert pair.metadata.org_unit_assignments == "keep"
    assert pair.metadata.match_by == ("uid", "code", "name")
    assert (pair.metadata.crosswalk, pair.metadata.chunk_size) == (None, 1000)


def test_each_member_arrives() -> None:
    text = _metadata(
        "{sharing: drop_all, users: leave_out, org_unit_assignments: restrict, "
        "match_by: [code], crosswalk: same.csv, chunk_size: 50}"
    )
    metadata = parse_settings(text, FILE).pair("national--training").metadata
    assert (metadata.sharing, metadata.users) == ("drop_all", "leave_out")
    assert (metadata.org_unit_assignments, metadata.match_by) == ("restrict", ("code",))
    assert (str(metadata.crosswalk), metadata.chunk_size) == ("same.csv", 50)


@pytest.mark.parametrize(
    ("text", "key", "words", "mend"),
    [
        ("{sharing: all}", "sharing", "'all' is not known here", "drop_unknown"),
        ("{users: enabled}", "users", "'enabled' is not known here", "leave_out"),
        ("{org_unit_assignments: none}", "org_unit_assignments", "'none'", "restrict"),
        ("{match_by: [uid, uid]}", "match_by", "something twice", "each once"),
        ("{match_by: []}", "match_by", "nothing", "[uid, code]"),
        ("{match_by: uid}", "match_by", "not a list", "[one, two]"),
        ("{match_by: [shortName]}", "match_by[0]", "'shortName' is not known", "code"),
        ("{chunk_size: 0}", "chunk_size", "out of range", "1"),
        ("{sharring: keep}", "sharring", "not known here", "`sharing`"),
        ("keep", "", "a group of keys", "metadata:"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_its_mend(
    text: str, key: str, words: str, mend: str
) -> None:
    error = refusal_of(_metadata(text))
    assert error.key == ".".join(part for part in ("pairs[0].metadata", key) if part)
    assert words in error.message
    assert mend in error.remedy
