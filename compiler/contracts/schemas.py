"""Is this a schema? The keywords of OpenAPI 3.0's dialect and of JSON Schema 2020-12, each by the form of its value.

Sources: https://spec.openapis.org/oas/v3.0.4.html#schema-object, https://json-schema.org/draft/2020-12. Unknown
keywords are annotations, as JSON Schema has it; one that is surely a misspelling is refused.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache

from compiler.contracts.refs import MAX_CHAIN, Node
from compiler.contracts.walk import Shape, Walk, shaped
from compiler.diagnostics import Finding, did_you_mean, one_of

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ONE = _words(
    "items additionalProperties not contains propertyNames if then else unevaluatedItems unevaluatedProperties"
    " additionalItems contentSchema"
)
_LIST = _words("allOf anyOf oneOf prefixItems")
_NAMED = _words("properties patternProperties $defs definitions dependentSchemas")
_COUNTS = _words("minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains")
_NUMBERS = _words("minimum maximum multipleOf")
_FLAGS = _words("uniqueItems nullable readOnly writeOnly deprecated")
_TEXTS = _words("$schema $id $anchor $dynamicAnchor $comment title description format contentEncoding")
_OTHER = _words(
    "$ref $dynamicRef $recursiveRef $recursiveAnchor $vocabulary type enum const exclusiveMinimum exclusiveMaximum"
    " pattern required dependentRequired default example examples discriminator externalDocs xml contentMediaType"
)
KEYWORDS = _ONE | _LIST | _NAMED | _COUNTS | _NUMBERS | _FLAGS | _TEXTS | _OTHER
_ONLY_31 = _words(
    "const contains prefixItems propertyNames if then else unevaluatedItems unevaluatedProperties patternProperties"
    " dependentSchemas dependentRequired minContains maxContains"
)
_MAY_BE_TRUE_OR_FALSE = _words("additionalProperties additionalItems")


@shaped({"$ref": "#/$defs/schema"})
def check_schema(walk: Walk, node: Node) -> None:
    """Note what is wrong with a schema and all schemas below it; what references lead to is looked at once each."""
    schema = node.value
    if schema is True or schema is False:
        if walk.dialect == "3.0":
            walk.wrong(node, "a schema must be a mapping in OpenAPI 3.0", "write `{}` for any value")
        return
    if not walk.mapping(node, "a schema"):
        return
    if "$ref" in schema:
        _reference(walk, node)
        if walk.dialect == "3.0":  # whatever stands beside it does not count there
            return
    for key in schema:
        if key in _CHECKS:
            _CHECKS[key](walk, node)
        elif key in _ONE:
            _one(walk, node, key)
        elif key in _NAMED:
            _named(walk, node[key], key)
        elif key in _LIST:
            _several(walk, node[key], key)
        elif key in _COUNTS:
            number = schema[key]
            if not _is_number(number) or number < 0 or number % 1 != 0:
                walk.wrong(node[key], f"`{key}` must be a whole number from 0 on")
        elif key in _NUMBERS:
            _number(walk, node, key)
        elif key in _FLAGS:
            if not isinstance(schema[key], bool):
                walk.wrong(node[key], f"`{key}` must be `true` or `false`")
        elif key in _TEXTS:
            if not isinstance(schema[key], str):
                walk.wrong(node[key], f"`{key}` must be a text", "quote it")
        elif key not in _OTHER and not key.startswith("x-"):
            meant = _misspelt(key)
            if meant:
                walk.wrong(node[key], f"unknown keyword `{key}`", f"did you mean `{meant}`?", key=True)
        if walk.dialect == "3.0" and key in _ONLY_31:
            help = "write `enum` with the one value" if key == "const" else "use OpenAPI 3.1, which has it"
            walk.wrong(node[key], f"`{key}` is not in OpenAPI 3.0, where it means nothing", help, key=True)


def shape(dialect: str) -> Shape:
    """What `#/$defs/schema` means in the shapes of checks: schemas in which nothing is wrong.

    Patterns and the targets of references are left to whoever asks, and references stay among the components.
    """
    inner: Shape = {"$ref": "#/$defs/schema"}
    number, text, names = {"type": "number"}, {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    families: tuple[tuple[Iterable[str], Shape], ...] = (
        (_ONE, inner),
        (_MAY_BE_TRUE_OR_FALSE, {"anyOf": [{"type": "boolean"}, inner]}),
        (_LIST, {"type": "array", "minItems": 1, "items": inner}),
        (_NAMED, {"type": "object", "additionalProperties": inner}),
        (_COUNTS, {"type": "integer", "minimum": 0}),
        (_NUMBERS, number),
        (_FLAGS, {"type": "boolean"}),
        (_TEXTS, text),
        (_OTHER, True),
        (("$dynamicRef", "$recursiveRef", "patternProperties"), False),
    )
    keys: dict[str, Shape] = {
        **{key: form for family, form in families for key in family},
        "multipleOf": {"type": "number", "exclusiveMinimum": 0},
        "type": {"enum": [one for one in TYPES if one != "null"]},
        "enum": {"type": "array", "minItems": 1},
        "required": names,
        "dependentRequired": {"type": "object", "additionalProperties": names},
        **{key: {"type": "boolean"} for key in ("exclusiveMinimum", "exclusiveMaximum")},
        "pattern": text,
        "$ref": {"type": "string", "pattern": "^#/components/schemas/[^/%~]+$"},
        "discriminator": {
            "type": "object",
            "properties": {"propertyName": text, "mapping": {"type": "object", "additionalProperties": text}},
            "required": ["propertyName"],
        },
    }
    if dialect == "3.0":
        keys |= dict.fromkeys(_ONLY_31, False)
    else:
        one_type = {"enum": list(TYPES)}
        keys["type"] = {"anyOf": [one_type, {"type": "array", "minItems": 1, "items": one_type}]}
        keys |= {"exclusiveMinimum": number, "exclusiveMaximum": number}
    return {
        "type": ["object"] if dialect == "3.0" else ["object", "boolean"],
        "properties": keys,
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
    }


@cache
def _misspelt(key: str) -> str | None:
    """The keyword that a word surely means: nearly the same, and nearly as long."""
    from difflib import get_close_matches

    close = get_close_matches(key, sorted(KEYWORDS), n=1, cutoff=0.85)
    return close[0] if close and abs(len(close[0]) - len(key)) <= 2 else None


def _one(walk: Walk, node: Node, key: str) -> None:
    inner = node[key]
    if key == "items" and isinstance(inner.value, list):
        walk.wrong(
            inner, "`items` must be one schema", "`prefixItems` of OpenAPI 3.1 takes one for each place", key=True
        )
    elif not (isinstance(inner.value, bool) and key in _MAY_BE_TRUE_OR_FALSE):
        check_schema(walk, inner)


def _named(walk: Walk, node: Node, key: str) -> None:
    if not walk.mapping(node, f"`{key}`"):
        return
    for name in node.value:
        if key == "patternProperties" and (error := regex_error(name)):
            walk.wrong(node[name], f"not a regular expression: {error}", key=True)
        check_schema(walk, node[name])


def _several(walk: Walk, node: Node, key: str) -> None:
    if not isinstance(node.value, list) or not node.value:
        walk.wrong(node, f"`{key}` must be a list of at least one schema", key=True)
        return
    for index in range(len(node.value)):
        check_schema(walk, node[index])


def _number(walk: Walk, node: Node, key: str) -> None:
    number = node.value[key]
    if not _is_number(number):
        walk.wrong(node[key], f"`{key}` must be a number")
    elif key == "multipleOf" and number <= 0:
        walk.wrong(node[key], "`multipleOf` must be above 0")


def _is_number(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _reference(walk: Walk, node: Node) -> None:
    if not isinstance(node.value["$ref"], str):
        walk.wrong(node["$ref"], "`$ref` must be a text")
        return
    target = walk.scope.target(node)
    if isinstance(target, Finding):
        walk.found(target)
    elif walk.first_visit("schema", target):
        if _leads_nowhere(walk, target):
            walk.wrong(
                node["$ref"],
                "this reference leads back to itself, so no value ever settles it",
                "point it at a schema that says something, or remove it",
            )
        walk.waiting.append((check_schema, target))


def _leads_nowhere(walk: Walk, start: Node) -> bool:
    """Whether a schema stands for itself by way of `$ref` and `allOf` alone, so that nothing can be judged by it.

    Of each circle this is said once.
    """
    if ("circle", *start.identity) in walk.visited:
        return False
    seen = {start.identity}
    open_nodes = [start]
    for _ in range(16 * MAX_CHAIN):
        if not open_nodes:
            return False
        node = open_nodes.pop()
        if not isinstance(node.value, dict):
            continue
        if node.is_reference:
            target = walk.scope.target(node)
            if not isinstance(target, Finding):
                if target.identity == start.identity:
                    walk.visited.update(("circle", *identity) for identity in seen)
                    return True
                if target.identity not in seen:
                    seen.add(target.identity)
                    open_nodes.append(target)
            if walk.dialect == "3.0":
                continue
        branches = node.value.get("allOf")
        if isinstance(branches, list):
            inner = node["allOf"]
            open_nodes += [inner[index] for index in range(len(branches))]
    return False


def _type(walk: Walk, node: Node) -> None:
    value = node.value["type"]
    if isinstance(value, list):
        if walk.dialect == "3.0":
            walk.wrong(
                node["type"],
                "OpenAPI 3.0 takes one type",
                "write `nullable: true` beside it, or use OpenAPI 3.1",
                key=True,
            )
            return
        if not value:
            walk.wrong(node["type"], "the list of types is empty", key=True)
    # OpenAPI 3.0 leaves `null` out of JSON Schema's types; documents of it name it all the same, to say what it says
    for one in value if isinstance(value, list) else [value]:
        if one not in TYPES:
            walk.wrong(node["type"], f"`{one}` is no type", did_you_mean(str(one), TYPES) or one_of(TYPES))


def _enum(walk: Walk, node: Node) -> None:
    if not isinstance(node.value["enum"], list) or not node.value["enum"]:
        walk.wrong(node["enum"], "`enum` must be a list of at least one value", key=True)


def _required(walk: Walk, node: Node) -> None:
    value = node.value["required"]
    if isinstance(value, bool):
        walk.wrong(
            node["required"], "`required` must be a list of names", "name it in the `required` of the object around it"
        )
    elif not _is_names(value):
        walk.wrong(
            node["required"], "`required` must be a list of names", "write `required: [name, ...]` beside `properties`"
        )


def _dependent_required(walk: Walk, node: Node) -> None:
    below = node["dependentRequired"]
    if walk.mapping(below, "`dependentRequired`"):
        for name in below.value:
            if not _is_names(below.value[name]):
                walk.wrong(below[name], f"what `{name}` requires must be a list of names")


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _exclusive(key: str) -> Callable[[Walk, Node], None]:
    def check(walk: Walk, node: Node) -> None:
        is_flag = isinstance(node.value[key], bool)
        bound = key.replace("exclusiveM", "m")
        if walk.dialect == "3.0" and not is_flag:
            walk.wrong(
                node[key],
                f"`{key}` must be `true` or `false` in OpenAPI 3.0",
                f"write the bound as `{bound}` and `{key}: true`",
            )
        elif walk.dialect == "3.1" and is_flag:
            walk.wrong(
                node[key], f"`{key}` must be a number in OpenAPI 3.1", f"write the bound here and drop `{bound}`"
            )
        elif walk.dialect == "3.1":
            _number(walk, node, key)

    return check


def _pattern(walk: Walk, node: Node) -> None:
    pattern = node.value["pattern"]
    if not isinstance(pattern, str):
        walk.wrong(node["pattern"], "`pattern` must be a text", "quote it")
    elif error := regex_error(pattern):
        walk.wrong(node["pattern"], f"not a regular expression: {error}")


@cache
def regex_error(pattern: str) -> str | None:
    """Why a text is no regular expression. What ECMAScript alone has (https://tc39.es/ecma262) passes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return None if _ECMASCRIPT.search(pattern) else str(error)
    return None


_ECMASCRIPT = re.compile(r"\\[pPucdk/]|\(\?<|\[\^?\]")


def _discriminator(walk: Walk, node: Node) -> None:
    below = node["discriminator"]
    if not walk.mapping(below, "`discriminator`"):
        return
    if not isinstance(below.value.get("propertyName"), str):
        walk.wrong(
            below, "a discriminator lacks `propertyName`", "add `propertyName:` with the property that tells", key=True
        )
    if "mapping" not in below.value or not walk.mapping(below["mapping"], "`mapping`"):
        return
    for name, target in below.value["mapping"].items():
        if not isinstance(target, str):
            walk.wrong(below["mapping"][name], f"the target of `{name}` must be a text")
        elif "#" in target or "/" in target:  # anything else names a schema under `components`, or nothing
            led = walk.scope.at_reference(target, below["mapping"][name])
            if isinstance(led, Finding):
                walk.found(led)
            elif walk.first_visit("schema", led):
                walk.waiting.append((check_schema, led))


def _dynamic(walk: Walk, node: Node) -> None:
    key = "$dynamicRef" if "$dynamicRef" in node.value else "$recursiveRef"
    walk.wrong(
        node[key], f"`{key}` is not supported: what it means depends on where it is read from", "use `$ref`", key=True
    )


_CHECKS = {
    "$dynamicRef": _dynamic,
    "$recursiveRef": _dynamic,
    "type": _type,
    "enum": _enum,
    "required": _required,
    "dependentRequired": _dependent_required,
    "exclusiveMinimum": _exclusive("exclusiveMinimum"),
    "exclusiveMaximum": _exclusive("exclusiveMaximum"),
    "pattern": _pattern,
    "discriminator": _discriminator,
}
