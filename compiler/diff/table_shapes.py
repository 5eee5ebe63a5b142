"""What a change of each field of a shape means: of what becomes of bodies on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from compiler.diff.entries import Coded, Compared, Entry, Found, Ignored, Kind, Table, bare
from compiler.diff.judging import RISKY, SAFE, WEAKER, number, size
from compiler.plan import Compose, Forward
from compiler.shaped import Shape, Tree

SHAPE = Kind(
    "shape-changed",
    "What becomes of the bodies of answers and requests; what clients get and may send is compared by itself.",
)
LARGEST = Kind("answer-limit-changed", "The largest answer that is sent.")


def changed_tree(whose: str) -> Callable[[Tree | None, Tree | None], Iterator[Found]]:
    """What to say of changed changes of somebody's bodies: that there is a cause, and what is laid open.

    What clients get of it, or may send, the schemas tell.
    """

    def changed(old: Tree | None, new: Tree | None) -> Iterator[Found]:
        if bare(old) == bare(new):
            return
        if reveals(old, new):
            yield Found(SHAPE.rule, WEAKER, f"bodies of {whose}: fields that were left out are not any more")
        else:
            verdict = RISKY if _put(old) != _put(new) else SAFE
            yield Found(SHAPE.rule, verdict, f"bodies of {whose} are changed in another way")

    return changed


def reveals(old: Tree | None, new: Tree | None) -> bool:
    """Whether something gets through that was left out before."""
    if old is None:
        return False
    if old.only and (new is None or not new.only):
        return True
    before = {one.own: one for one in old.fields}
    after = {one.own: one for one in new.fields} if new is not None else {}
    for own in before.keys() | after.keys():
        shown = _shown(new, after.get(own))
        if not shown:
            continue
        if not _shown(old, before.get(own)):
            return True
        inner, inner_now = (one.tree if one is not None else None for one in (before.get(own), after.get(own)))
        if reveals(inner, inner_now):
            return True
    return False


def _shown(tree: Tree | None, field: Any) -> bool:
    if field is not None:
        return field.name is not None
    return tree is None or not tree.only


def _put(tree: Tree | None) -> Any:
    """What is put in, wherever."""
    if tree is None:
        return ((), ())
    inner = tuple((one.name, _put(one.tree)) for one in tree.fields if any(_put(one.tree)))
    return bare(tree.put), inner


def usual(other: Shape) -> Shape:
    """A shape that leaves everything as it is, beside another one."""
    return replace(other, tree=None, request=None, errors="pass", max_response=None)


def without_idle(action: Forward | Compose) -> Forward | Compose:
    """An action whose shape has no bound for bodies that are not changed."""
    if isinstance(action, Compose) or action.shape is None or action.shape.changes:
        return action
    return replace(action, shape=replace(action.shape, max_body=0))


_SHAPE: dict[str, Entry] = {
    "tree": Coded(changed_tree("answers"), (SHAPE,), ("response",)),
    "request": Coded(changed_tree("requests"), (SHAPE,), ("request",)),
    "errors": Compared(SHAPE, "bodies of errors", lambda old, new: WEAKER if new == "pass" else RISKY, at=("errors",)),
    "max_body": Compared(SHAPE, "largest body that is changed", number(RISKY, SAFE), size, ("max_body",)),
    "max_response": Compared(LARGEST, "largest answer", number(RISKY, SAFE), size),
    "parameters": Ignored("what is put in says what it reads of a request"),
}
SHAPES: Table = {Shape: _SHAPE}
