from dataclasses import replace
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.completeness import key_of
from d2_assets.data_values.content import KEY
from d2_assets.data_values.month_hash import hash_registrations, hash_values
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.ledger.month_hashes import NO_CONTENT, ContentHash
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    OPTION,
    QUARTERLY,
    Row,
    make_row,
    open_scratch,
    stage_rows,
)

#: What is no content of a live row.
_OTHERS = st.fixed_dictionaries(
    {name: st.sampled_from([None, "x"]) for name in ("stored_by", "created", "last_updated")}
)
_texts = st.text("a1\x1f", max_size=3)
_rows = st.builds(
    make_row,
    data_set=st.sampled_from([MONTHLY, QUARTERLY]),
    data_element=st.sampled_from([FLAG, NOTE]),
    org_unit=st.sampled_from([CLINIC_1, CLINIC_2]),
    value=st.none() | _texts,
    comment=st.none() | _texts,
    followup=st.booleans(),
    deleted=st.booleans(),
)


def _hash(*months: list[Row]) -> list[dict[str, ContentHash]]:
    """The hashes by month of each of these tables."""
    hashes = []
    with open_scratch() as (database, folder):
        for rows in months:
            stage_rows(database, folder, "source", rows)
            hashes.append(dict(hash_values(database, "source")))
    return hashes


def _content(row: Row) -> tuple:
    """What makes a row another one, by the words of the docs."""
    seen = (row["value"] or "", row["comment"] or "", row["followup"])
    key = tuple(row[name] for name in ("data_set", *KEY))
    return (*key, row["deleted"], *(() if row["deleted"] else seen))


@settings(max_examples=60, deadline=None)
@given(st.lists(_rows, max_size=5), st.lists(_rows, max_size=5))
def test_months_have_one_hash_exactly_when_their_content_is_the_same(
    one: list[Row], other: list[Row]
) -> None:
    same = sorted(map(_content, one)) == sorted(map(_content, other))
    first, second = _hash(one, other)
    assert (first == second) is same


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_rows, _OTHERS), min_size=1, max_size=6), st.randoms())
def test_order_stamps_and_users_do_not_matter(
    rows: list[tuple[Row, dict[str, str | None]]], random: Random
) -> None:
    touched = [row | others for row, others in rows]
    random.shuffle(touched)
    before, after = _hash([row for row, _ in rows], touched)
    assert before == after


def test_each_month_has_a_hash_of_its_own(database: Database, tmp_path: Path) -> None:
    rows = [make_row(), make_row(month="202510", period="202510")]
    stage_rows(database, tmp_path, "source", rows)
    hashes = hash_values(database, "source")
    assert hashes[MONTH] == _hash(rows[:1])[0][MONTH] != hashes["202510"]
    assert hashes.keys() == {MONTH, "202510"}


def test_the_hash_of_a_row_is_the_same_in_every_version() -> None:
    """Hashes are kept on disk: with another formula the number of the version must change."""
    rows = [make_row(comment="unsure"), make_row(deleted=True)]
    assert _hash(rows)[0][MONTH] == ContentHash(2, 789239506992370628, 11912220654065671062)


def test_registrations_count_by_their_key_and_what_they_say() -> None:
    item = CompletenessRegistration(MONTHLY, MONTH, CLINIC_1, OPTION, "2025-12-01", True, "anna")

    def hash_(*items: CompletenessRegistration) -> ContentHash:
        return hash_registrations({key_of(one): one for one in items})

    assert hash_() == NO_CONTENT
    assert hash_(item) == hash_(replace(item, date="2025-12-02", stored_by="bela"))
    others = [
        replace(item, completed=False),
        replace(item, org_unit=CLINIC_2),
        replace(item, period="202510"),
        replace(item, data_set=QUARTERLY),
        replace(item, attribute_option_combo="OptionOther"),
    ]
    assert len({hash_(one) for one in (item, *others)}) == 6
    assert hash_(item, others[1]) == hash_(others[1], item)
