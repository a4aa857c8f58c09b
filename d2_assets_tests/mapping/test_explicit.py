from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.mapping.explicit import read_explicit

HEAD = "class,source,destination,note\n"


def _write(folder: Path, text: str) -> Path:
    path = folder / "matches.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_by_class(tmp_path: Path) -> None:
    rows = "dataElements,fbfJHSPpUQD,cYeuwXTCPkU,renamed\n\nindicators,Uvn6LCg7dVU,OdiHJayrsKo,\n"
    assert read_explicit(_write(tmp_path, "\ufeff" + HEAD + rows)) == {
        "dataElements": {"fbfJHSPpUQD": "cYeuwXTCPkU"},
        "indicators": {"Uvn6LCg7dVU": "OdiHJayrsKo"},
    }


def test_a_line_that_stands_twice_is_one(tmp_path: Path) -> None:
    row = "dataElements,fbfJHSPpUQD,cYeuwXTCPkU,\n"
    assert len(read_explicit(_write(tmp_path, HEAD + row + row))["dataElements"]) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class,source\n", "line 1, column destination: the column is missing"),
        (HEAD + "dataElements,short,cYeuwXTCPkU,\n", "line 2, column source: 'short' is not"),
        (HEAD + "dataElements,fbfJHSPpUQD,,\n", "line 2, column destination"),
        (HEAD + "data elements,fbfJHSPpUQD,cYeuwXTCPkU,\n", "line 2, column class"),
        (
            HEAD + "dataElements,fbfJHSPpUQD,cYeuwXTCPkU,\ndataElements,fbfJHSPpUQD,OdiHJayrsKo,\n",
            "line 3, column destination: fbfJHSPpUQD is said to be cYeuwXTCPkU further up",
        ),
    ],
)
def test_a_mistake_names_file_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        read_explicit(path)
    assert words in caught.value.message
    assert str(path) in caught.value.message


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_explicit(tmp_path / "none.csv")
