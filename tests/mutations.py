"""Texts with one thing changed: a scalar, key or line that is gone, doubled, misspelt, of another type, or absurd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from compiler.reader import ListNode, MapNode, read_yaml
from compiler.source import Source

Stretch = tuple[int, int]

ODD = (
    *("", "~", "null", "true", "0", "-1", "1.5", "70000", "1e400", "0x10", ".nan", "2026-02-30", "5", "0s", "99999d"),
    *("x", "X y", "é", "名前", "\u202e", "\u0007", "\ufeff", "\U0001f600", "a\u0000b", "${a.b}", "$", "*", "^9", "||"),
    *("{}", "[]", "[{}]", "{a: 1}", "{a: {b: [c]}}", "[a, a]", "[[1]]", "- a", "a: b", "? a", "|", ">-", "|\n  a"),
    *("'", '"', "[", "]", "{", "}", ",", ":", "#", "&", "*a", "&a b", "&a [*a]", "!!int x", "!x y", "%", "@", "`"),
    *(
        "..",
        "../..",
        "/etc/passwd",
        "\\",
        "http://a.b/c",
        "//",
        "/{",
        "/{}",
        "/{id}/{id}",
        "GET /",
        "orders@1",
        "a@b#c",
    ),
    *("#/a", "#/", "$ref", "{$ref: '#'}", "{$ref: ../x.yaml}", "{$ref: 'orders-2.1.0.yaml#/paths'}", "{$ref: 1}"),
    *("\t", "---", "...", "^1 ||", "*.x", "[::1]", "10.0.0.1/8"),
)
"""What may stand where something else belongs."""
HUGE = (
    *("x" * 100_000, "9" * 5000, "a" * 70 + ".b" * 5000, "/a" * 50_000),
    *("[" * 300, "{a: " * 300, "- " * 500, "[" + "0, " * 20_000 + "0]"),
)
BYTES = (b"\xff", b"\xc3", b"\x00", b"\xed\xa0\x80", b"\r", b"\x85", b"")


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and where its keys and scalars stand."""

    text: str
    keys: tuple[Stretch, ...]
    scalars: tuple[Stretch, ...]
    entries: tuple[Stretch, ...]
    """Keys with their values, and items of lists."""


def read_text(name: str, text: str) -> Text:
    """The text of a sound YAML file with its stretches."""
    document, findings = read_yaml(Source(name, text))
    assert document is not None, findings
    found = list(_stretches(document.root))
    of_kind = {kind: tuple(s for k, s in found if k == kind) for kind in ("key", "scalar", "entry")}
    return Text(text, of_kind["key"], of_kind["scalar"], of_kind["entry"])


def _stretches(node: object) -> Iterator[tuple[str, Stretch]]:
    if isinstance(node, MapNode):
        for key, (start, end, value_start, value_end) in node.marks.items():
            yield "key", (start, end)
            yield "entry", (start, value_end)
            yield from _value(node[key], (value_start, value_end))
    elif isinstance(node, ListNode):
        for item, mark in zip(node, node.marks, strict=True):
            yield "entry", mark
            yield from _value(item, mark)


def _value(value: object, mark: Stretch) -> Iterator[tuple[str, Stretch]]:
    if isinstance(value, MapNode | ListNode):
        yield from _stretches(value)
    else:
        yield "scalar", mark


@st.composite
def mutated(draw: st.DrawFn, sound: Text) -> bytes:
    """The text with one change, as UTF-8, or nearly so."""
    text = sound.text
    kind = draw(st.sampled_from(("scalar", "scalar", "scalar", "key", "key", "entry", "line", "line", "bytes")))
    if kind == "bytes":
        data = text.encode()
        at = draw(st.integers(0, len(data)))
        rest = data[at + draw(st.integers(0, 3)) :] if draw(st.booleans()) else b""
        return data[:at] + draw(st.sampled_from(BYTES)) + rest
    if kind == "line":
        return _line(draw, text).encode("utf-8", "surrogatepass")
    places = {"scalar": sound.scalars, "key": sound.keys, "entry": sound.entries}[kind]
    start, end = draw(st.sampled_from(places))
    changed = _entry(draw, text[start:end]) if kind == "entry" else _word(draw, sound, text[start:end])
    return (text[:start] + changed + text[end:]).encode("utf-8", "surrogatepass")


def _word(draw: st.DrawFn, sound: Text, word: str) -> str:
    """Another word in the place of a key or a scalar."""
    match draw(st.sampled_from(("odd", "odd", "odd", "other", "other", "typo", "typo", "quoted", "text", "huge"))):
        case "other":
            start, end = draw(st.sampled_from(sound.scalars + sound.keys))
            return sound.text[start:end]
        case "typo":
            at = draw(st.integers(0, max(0, len(word) - 1)))
            return draw(
                st.sampled_from(
                    (word[:at] + word[at + 1 :], word[:at] + word[at : at + 1] + word[at:], word.swapcase())
                )
            )
        case "quoted":
            return draw(st.sampled_from((f'"{word}"', f"'{word}'", word.strip("'\""), f"[{word}]", f"{{{word}}}")))
        case "text":
            return draw(st.text(max_size=20))
        case "huge":
            return draw(st.sampled_from(HUGE))
        case _:
            return draw(st.sampled_from(ODD))


def _entry(draw: st.DrawFn, written: str) -> str:
    """Nothing, or twice the same, or something odd, in the place of a key with its value or of an item."""
    return draw(
        st.sampled_from(("", f"{written}, {written}", f"{written}\n{written}", written.partition(":")[0], *ODD))
    )


def _line(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    match draw(st.sampled_from(("delete", "double", "swap", "indent", "outdent", "cut", "junk", "comment", "end"))):
        case "delete":
            del lines[at]
        case "double":
            lines.insert(at, lines[at])
        case "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        case "indent":
            lines[at] = " " * draw(st.integers(1, 4)) + lines[at]
        case "outdent":
            lines[at] = lines[at][draw(st.integers(1, 4)) :]
        case "cut":
            lines[at:] = [lines[at][: draw(st.integers(0, len(lines[at])))]]
        case "junk":
            lines.insert(at, draw(st.sampled_from(ODD) | st.text(max_size=30)))
        case "comment":
            lines[at] += draw(
                st.sampled_from((" # gatewright: allow", " # gatewright: allow unused -- x", " #", "\r", "\t"))
            )
        case _:
            lines = [line + "\r" for line in lines]
    return "\n".join(lines)
