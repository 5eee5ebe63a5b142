"""Changes of bodies of a checked project as the plan has them."""

from __future__ import annotations

from compiler.lower_aggregates import composed
from compiler.shaped import FieldChange, Shape, Tree
from compiler.shaping.exposures import shape_of
from compiler.shaping.tree import Tree as ReadTree
from compiler.workspace import Exposure


def lower_shape(exposure: Exposure, max_response: int | None) -> Shape | None:
    """What becomes of the answers of the operations of an exposed version; None where they stay as they are."""
    shaped = shape_of(exposure)
    if shaped is None:
        return Shape(None, "pass", max_response, max_response) if max_response is not None else None
    tree = next((one.tree for one in shaped.operations.values()), ReadTree())
    return Shape(lower_tree(tree), shaped.changes.errors, shaped.changes.max_body, max_response)


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
