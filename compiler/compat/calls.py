"""Operations of two documents that are laid beside each other by somebody else, as clients of a gateway call them.

Servers and security of the documents play no part: a gateway has its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.compat.changes import Comparison, compared
from compiler.compat.contracts import Call, Options, compare_data
from compiler.compat.pairs import Comparing, Pair, changes, reached
from compiler.compat.sameness import Sameness
from compiler.contracts.openapi import Api, Operation

Paired = tuple[str, Operation, Operation]
"""How clients call an operation, and what it is in the older and in the newer document."""


def compare_calls(base: Api, revision: Api, paired: Sequence[Paired], options: Options) -> Comparison:
    """All changes of some operations; a change names them as clients call them."""
    comparing = Comparing(base, revision, options.enum_values_added_to_responses, Sameness(base, revision))
    roots = []
    for at, (name, old, new) in enumerate(paired):
        pair = Pair(reached=1 << at)
        roots.append(pair)
        compare_data(comparing, pair, _call(name, old), _call(name, new))
    comparing.finish()
    reached(roots)
    return compared(changes((*roots, *comparing.pairs.values()), [name for name, _, _ in paired]))


def _call(name: str, operation: Operation) -> Call:
    return Call(name, operation.node, operation.item, operation.path.parameters, False)
