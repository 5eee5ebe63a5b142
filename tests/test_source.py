"""Lines and columns."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import source
from compiler.source import Source

texts = st.text(st.sampled_from("ab\n\r \u2028\U0001f41e"), max_size=40)


@given(texts, st.integers(1, 9))
def test_each_offset_is_in_the_line_that_an_editor_shows(text: str, block: int) -> None:
    lines = text.split("\n")
    with patch.object(source, "_BLOCK", block):
        whole = Source("x", text)
        assert whole.lines == len(lines)
        for offset in range(len(text) + 1):
            before = text[:offset].split("\n")
            assert whole.position(offset) == (len(before), len(before[-1]) + 1)
        for number, line in enumerate(lines, 1):
            assert whole.line(number) == line.rstrip("\r")
            assert whole.line_start(number) == sum(len(earlier) + 1 for earlier in lines[: number - 1])
            span = whole.whole_line(number)
            assert text[span.start : span.end].strip() == line.strip()


@pytest.mark.parametrize("number", [0, -1, 3])
def test_there_is_no_such_line(number: int) -> None:
    with pytest.raises(IndexError):
        Source("x", "a\nb").line_start(number)


def test_a_large_text() -> None:
    text = "".join(f"line {number}\n" for number in range(5000))
    whole = Source("x", text)
    assert [whole.position(text.index(f"line {n}\n")) for n in (0, 7, 4999)] == [(1, 1), (8, 1), (5000, 1)]
    assert [whole.line(n) for n in (1, 8, 5000, 5001)] == ["line 0", "line 7", "line 4999", ""]
