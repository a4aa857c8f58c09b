import duckdb
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.following import Key, Row, find_following, list_ends, list_parents
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.verdicts import VERDICTS, find_outcome, outcome_sql

ENTITY, ENROLLMENT = (Kind.TRACKED_ENTITY, "te1"), (Kind.ENROLLMENT, "en1")
EVENT, RELATIONSHIP = (Kind.EVENT, "ev1"), (Kind.RELATIONSHIP, "re1")


def _make_tree(entity: str = "", enrollment: str = "", *, deleted: bool = False) -> list[Row]:
    return [
        Row(*ENTITY, verdict=entity, deleted=deleted),
        Row(*ENROLLMENT, parents=(ENTITY,), verdict=enrollment),
        Row(*EVENT, parents=(ENROLLMENT,)),
    ]


def test_nobody_follows_a_fit_parent() -> None:
    assert find_following(_make_tree(), set()) == {}


def test_the_whole_tree_follows_a_refused_entity_in_any_order() -> None:
    found = find_following(reversed(_make_tree("type_unknown")), set())

    assert {key: verdict.code for key, verdict in found.items()} == {
        ENROLLMENT: "parent_quarantined",
        EVENT: "parent_quarantined",
    }
    assert "tracked entity te1" in found[ENROLLMENT].reason
    assert "type_unknown" in found[ENROLLMENT].reason
    assert "enrollment en1" in found[EVENT].reason


def test_a_refused_parent_that_the_destination_has_holds_nobody_back() -> None:
    assert find_following(_make_tree("type_unknown"), {ENTITY}) == {}
    assert find_following(_make_tree("", "program_unknown"), {ENTITY, ENROLLMENT}) == {}


def test_what_belongs_to_something_filtered_is_filtered_with_it() -> None:
    found = find_following(_make_tree("org_unit_filtered"), set())

    assert {verdict.code for verdict in found.values()} == {"parent_filtered"}
    assert find_outcome("parent_filtered") is Outcome.FILTERED


def test_a_child_of_a_deleted_parent_cannot_land_even_where_it_still_is() -> None:
    found = find_following(_make_tree(deleted=True), {ENTITY})

    assert found[ENROLLMENT].code == "parent_quarantined"
    assert "deleted at the source" in found[ENROLLMENT].reason


def test_a_deleted_child_needs_no_parent() -> None:
    rows = [Row(*ENTITY, verdict="type_unknown"), Row(*ENROLLMENT, parents=(ENTITY,), deleted=True)]

    assert find_following(rows, set()) == {}


def test_a_row_with_a_verdict_of_its_own_keeps_it() -> None:
    found = find_following(_make_tree("type_unknown", "program_unknown"), set())

    assert ENROLLMENT not in found
    assert "program_unknown" in found[EVENT].reason


def test_a_parent_that_is_nowhere_is_named() -> None:
    found = find_following([Row(*EVENT, parents=(ENROLLMENT,))], set())

    assert found[EVENT].code == "parent_missing"
    assert find_following([Row(*EVENT, parents=(ENROLLMENT,))], {ENROLLMENT}) == {}


def test_a_relationship_needs_both_ends_and_names_the_side() -> None:
    other = (Kind.TRACKED_ENTITY, "te2")
    rows = [*_make_tree(), Row(*RELATIONSHIP, parents=(ENTITY, other))]

    (verdict,) = find_following(rows, set()).values()

    assert verdict.code == "relationship_end_missing"
    assert "«to» side, tracked entity te2" in verdict.reason
    assert "filters" in verdict.reason
    assert "month" in verdict.reason
    assert find_following(rows, {other}) == {}


def test_a_relationship_follows_a_refused_end_and_is_filtered_with_a_filtered_one() -> None:
    relationship = Row(*RELATIONSHIP, parents=(EVENT, ENTITY))

    refused = find_following([*_make_tree("", "program_unknown"), relationship], set())
    filtered = find_following([*_make_tree("org_unit_filtered"), relationship], set())

    assert refused[RELATIONSHIP].code == "relationship_end_missing"
    assert "«from» side, event ev1" in refused[RELATIONSHIP].reason
    assert filtered[RELATIONSHIP].code == "relationship_end_filtered"


def test_ends_are_read_from_a_canonical_body() -> None:
    body = {
        "relationship": "re1",
        "from": {"trackedEntity": {"trackedEntity": "te1"}},
        "to": {"event": {"event": "ev1"}},
    }

    assert list_ends(body) == (ENTITY, EVENT)
    assert list_parents(Kind.RELATIONSHIP, "", body) == (ENTITY, EVENT)
    assert list_parents(Kind.EVENT, "en1", {}) == (ENROLLMENT,)
    assert list_parents(Kind.ENROLLMENT, "te1", {}) == (ENTITY,)
    assert list_parents(Kind.EVENT, "", {}) == list_parents(Kind.TRACKED_ENTITY, "", {}) == ()


NUMBERS = st.integers(0, 3)


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[Row], set[Key]]:
    verdicts = st.sampled_from(["", "", "type_unknown", "org_unit_filtered"])
    rows = [
        Row(kind, f"{kind}{number}", tuple(parents), draw(verdicts), draw(st.booleans()))
        for kind, above in (
            (Kind.TRACKED_ENTITY, None),
            (Kind.ENROLLMENT, Kind.TRACKED_ENTITY),
            (Kind.EVENT, Kind.ENROLLMENT),
        )
        for number in range(draw(NUMBERS))
        for parents in [[(above, f"{above}{draw(NUMBERS)}")] if above else []]
    ]
    present = draw(st.sets(st.sampled_from([(row.kind, row.id) for row in rows] or [ENTITY])))
    return rows, present


@given(forests())
def test_what_is_kept_has_its_parent_and_what_follows_has_not(
    forest: tuple[list[Row], set[Key]],
) -> None:
    rows, present = forest
    found = find_following(rows, present)

    gone = {(row.kind, row.id) for row in rows if row.deleted}
    landing = {(row.kind, row.id) for row in rows if not row.verdict} - found.keys() - gone
    there = (landing | present) - gone
    for row in rows:
        if row.verdict or row.deleted:
            assert (row.kind, row.id) not in found
        else:
            assert ((row.kind, row.id) in found) is any(key not in there for key in row.parents)


def test_sql_and_python_give_verdicts_the_same_outcome() -> None:
    codes = [*VERDICTS, "lost_by_server", None]
    rows = duckdb.execute(
        f"SELECT code, {outcome_sql('code')} FROM (SELECT unnest(?) AS code)", [codes]
    ).fetchall()

    assert rows == [(code, code and find_outcome(code).value) for code in codes]
