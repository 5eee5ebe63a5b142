"""Changes of bodies of a checked project as the plan has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.compositions.values import names
from compiler.contracts.openapi import Operation
from compiler.lower_aggregates import composed, parameters_of
from compiler.shaped import FieldChange, Shape, Tree
from compiler.shaping.exposures import puts_of, shape_of
from compiler.shaping.tree import Tree as ReadTree
from compiler.workspace import Exposure


def lower_shapes(exposure: Exposure, max_response: int | None) -> Callable[[Operation], Shape | None]:
    """What becomes of the answers of each operation of an exposed version; None where they stay as they are."""
    shaped, api = shape_of(exposure), exposure.api
    if shaped is None or api is None:
        limit = Shape(None, "pass", max_response, max_response) if max_response is not None else None
        return lambda operation: limit
    tree = next((one.tree for one in shaped.operations.values()), ReadTree())
    changes = shaped.changes
    usual = Shape(lower_tree(tree), changes.errors, changes.max_body, max_response)
    if not any(name.name == "request" for _, put in puts_of(tree) for name, _ in names(put.value)):
        return lambda operation: usual
    return lambda operation: replace(usual, parameters=parameters_of(api, operation))


def lower_tree(tree: ReadTree) -> Tree:
    """A tree without contradictions. A name that something else gets is left out where a service sends it itself."""
    fields = {
        own: FieldChange(
            own,
            (node.name or own) if node.kept and (node.name is not None or own not in tree.puts) else None,
            lower_tree(node) if node.kept and node.changes else None,
        )
        for own, node in tree.fields.items()
    }
    new = {node.name for node in tree.fields.values() if node.kept and node.name is not None} | tree.puts.keys()
    for name in new:
        if name is not None and name not in fields:
            fields[name] = FieldChange(name, None, None)
    return Tree(
        only=tree.only,
        fields=tuple(fields[own] for own in sorted(fields)),
        put=tuple((name, composed(put.value)) for name, put in sorted(tree.puts.items())),
    )
