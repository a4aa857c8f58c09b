from d2_assets.mapping.crosswalk import Crosswalk, Match, join_crosswalks


def test_what_it_does_not_name_keeps_its_uid() -> None:
    walk = Crosswalk((Match("dataElements", "a", "x", "code"), Match("dataSets", "b", "b", "uid")))
    assert [walk.get("dataElements", "a"), walk.get("indicators", "a")] == ["x", "a"]
    assert [walk.back("dataElements", "x"), walk.back("dataElements", "q")] == ["a", "q"]
    assert walk.of_class("dataSets") == {}
    assert [match.source for match in walk.rows] == ["a"]


def test_of_two_matches_of_one_object_the_later_one_counts() -> None:
    one, two = Match("dataElements", "a", "x", "code"), Match("dataElements", "a", "y", "table")
    walk = join_crosswalks([Crosswalk((one,)), Crosswalk((two,))])
    assert walk.get("dataElements", "a") == "y"
    assert tuple(walk) == (two,)
