"""Comments that allow a finding: ``# gatewright: allow <rule> -- <reason>``, on its line or on the line above."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from compiler.diagnostics import Finding, did_you_mean
from compiler.reader import ListNode, MapNode, read_yaml
from compiler.records import frozen
from compiler.rules import RULES
from compiler.source import Source, Span

_COMMENT = re.compile(r"(?:(?<=[ \t\n])|\A)#[ \t]*gatewright:[ \t]*allow\b[ \t]*([^\r\n]*)")
_BODY = re.compile(r"(?P<rule>[^\s]+?)(?:[ \t]+--(?P<reason>.*)|--(?P<tight>.*)|[ \t]*)")
_BLOCK_SCALAR = re.compile(r"(?:[!&][^\s]*[ \t]+)*[|>]")
_FORM = "write `# gatewright: allow <rule> -- <reason>`"


@frozen
class _Suppression:
    """A valid comment: the rule that it allows, on which lines."""

    rule: str
    lines: frozenset[int]
    where: Span


def apply(
    findings: Iterable[Finding],
    sources: Iterable[Source],
    *,
    complete: bool = True,
    answered: Iterable[tuple[str, Span]] = (),
) -> list[Finding]:
    """The findings without those that a comment allows, together with what is wrong with the comments.

    ``complete`` says that every check has run, so that a comment that allowed nothing is there in vain. A comment that
    allows one of ``answered``, rules that are not looked at again at a place, never is.
    """
    left = list(findings)
    past = {(rule, where.file, where.line) for rule, where in answered}
    for source in sources:
        if "gatewright:" not in source.text or source.name.endswith(".json"):
            continue
        suppressions, wrong = _read(source)
        kept = []
        used: set[_Suppression] = set()
        for finding in left:
            matching = [s for s in suppressions if finding.where.source is source and _allows(s, finding)]
            used.update(matching)
            if not matching or finding.firm:
                kept.append(finding)
                kept += [_firm(suppression) for suppression in matching]
        left = kept + wrong
        if complete:
            used.update(s for s in suppressions if any((s.rule, source.name, line) in past for line in s.lines))
            left += [_unused(suppression) for suppression in suppressions if suppression not in used]
    return left


def _allows(suppression: _Suppression, finding: Finding) -> bool:
    return suppression.rule == finding.rule and finding.where.line in suppression.lines


def _firm(suppression: _Suppression) -> Finding:
    return Finding(
        "suppression-invalid",
        f"`{suppression.rule}` cannot be suppressed here, as nothing can be built without what is missing",
        suppression.where,
        "mend what it finds, and remove the comment",
    )


def _unused(suppression: _Suppression) -> Finding:
    return Finding(
        "suppression-unused",
        f"`{suppression.rule}` is not found here, so this comment allows nothing",
        suppression.where,
        "remove the comment",
    )


def _read(source: Source) -> tuple[list[_Suppression], list[Finding]]:
    """The valid comments of a file, and a finding for each other one."""
    suppressions: list[_Suppression] = []
    wrong: list[Finding] = []
    for match in _comments(source):
        where = source.span(match.start(), match.start() + len(match.group().rstrip()))
        body = _BODY.fullmatch(match.group(1).strip())
        rule = body.group("rule") if body else ""
        reason = (body.group("reason") or body.group("tight") or "").strip() if body else ""
        problem = _problem(rule, reason)
        if problem is None:
            suppressions.append(_Suppression(rule, _lines(source, match.start()), where))
        else:
            wrong.append(Finding("suppression-invalid", problem[0], where, problem[1]))
    return suppressions, wrong


def _problem(rule: str, reason: str) -> tuple[str, str] | None:
    """What is wrong with a comment and how to mend it."""
    if not rule:
        return "this comment does not say what it allows, and why", _FORM
    if rule not in RULES:
        return f"no rule is named `{rule}`", did_you_mean(rule, RULES) or "`gatewright explain` lists the rules"
    if not RULES[rule].suppressible:
        return f"`{rule}` cannot be suppressed", "mend what it finds, and remove the comment"
    if not reason:
        return f"`{rule}` is allowed here without a reason", _FORM
    return None


def _lines(source: Source, start: int) -> frozenset[int]:
    """The line of a comment behind a value; for a comment with a line of its own, the next line that is none."""
    line = source.position(start)[0]
    if source.line(line).lstrip().startswith("#"):
        while line < source.lines and source.line(line).lstrip().startswith("#"):
            line += 1
    return frozenset({line})


def _comments(source: Source) -> list[re.Match[str]]:
    """What looks like such a comment and stands in no scalar; nothing where the file cannot be read."""
    document, _ = read_yaml(source)
    if document is None:
        return []
    scalars = sorted(_scalars(source, document.root))
    starts = [start for start, _ in scalars]

    def free(at: int) -> bool:
        index = bisect_right(starts, at) - 1
        return index < 0 or at >= scalars[index][1]

    return [match for match in _COMMENT.finditer(source.text) if free(match.start())]


def _scalars(source: Source, root: object) -> Iterable[tuple[int, int]]:
    """The places of all keys and scalars below a node; of a block scalar without its first line, which may end in a
    comment.
    """
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, (MapNode, ListNode)):
            continue
        seen.add(id(node))
        waiting += node.values() if isinstance(node, MapNode) else node
        places: Sequence[tuple[object, int, int]]
        if isinstance(node, MapNode):
            yield from ((mark[0], mark[1]) for mark in node.marks.values())
            places = [(node[key], mark[2], mark[3]) for key, mark in node.marks.items()]
        else:
            places = [(value, *mark) for value, mark in zip(node, node.marks, strict=True)]
        for value, start, end in places:
            if isinstance(value, (MapNode, ListNode)):
                continue
            content = source.text.find("\n", start, end) if _BLOCK_SCALAR.match(source.text, start) else start
            yield (content if content >= 0 else end), end
