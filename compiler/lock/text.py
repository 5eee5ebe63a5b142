"""The text of the lock: a line for each version and one below it for its meaning, in the order of contract and number.

::

    gatewright-lock 1
    # Made by ...
    version orders 1.4.2 meaning=1:<digest> deprecated=2026-09-01 sunset=2027-03-31 text=<digest> check=<crc>
    meaning orders 1.4.2 <compressed text> check=<crc>
    version orders 1.5.0 meaning=1:<digest> after=1.4.2:<digest> bump=minor text=<digest> check=<crc>
    ...
    edge mobile client=shop-mobile until=2027-12-31 versions=header:x-api-version check=<crc>
    promise mobile GET /orders orders@2.1.0 default check=<crc>

Each line says by itself what it is about, so it may stand anywhere: git can lay the lines of two branches together. A
line that stands twice says one thing, or two that can be joined: of two dates the later one holds. Each line ends with
a check (CRC-32) over the rest of it, since a line that was edited by hand must not pass for a promise.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import field, replace
from datetime import date
from urllib.parse import quote, unquote
from zlib import crc32

from compiler.contracts.versions import BUMPS, precedence
from compiler.diagnostics import Finding, Note
from compiler.files import ROOT_FILE, Library
from compiler.lock import FORMAT, LOCK_FILE, Lock, LockedEdge, LockedVersion, Promise
from compiler.lock.edges import joined
from compiler.records import mutable
from compiler.source import Source, Span, inside

_NAME = r"[a-z][a-z0-9-]{0,62}"
_NUMBER = r"\d+\.\d+\.\d+(?:\+[0-9A-Za-z.-]+)?"
_DATE = r"\d{4}-\d{2}-\d{2}"
_VERSION = re.compile(
    rf"version (?P<contract>{_NAME}) (?P<number>{_NUMBER}) meaning=(?P<form>\d{{1,4}}):(?P<digest>[0-9a-f]{{64}})"
    rf"(?: deprecated=(?P<deprecated>{_DATE}))?(?: sunset=(?P<sunset>{_DATE}))?(?P<removed> removed)?"
    rf"(?: after=(?P<after>{_NUMBER}):(?P<mark>[0-9a-f]{{12}}) bump=(?P<bump>{'|'.join(BUMPS)}))?"
    r"(?: text=(?P<text>[0-9a-f]{32})(?: files=(?P<files>\S+))?)?"
)
_MEANING = re.compile(rf"meaning (?P<contract>{_NAME}) (?P<number>{_NUMBER}) (?P<packed>[A-Za-z0-9+/=]+)")
_EDGE = re.compile(
    rf"edge (?P<name>{_NAME}) client=(?P<client>{_NAME}) until=(?P<until>{_DATE})"
    r"(?: versions=(?P<versioning>\S+))?(?P<removed> removed)?"
)
_PROMISE = re.compile(
    rf"promise (?P<edge>{_NAME}) (?P<method>[A-Z]+) (?P<path>/\S*) (?P<contract>{_NAME})@(?P<number>{_NUMBER})"
    rf"(?P<default> default)?(?: publish=(?P<publish>{_NAME}@{_NUMBER}))?(?: shape=(?P<shape>[A-Za-z0-9_=-]+))?"
)
_HEADER = re.compile(r"gatewright-lock ([1-9][0-9]{0,8})")
_MARKER = re.compile(r"(<{7}|\|{7}|={7}|>{7})(?: |$)")
_FROM_GIT = "take it back from git (`git checkout -- gatewright.lock`); nobody edits this file by hand"
_HINT = "# Made by `gatewright lock`, and committed with the project. After a merge in conflict, run it again."
_SAFE_IN_PATH = "/{}~!$&'()*+,;=:@-._"


@mutable
class _Reading:
    """What was read so far, and what was wrong with it."""

    findings: list[Finding] = field(default_factory=list)
    versions: dict[tuple[str, str], LockedVersion] = field(default_factory=dict)
    meanings: dict[tuple[str, str], tuple[str, Span]] = field(default_factory=dict)
    edges: dict[str, LockedEdge] = field(default_factory=dict)
    promises: dict[str, dict[tuple[str, ...], Promise]] = field(default_factory=dict)

    def wrong(self, message: str, where: Span, help: str = _FROM_GIT, *notes: Note) -> None:
        self.findings.append(Finding("lock-invalid", message, where, help, notes))


def open_lock(library: Library, *, merging: bool = False) -> tuple[Lock | None, list[Finding]]:
    """The lock beside a project's root file: an empty one where there is no file, None with findings for a broken one.

    With ``merging``, what a merge in conflict left of both sides is taken together.
    """
    library.asked.add(LOCK_FILE)
    path = library.root / LOCK_FILE
    top = Source(ROOT_FILE, "").span(0, 0)
    if not path.exists() and not path.is_symlink():
        return Lock(), []
    if not inside(library.root, path):
        return None, [Finding("path-outside-project", f"`{LOCK_FILE}` is a symlink that leads out of the project", top)]
    source = library.source(LOCK_FILE, top)
    return (None, [source]) if isinstance(source, Finding) else read_lock(source, merging=merging)


def read_lock(source: Source, *, merging: bool = False) -> tuple[Lock | None, list[Finding]]:
    """A lock from its text, or None together with at least one error."""
    reading = _Reading()
    lines = list(_lines(source, reading, merging=merging))
    if not reading.findings and _known_format(source, lines, reading):
        for number, line in lines:
            _line(reading, source, number, line)
        _settle(reading)
    if reading.findings:
        return None, reading.findings
    edges = {
        name: replace(edge, promises=tuple(sorted(reading.promises.get(name, {}).values(), key=_promise_order)))
        for name, edge in reading.edges.items()
    }
    return Lock(reading.versions, edges, source), []


def render(lock: Lock) -> str:
    """The text of a lock. The same lock gives the same text, whatever the order of its parts."""
    lines = [f"gatewright-lock {FORMAT}", _HINT]
    for _, locked in sorted(lock.versions.items(), key=lambda item: (item[0][0], precedence(item[0][1]), item[0][1])):
        about = f"{locked.contract} {locked.number}"
        words = [
            f"version {about} meaning={locked.form}:{locked.digest}",
            f"deprecated={locked.deprecated}" if locked.deprecated else "",
            f"sunset={locked.sunset}" if locked.sunset else "",
            "removed" if locked.removed else "",
            f"after={locked.after[0]}:{locked.after[1]} bump={locked.bump}" if locked.after and locked.bump else "",
            f"text={locked.text}" if locked.text else "",
            f"files={','.join(map(quote, locked.files))}" if locked.text and locked.files else "",
        ]
        lines += [_sealed(" ".join(filter(None, words))), _sealed(f"meaning {about} {locked.packed}")]
    for name, edge in sorted(lock.edges.items()):
        words = [
            f"edge {name} client={edge.client} until={edge.supported_until}",
            f"versions={quote(edge.versioning, safe=':')}" if edge.versioning != "path" else "",
            "removed" if edge.removed else "",
        ]
        lines.append(_sealed(" ".join(filter(None, words))))
        for one in sorted(edge.promises, key=_promise_order):
            path = quote(one.path, safe=_SAFE_IN_PATH)
            words = [
                f"promise {name} {one.method} {path} {one.contract}@{one.number}",
                "default" if one.default else "",
                f"publish={one.publish}" if one.publish else "",
                f"shape={urlsafe_b64encode(one.shape.encode()).decode()}" if one.shape else "",
            ]
            lines.append(_sealed(" ".join(filter(None, words))))
    return "\n".join(lines) + "\n"


def _sealed(line: str) -> str:
    return f"{line} check={crc32(line.encode('ascii')):08x}"


def _promise_order(promise: Promise) -> tuple[str, ...]:
    return (promise.path, promise.method, promise.contract, promise.number)


# Reading.


def _lines(source: Source, reading: _Reading, *, merging: bool) -> Iterator[tuple[int, str]]:
    """The lines that say something, by number; of a merge in conflict both sides, and not what was there before."""
    side = ""
    for number, whole in enumerate(source.text.split("\n"), start=1):
        line = whole.rstrip("\r")
        marker = _MARKER.match(line)
        if marker is None:
            if line and side != "|" and not line.startswith("#"):
                yield number, line
            continue
        if not merging:
            reading.wrong(
                "a merge left the two sides of a conflict here",
                source.whole_line(number),
                "run `gatewright lock`, which keeps what both sides added",
            )
            return
        kind = marker[1][0]
        if (side, kind) not in (("", "<"), ("<", "|"), ("<", "="), ("|", "="), ("=", ">")):
            reading.wrong("the marks of this conflict are not in their order", source.whole_line(number))
            return
        side = "" if kind == ">" else kind
    if side:
        last = source.lines
        reading.wrong("the last conflict of this file has no end", source.whole_line(last))


def _known_format(source: Source, lines: list[tuple[int, str]], reading: _Reading) -> bool:
    """Whether the file begins by saying that it is a lock, of a format that can be read."""
    number, first = lines[0] if lines else (1, "")
    header = _HEADER.fullmatch(first)
    if header is None:
        reading.wrong(f"a lock begins with `gatewright-lock {FORMAT}`", source.whole_line(number))
        return False
    if int(header[1]) != FORMAT:
        reading.wrong(
            f"this lock has format {header[1]}, and this version of gatewright reads {FORMAT}",
            source.whole_line(number),
            "a newer gatewright wrote it: install that one",
        )
        return False
    return True


def _line(reading: _Reading, source: Source, number: int, line: str) -> None:
    if _HEADER.fullmatch(line):  # both sides of a merge may begin the file
        return
    body, _, check = line.rpartition(" check=")
    words = body.split(" ", 3)
    start = source.line_start(number)
    where = source.span(start, start + (len(" ".join(words[:3])) if body else len(line)))
    read = _READERS.get(words[0])
    if not line.isascii() or check != f"{crc32(body.encode()):08x}":
        reading.wrong("this line is damaged: its end does not fit the rest", where)
    elif read is None or not read(reading, body, where):
        reading.wrong("this line is none of a lock", where)


def _version(reading: _Reading, line: str, where: Span) -> bool:
    match = _VERSION.fullmatch(line)
    if match is None:
        return False
    said = match.groupdict()
    try:
        deprecated, sunset = (date.fromisoformat(said[key]) if said[key] else None for key in ("deprecated", "sunset"))
    except ValueError:
        return False
    read = LockedVersion(
        contract=said["contract"],
        number=said["number"],
        form=int(said["form"]),
        digest=said["digest"],
        packed="",
        deprecated=deprecated,
        sunset=sunset,
        removed=said["removed"] is not None,
        after=(said["after"], said["mark"]) if said["after"] else None,
        bump=next((bump for bump in BUMPS if bump == said["bump"]), None),
        text=said["text"],
        files=tuple(map(unquote, (said["files"] or "").split(","))) if said["files"] else (),
        where=where,
    )
    key = (read.contract, read.number)
    there = reading.versions.setdefault(key, read)
    if there is not read:
        joined = _joined(there, read)
        if joined is None:
            assert there.where is not None
            reading.wrong(
                f"`{key[0]}@{key[1]}` stands here twice, with two meanings: each side of a merge published one",
                where,
                "one of the two must take another number: take the lock of the side that was published first "
                "(`git checkout --ours` or `--theirs gatewright.lock`), renumber the other version in the project, and "
                "run `gatewright lock`",
                Note("the other one", there.where),
            )
        else:
            reading.versions[key] = joined
    return True


def _joined(one: LockedVersion, other: LockedVersion) -> LockedVersion | None:
    """What two lines of one version say together; None where they say that it means two things."""
    if (one.form, one.digest) != (other.form, other.digest):
        return None
    same_text = (one.text, one.files) == (other.text, other.files)
    same_step = (one.after, one.bump) == (other.after, other.bump)
    return replace(
        one,
        deprecated=max(filter(None, (one.deprecated, other.deprecated)), default=None),
        sunset=max(filter(None, (one.sunset, other.sunset)), default=None),
        removed=one.removed or other.removed,
        after=one.after if same_step else None,
        bump=one.bump if same_step else None,
        text=one.text if same_text else None,
        files=one.files if same_text else (),
    )


def _meaning(reading: _Reading, line: str, where: Span) -> bool:
    match = _MEANING.fullmatch(line)
    if match is not None:
        reading.meanings.setdefault((match["contract"], match["number"]), (match["packed"], where))
    return match is not None


def _edge(reading: _Reading, line: str, where: Span) -> bool:
    match = _EDGE.fullmatch(line)
    if match is None:
        return False
    try:
        until = date.fromisoformat(match["until"])
    except ValueError:
        return False
    versioning = unquote(match["versioning"] or "path")
    read = LockedEdge(match["name"], match["client"], until, (), versioning, match["removed"] is not None, where)
    there = reading.edges.setdefault(read.name, read)
    if (there.client, there.versioning) != (read.client, read.versioning):
        assert there.where is not None
        reading.wrong(
            f"the edge `{read.name}` stands here twice, for two clients or with two ways to name a version",
            where,
            "take the lock of one side of the merge (`git checkout --ours` or `--theirs gatewright.lock`), and run "
            "`gatewright lock`",
            Note("the other one", there.where),
        )
    later = max(there, read, key=lambda edge: edge.supported_until)
    reading.edges[read.name] = replace(later, removed=there.removed and read.removed)
    return True


def _promise(reading: _Reading, line: str, where: Span) -> bool:
    match = _PROMISE.fullmatch(line)
    if match is not None:
        try:
            shape = urlsafe_b64decode(match["shape"]).decode() if match["shape"] else None
            read = Promise(
                match["method"],
                unquote(match["path"]),
                match["contract"],
                match["number"],
                match["default"] is not None,
                shape,
                match["publish"],
                where,
            )
            key = read.key
        except ValueError:  # no path, or no text
            return False
        there = reading.promises.setdefault(match["edge"], {}).setdefault(key, read)
        reading.promises[match["edge"]][key] = joined(there, read)
    return match is not None


_READERS = {"version": _version, "meaning": _meaning, "edge": _edge, "promise": _promise}


def _settle(reading: _Reading) -> None:
    """Put what belongs together together; what belongs to nothing, or lacks its other line, is damage."""
    for key, locked in reading.versions.items():
        meaning = reading.meanings.get(key)
        if meaning is None:
            assert locked.where is not None
            reading.wrong(f"the line with the meaning of `{key[0]}@{key[1]}` is missing", locked.where)
        else:
            reading.versions[key] = replace(locked, packed=meaning[0])
    for key, (_, where) in reading.meanings.items():
        if key not in reading.versions:
            reading.wrong(f"the line of `{key[0]}@{key[1]}` itself is missing", where)
    for name, promises in reading.promises.items():
        if name not in reading.edges:
            for promise in promises.values():
                assert promise.where is not None
                reading.wrong(f"the line of the edge `{name}` is missing", promise.where)
