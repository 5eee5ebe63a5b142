"""``# gatewright: allow <rule> -- <reason>``: a finding that somebody looked at and accepts, on its line or the line below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

from compiler.diagnostics import Finding, Severity, did_you_mean
from compiler.rules import RULES
from compiler.source import Source, Span

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*gatewright:(?P<rest>[^\n]*)", re.MULTILINE)
_ALLOW = re.compile(r"[ \t]*allow[ \t]+(?P<rule>[\w-]+)[ \t]*(?:--[ \t]*(?P<reason>.*\S))?[ \t]*\r?")


@dataclass(frozen=True, slots=True)
class _Suppression:
    rule: str
    lines: tuple[int, int]
    where: Span


def apply(findings: Iterable[Finding], sources: Iterable[Source]) -> list[Finding]:
    """The findings without the suppressed ones, and what is wrong with the suppressions themselves."""
    left = list(findings)
    for source in sources:
        if "gatewright:" not in source.text or source.name.endswith(".json"):
            continue
        for made in _suppressions(source):
            if isinstance(made, Finding):
                left.append(made)
                continue
            kept = [f for f in left if not _suppresses(made, f, source)]
            # a project that stopped at an early phase may not have come to what is suppressed here
            stopped = any(RULES[f.rule].severity is Severity.ERROR and not RULES[f.rule].suppressible for f in left)
            if len(kept) == len(left) and not stopped:
                kept.append(
                    Finding("suppression-unused", f"there is no `{made.rule}` here to allow", made.where, "remove the comment")
                )
            left = kept
    return left


def _suppresses(made: _Suppression, finding: Finding, source: Source) -> bool:
    return (
        finding.rule == made.rule
        and finding.where.source is source
        and finding.where.line in made.lines
    )


def _suppressions(source: Source) -> Iterator[_Suppression | Finding]:
    scalars = _quoted_stretches(source)
    for match in _COMMENT.finditer(source.text):
        if any(start < match.start() < end for start, end in scalars):
            continue
        where = source.span(match.start(), match.end("rest")) if match.group("rest").strip() else source.span(*match.span())
        allow = _ALLOW.fullmatch(match.group("rest"))
        if allow is None:
            yield _invalid("this comment is for gatewright, but says nothing that it knows", where)
            continue
        rule = allow.group("rule")
        if rule not in RULES:
            yield _invalid(f"no rule is named `{rule}`", where, did_you_mean(rule, RULES))
        elif not RULES[rule].suppressible:
            yield _invalid(f"`{rule}` cannot be allowed", where, "mend what it points at")
        elif allow.group("reason") is None:
            yield _invalid(f"`{rule}` is allowed without a reason", where)
        else:
            yield _Suppression(rule, (where.line, where.line + 1), where)


def _invalid(message: str, where: Span, help: str | None = None) -> Finding:
    return Finding("suppression-invalid", message, where, help or "write `# gatewright: allow <rule> -- <reason>`")


def _quoted_stretches(source: Source) -> list[tuple[int, int]]:
    """Where scalars stand that may hold a `#`: what looks like a comment in them is none."""
    stretches = []
    try:
        for event in yaml.parse(source.text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                stretches.append((event.start_mark.index, event.end_mark.index))
    except yaml.YAMLError:  # what stands before the mistake counts
        pass
    return [s for s in stretches if "#" in source.text[s[0] : s[1]]]
