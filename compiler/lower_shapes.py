"""Changes of bodies of a checked project as the plan has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.compositions.values import names
from compiler.contracts.openapi import Operation
from compiler.lower_aggregates import composed, parameters_of
from compiler.shaped import FieldChange, Shape, Tree
from compiler.shaping.exposures import shape_of
from compiler.shaping.requests import backwards
from compiler.shaping.tree import Tree as ReadTree
from compiler.shaping.tree import puts_of
from compiler.workspace import Exposure


def lower_shapes(exposure: Exposure, max_response: int | None) -> Callable[[Operation], Shape | None]:
    """What becomes of the bodies of each operation of an exposed version; None where they stay as they are."""
    shaped, api = shape_of(exposure), exposure.api
    if shaped is None or api is None:
        limit = Shape(None, "pass", max_response, max_response) if max_response is not None else None
        return lambda operation: limit
    changes = shaped.changes
    asked = next((one.request.tree for one in shaped.operations.values() if one.request is not None), None)
    request = lower_tree(backwards(asked)) if asked is not None else None
    usual = Shape(None, "pass", changes.max_body, max_response)
    if changes.response is not None:
        tree = next((one.tree for one in shaped.operations.values()), ReadTree())
        usual = replace(usual, tree=lower_tree(tree), errors=changes.errors)

    def of(operation: Operation) -> Shape | None:
        one = shaped.operations[operation.key]
        made = usual if one.request is None else replace(usual, request=request)
        puts = [*puts_of(one.tree), *(puts_of(one.request.tree) if one.request is not None else ())]
        if any(name.name == "request" for _, put in puts for name, _ in names(put.value)):
            made = replace(made, parameters=parameters_of(api, operation))
        return made if made.changes or max_response is not None else None

    return of


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
