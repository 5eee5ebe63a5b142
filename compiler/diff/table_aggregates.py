"""What a change of each field of an aggregate means: the part of the table that is about aggregators."""

from __future__ import annotations

from compiler.composed import Aggregate, StepCall
from compiler.diff.coded import SERVICE_KINDS, changed_targets
from compiler.diff.entries import Coded, Compared, Elsewhere, Entry, Ignored, Kind, Table, as_json, unordered
from compiler.diff.judging import RISKY, SAFE, always, duration, members, number, plain, size, switch

AGGREGATE = Kind("aggregate-changed", "How a composed answer is made.")
STEP = Kind("step-changed", "What a step of an aggregator does.")
STEPS = (
    Kind("step-added", "An aggregator has a new step."),
    Kind("step-removed", "A step of an aggregator is gone."),
    Kind("step-renamed", "A step of an aggregator bears another name, which clients see where it failed."),
)
DEADLINE = Kind("deadline-changed", "How long an aggregator may take.")
OPTIONALITY = Kind("step-optionality-changed", "Whether the whole fails with a step.")
FALLBACK = ("optional", "fallback")
_BY_RULE = Ignored("the rules of the deployable say the same")
_BY_CONTRACT = Ignored("it is made of contracts: of the aggregator's own, which is compared, or of the called one")
_LESS_BREAKS = number(RISKY, SAFE)


def _changed(kind: Kind, words: str, at: str) -> Compared:
    """Something that holds expressions, which have no short form."""
    return Compared(kind, words, always(RISKY), None, tuple(at.split(".")))


def _sent(words: str, at: str) -> Compared:
    """What is sent, by name."""
    return Compared(STEP, words, always(RISKY), None, tuple(at.split(".")), form=unordered)


_AGGREGATE: dict[str, Entry] = {
    "name": Elsewhere("aggregates"),
    "contract": _BY_RULE,
    "version": _BY_RULE,
    "operation": _BY_RULE,
    "deadline": Compared(DEADLINE, "deadline", _LESS_BREAKS, duration, ("deadline",)),
    "max_concurrent": Compared(AGGREGATE, "requests under way at a time", _LESS_BREAKS, at=("max_concurrent",)),
    "max_body": Compared(AGGREGATE, "largest body", _LESS_BREAKS, size, ("max_body",)),
    "forward": Compared(
        AGGREGATE, "request headers for the steps", members(lost=RISKY, won=RISKY), at=("forward",), collection=True
    ),
    "parameters": _BY_CONTRACT,
    "takes_body": _BY_CONTRACT,
    "body_required": _BY_CONTRACT,
    "steps": Elsewhere("aggregates"),
    "status": Compared(AGGREGATE, "status of the answer", always(RISKY), at=("response", "status")),
    "headers": Compared(
        AGGREGATE,
        "headers of the answer",
        members(lost=RISKY, won=SAFE),
        lambda pairs: ", ".join(f"{name}: {value}" for name, value in pairs) or "none",
        ("response", "headers"),
        collection=True,
    ),
    "body": Compared(AGGREGATE, "answer", always(RISKY), None, ("response", "body")),
    "where": Ignored("where something stands makes no difference"),
}
_STEP: dict[str, Entry] = {
    "name": Elsewhere("aggregates"),
    "contract": Compared(STEP, "contract that is called", always(RISKY), at=("call",)),
    "version": Compared(STEP, "version that is called", always(SAFE), at=("call",)),
    "operation": Compared(STEP, "operation that is called", always(RISKY), at=("call",)),
    "targets": Coded(changed_targets, SERVICE_KINDS),
    "method": Ignored("it is that of the operation"),
    "prepend": Compared(STEP, "prefix at the service", always(RISKY), lambda value: str(value) or "/"),
    "path": Ignored("it is that of the operation"),
    "path_inputs": _sent("path parameters", "with.path"),
    "query": _sent("query parameters", "with.query"),
    "headers": _sent("headers that are sent", "with.headers"),
    "body": _changed(STEP, "body that is sent", "with.body"),
    "good": Compared(STEP, "statuses of success", members(lost=RISKY, won=SAFE), collection=True),
    "timeout": Compared(STEP, "timeout", _LESS_BREAKS, duration, ("timeout",)),
    "retries": Compared(STEP, "retries", _LESS_BREAKS, at=("retry",)),
    "max_body": Compared(STEP, "largest answer", _LESS_BREAKS, size, ("max_body",)),
    "after": Compared(STEP, "steps that it waits for", always(SAFE), at=("after",), collection=True),
    "when": _changed(STEP, "condition", "when"),
    "for_each": _changed(STEP, "list that it runs over", "for_each"),
    "max": Compared(STEP, "most elements", _LESS_BREAKS, at=("max",)),
    "cut": Compared(
        STEP,
        "more elements than that",
        switch(off=RISKY, on=RISKY),
        lambda value: "are left out" if value else "are a failure",
        ("on_excess",),
    ),
    "concurrency": Compared(STEP, "calls at a time", _LESS_BREAKS, at=("concurrency",)),
    "optional": Compared(
        OPTIONALITY,
        "failure",
        switch(off=RISKY, on=RISKY),
        lambda value: "leaves a partial answer" if value else "fails the whole",
        ("optional",),
    ),
    "fallback": Compared(STEP, "fallback", always(RISKY), plain, FALLBACK, form=as_json),
    "relied": Ignored("it follows from the expressions and from the called contract"),
}
AGGREGATES: Table = {Aggregate: _AGGREGATE, StepCall: _STEP}
