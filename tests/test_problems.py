"""Problems as RFC 9457 has them: standard members first, in one order."""

from __future__ import annotations

from compiler.problems import problem_text


def test_members_stand_in_one_order() -> None:
    assert problem_text(404) == '{"type": "about:blank", "title": "Not Found", "status": 404}\n'
    assert problem_text(400, "say which", versions=["1", "2"]) == (
        '{"type": "about:blank", "title": "Bad Request", "status": 400, '
        '"detail": "say which", "versions": ["1", "2"]}\n'
    )
