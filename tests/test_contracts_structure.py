"""Every mistake in an OpenAPI document is found on its line; sound documents have none."""

from __future__ import annotations

import pytest

from compiler.contracts.walk import MAX_DEPTH, MAX_FINDINGS
from tests.contracts import answering, loaded, minimal

HEAD = """\
openapi: 3.1.0
info: {title: T, version: 1.0.0}
"""
HEAD_30 = HEAD.replace("3.1.0", "3.0.3")
OPERATION = """\
paths:
  /a:
    get:
"""
PARAMETERS = OPERATION + "      parameters:\n"
SCHEMA = "paths: {}\ncomponents:\n  schemas:\n    Order:\n"

# What is wrong, what is said of it, and the document with `# here` on the line.
MISTAKES = [
    ("no version", "`openapi` is missing", "info: {}  # here"),
    ("swagger", "this is Swagger 2.0", 'swagger: "2.0"  # here'),
    ("too new", "OpenAPI `3.2.0` is not supported", "openapi: 3.2.0  # here"),
    ("version as a number", "OpenAPI `3.1` is not supported", "openapi: 3.1  # here"),
    ("a list", "an OpenAPI document must be a mapping", "- a  # here"),
    ("no info", "the document lacks `info`", "openapi: 3.1.0  # here\npaths: {}"),
    ("no title", "`info` lacks `title`", "openapi: 3.1.0\ninfo: {version: 1.0.0}  # here\npaths: {}"),
    ("no info.version", "`info` lacks `version`", "openapi: 3.1.0\ninfo:  # here\n  title: T\npaths: {}"),
    (
        "title is no text",
        "`title` must be a text",
        "openapi: 3.1.0\ninfo:\n  title: 1  # here\n  version: 1\npaths: {}",
    ),
    (
        "info.version is a flag",
        "`version` must be a text",
        "openapi: 3.1.0\ninfo: {title: T, version: true}  # here\npaths: {}",
    ),
    ("nothing in it", "the document lacks `paths`", "openapi: 3.1.0  # here\ninfo: {title: T, version: 1}"),
    ("3.0 without paths", "lacks `paths`", "openapi: 3.0.0  # here\ninfo: {title: T, version: 1}\ncomponents: {}"),
    ("unknown key", "unknown key `path` in the document", HEAD + "paths: {}\npath: {}  # here"),
    ("paths is a list", "`paths` must be a mapping", HEAD + "paths: []  # here"),
    ("path without slash", "a path starts with `/`", HEAD + "paths:\n  orders: {}  # here"),
    ("unpaired brace", "braces do not pair up", HEAD + "paths:\n  /a{id: {}  # here"),
    ("query in a path", "neither `?` nor `#`", HEAD + "paths:\n  /a?b: {}  # here"),
    ("path item is a text", "a path item must be a mapping", HEAD + "paths:\n  /a: x  # here"),
    ("unknown method", "unknown key `gte` in a path item", HEAD + "paths:\n  /a:\n    gte: {}  # here"),
    ("method in upper case", "unknown key `GET` in a path item", HEAD + "paths:\n  /a:\n    GET: {}  # here"),
    ("operation is a list", "`get` must be a mapping", HEAD + "paths:\n  /a:\n    get: []  # here"),
    ("unknown key in an operation", "unknown key `sumary`", HEAD + OPERATION + "      sumary: x  # here"),
    ("operationId is a number", "`operationId` must be a text", HEAD + OPERATION + "      operationId: 1  # here"),
    (
        "deprecated is a text",
        "`deprecated` must be `true` or `false`",
        HEAD + OPERATION + "      deprecated: soon  # here",
    ),
    ("tags is a text", "`tags` must be a list", HEAD + OPERATION + "      tags: a  # here"),
    (
        "two paths of one shape",
        "GET of `/a/{y}` and of `/a/{x}` answer the same requests",
        HEAD
        + "paths:\n  /a/{x}:\n    parameters: [{name: x, in: path, required: true, schema: {}}]\n    get: {}\n"
        + "  /a/{y}:  # here\n    parameters: [{name: y, in: path, required: true, schema: {}}]\n    get: {}",
    ),
    (
        "operationId twice",
        "the operationId `a` stands twice",
        HEAD + "paths:\n  /a:\n    get: {operationId: a}\n    put: {operationId: a}  # here",
    ),
    (
        "path parameter undeclared",
        "the path parameter `id` is not declared",
        HEAD + "paths:\n  /a/{id}:\n    get: {}  # here",
    ),
    (
        "path parameter unknown",
        "the path `/a` has no parameter `id`",
        HEAD + PARAMETERS + "        - {name: id, in: path, required: true, schema: {}}  # here",
    ),
    (
        "path parameter optional",
        "the path parameter `id` must be required",
        HEAD + "paths:\n  /a/{id}:\n    get:\n      parameters:\n        - {name: id, in: path, schema: {}}  # here",
    ),
    ("parameters is a mapping", "`parameters` must be a list", HEAD + OPERATION + "      parameters: {}  # here"),
    (
        "parameter without name",
        "a parameter lacks `name`",
        HEAD + PARAMETERS + "        - {in: query, schema: {}}  # here",
    ),
    ("parameter without in", "a parameter lacks `in`", HEAD + PARAMETERS + "        - {name: a, schema: {}}  # here"),
    (
        "parameter in the body",
        "`body` is no place",
        HEAD + PARAMETERS + "        - {name: a, in: body, schema: {}}  # here",
    ),
    (
        "parameter of no type",
        "neither `schema` nor `content`",
        HEAD + PARAMETERS + "        - {name: a, in: query}  # here",
    ),
    (
        "parameter of two types",
        "both `schema` and `content`",
        HEAD + PARAMETERS + "        - {name: a, in: query, schema: {}, content: {application/json: {}}}  # here",
    ),
    (
        "parameter with two media types",
        "exactly one media type",
        HEAD + PARAMETERS + "        - {name: a, in: query, content: {a/b: {}, c/d: {}}}  # here",
    ),
    (
        "parameter twice",
        "the query parameter `a` stands twice",
        HEAD
        + PARAMETERS
        + "        - {name: a, in: query, schema: {}}\n        - {name: a, in: query, schema: {}}  # here",
    ),
    (
        "style of another place",
        "a query parameter has no style `matrix`",
        HEAD + PARAMETERS + "        - {name: a, in: query, style: matrix, schema: {}}  # here",
    ),
    (
        "type beside the schema",
        "unknown key `type`",
        HEAD + PARAMETERS + "        - {name: a, in: query, type: x, schema: {}}  # here",
    ),
    ("body without content", "a request body lacks `content`", HEAD + OPERATION + "      requestBody: {}  # here"),
    ("no media type", "`json` is no media type", HEAD + OPERATION + "      requestBody: {content: {json: {}}}  # here"),
    (
        "media type is a list",
        "a media type must be a mapping",
        HEAD + OPERATION + "      requestBody: {content: {a/b: []}}  # here",
    ),
    ("3.0 without responses", "an operation lacks `responses`", HEAD_30 + "paths:\n  /a:\n    get: {}  # here"),
    ("empty responses", "declares no response", HEAD + OPERATION + "      responses: {}  # here"),
    ("no status", "`20x` is no status", HEAD + OPERATION + "      responses:\n        20x: {description: a}  # here"),
    (
        "status out of range",
        "`600` is no status",
        HEAD + OPERATION + "      responses:\n        600: {description: a}  # here",
    ),
    (
        "response without description",
        "a response lacks `description`",
        HEAD + OPERATION + "      responses:\n        200: {}  # here",
    ),
    (
        "response header of no type",
        "this header has neither",
        HEAD + OPERATION + "      responses: {200: {description: a, headers: {x-a: {}}}}  # here",
    ),
    (
        "unknown scheme",
        "no security scheme is named `keys`",
        HEAD
        + OPERATION
        + "      security: [{keys: []}]  # here\ncomponents: {securitySchemes: {key: {type: http, scheme: basic}}}",
    ),
    (
        "scopes that are no list",
        "the scopes of `key` must be a list of texts",
        HEAD
        + OPERATION
        + "      security: [{key: all}]  # here\ncomponents: {securitySchemes: {key: {type: http, scheme: basic}}}",
    ),
    ("scheme of no type", "`htp` is no type", HEAD + "components:\n  securitySchemes:\n    a: {type: htp}  # here"),
    (
        "scheme without its name",
        "lacks `name`",
        HEAD + "components:\n  securitySchemes:\n    a: {type: apiKey, in: header}  # here",
    ),
    ("unknown section", "unknown key `schema` in `components`", HEAD + "components:\n  schema: {}  # here"),
    ("component with a space", "`a b` cannot name a component", HEAD + "components:\n  schemas:\n    a b: {}  # here"),
    ("reference to nothing", "there is no `Ordr`", HEAD + SCHEMA + "      $ref: '#/components/schemas/Ordr'  # here"),
    ("reference to a URL", "nothing is ever fetched", HEAD + SCHEMA + "      $ref: https://example.com/a.yaml  # here"),
    ("reference out of the project", "leads out of the project", HEAD + SCHEMA + "      $ref: ../../a.yaml  # here"),
    ("reference to no file", "does not exist", HEAD + SCHEMA + "      $ref: a.yaml#/A  # here"),
    ("reference to an anchor", "named anchor", HEAD + SCHEMA + "      $ref: '#order'  # here"),
    ("reference is a number", "`$ref` must be a text", HEAD + SCHEMA + "      $ref: 1  # here"),
    (
        "reference in a circle",
        "leads back to itself",
        HEAD
        + SCHEMA
        + "      $ref: '#/components/schemas/B'  # here\n    B:\n      $ref: '#/components/schemas/Order'",
    ),
    (
        "allOf of itself",
        "leads back to itself",
        HEAD + SCHEMA + "      allOf: [{$ref: '#/components/schemas/Order'}]  # here",
    ),
    (
        "responses in a circle",
        "leads back to itself",
        HEAD + "components:\n  responses:\n    A: {$ref: '#/components/responses/A'}  # here",
    ),
    ("dynamic reference", "`$dynamicRef` is not supported", HEAD + SCHEMA + "      $dynamicRef: '#a'  # here"),
    ("schema is a text", "a schema must be a mapping", HEAD + SCHEMA + "      items: string  # here"),
    ("misspelt keyword", "unknown keyword `propertes`", HEAD + SCHEMA + "      propertes: {}  # here"),
    ("unknown type", "`strng` is no type", HEAD + SCHEMA + "      type: strng  # here"),
    ("types in 3.0", "OpenAPI 3.0 takes one type", HEAD_30 + SCHEMA + "      type: [string, 'null']  # here"),
    ("const in 3.0", "`const` is not in OpenAPI 3.0", HEAD_30 + SCHEMA + "      const: 1  # here"),
    ("true in 3.0", "a schema must be a mapping in OpenAPI 3.0", HEAD_30 + SCHEMA + "      items: true  # here"),
    ("no types", "the list of types is empty", HEAD + SCHEMA + "      type: []  # here"),
    ("required is a flag", "`required` must be a list of names", HEAD + SCHEMA + "      required: true  # here"),
    ("required holds a number", "`required` must be a list of names", HEAD + SCHEMA + "      required: [1]  # here"),
    ("enum is a text", "`enum` must be a list", HEAD + SCHEMA + "      enum: a  # here"),
    ("enum of nothing", "at least one value", HEAD + SCHEMA + "      enum: []  # here"),
    ("negative length", "a whole number from 0 on", HEAD + SCHEMA + "      minLength: -1  # here"),
    ("length is a text", "a whole number from 0 on", HEAD + SCHEMA + "      maxLength: '3'  # here"),
    ("bound is a text", "`minimum` must be a number", HEAD + SCHEMA + "      minimum: '1'  # here"),
    ("bound is not finite", "`maximum` must be a number", HEAD + SCHEMA + "      maximum: .inf  # here"),
    ("multiple of nothing", "`multipleOf` must be above 0", HEAD + SCHEMA + "      multipleOf: 0  # here"),
    (
        "exclusive flag in 3.1",
        "must be a number in OpenAPI 3.1",
        HEAD + SCHEMA + "      exclusiveMinimum: true  # here",
    ),
    ("exclusive number in 3.0", "in OpenAPI 3.0", HEAD_30 + SCHEMA + "      exclusiveMaximum: 3  # here"),
    ("pattern", "not a regular expression", HEAD + SCHEMA + "      pattern: 'a('  # here"),
    (
        "patternProperties",
        "not a regular expression",
        HEAD + SCHEMA + "      patternProperties:\n        '*a': {}  # here",
    ),
    ("items is a list", "`items` must be one schema", HEAD + SCHEMA + "      items: [{}]  # here"),
    ("allOf of nothing", "a list of at least one schema", HEAD + SCHEMA + "      allOf: []  # here"),
    ("properties is a list", "`properties` must be a mapping", HEAD + SCHEMA + "      properties: []  # here"),
    ("nullable is a text", "`nullable` must be", HEAD_30 + SCHEMA + "      nullable: 'yes'  # here"),
    (
        "discriminator is a text",
        "`discriminator` must be a mapping",
        HEAD + SCHEMA + "      discriminator: kind  # here",
    ),
    ("discriminator of nothing", "lacks `propertyName`", HEAD + SCHEMA + "      discriminator: {}  # here"),
    (
        "discriminator to nothing",
        "there is no `Cat`",
        HEAD + SCHEMA + "      discriminator: {propertyName: k, mapping: {cat: '#/components/schemas/Cat'}}  # here",
    ),
    (
        "another dialect",
        "is not supported",
        HEAD + "jsonSchemaDialect: http://json-schema.org/draft-07/schema#  # here\npaths: {}",
    ),
    (
        "in a callback",
        "`abc` is no status",
        HEAD + OPERATION + "      callbacks:\n        done:\n          '{$url}':\n            post:\n"
        "              responses:\n                abc: {description: a}  # here",
    ),
    ("in a webhook", "unknown key `pst`", HEAD + "webhooks:\n  done:\n    pst: {}  # here"),
]


@pytest.mark.parametrize(("message", "text"), [pytest.param(m, t, id=name) for name, m, t in MISTAKES])
def test_a_mistake_is_found_on_its_line(message: str, text: str) -> None:
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here"))
    made, findings = loaded(text)
    assert made is None
    assert [(f.where.line, message in f.message) for f in findings] == [(line, True)], findings


SOUND = {
    "extensions": HEAD
    + "x-a: 1\npaths:\n  x-b: 1\n  /a:\n    x-c: 1\n    get: {x-d: 1, responses: {204: {description: a, x-e: 1}}}",
    "webhooks alone": HEAD + "webhooks: {done: {post: {}}}",
    "components alone": HEAD + "components: {schemas: {A: true}}",
    "version as a number": "openapi: 3.0.0\ninfo: {title: T, version: 1.10}\npaths: {}",
    "methods on paths of one shape": HEAD
    + "paths:\n  /a/{x}:\n    get: {parameters: [{name: x, in: path, required: true, schema: {}}]}\n"
    + "  /a/{y}:\n    put: {parameters: [{name: y, in: path, required: true, schema: {}}]}",
    "path-level parameter": HEAD
    + "paths:\n  /a/{id}:\n    parameters: [{name: id, in: path, required: true, schema: {}}]\n    get: {}",
    "an operation's own parameter in place of the path's": HEAD
    + "paths:\n  /a:\n    parameters: [{name: q, in: query, schema: {}}]\n"
    + "    get: {parameters: [{name: q, in: query, schema: {}}]}",
    "recursion": HEAD + SCHEMA + "      properties: {next: {$ref: '#/components/schemas/Order'}}",
    "recursion through a choice": HEAD
    + SCHEMA
    + "      anyOf: [{type: string}, {items: {$ref: '#/components/schemas/Order'}}]",
    "a reference with percent signs": HEAD
    + "paths: {}\ncomponents:\n  schemas:\n    A: {$ref: '#/paths/~1a%7Bb%7D'}\n".replace(
        "paths: {}", "paths:\n  /a{b}:\n    parameters: [{name: b, in: path, required: true, schema: {}}]"
    ).replace("#/paths/~1a%7Bb%7D", "#/paths/~1a%7Bb%7D/parameters/0/schema"),
    "siblings of a reference do not count in 3.0": HEAD_30
    + SCHEMA
    + "      $ref: '#/components/schemas/B'\n      type: strng\n    B: {type: string}",
    "a type of 3.1 that documents of 3.0 use": HEAD_30 + SCHEMA + "      anyOf: [{type: string}, {type: 'null'}]",
    "annotations of others": HEAD + SCHEMA + "      faker: name.first\n      widget: text",
    "ECMAScript's patterns": HEAD + SCHEMA + "      pattern: '^(?<year>\\d{4})-\\p{L}+$'",
    "one media type with parameters": HEAD
    + OPERATION
    + "      requestBody: {content: {'text/plain; charset=utf-8': {}}}",
    "a component called like an extension": HEAD + "components: {schemas: {x-a: {type: string}}}",
    "security that means nobody": HEAD + OPERATION + "      security: [{}]",
    "a status class": HEAD + OPERATION + "      responses: {2XX: {description: a}, default: {description: b}}",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SOUND.items()])
def test_a_sound_document_has_no_findings(text: str) -> None:
    made, findings = loaded(text)
    assert not findings
    assert made is not None


def test_misspellings_are_named() -> None:
    _, findings = loaded(
        HEAD + SCHEMA + "      propertes: {}\n      type: strng\n      $ref: '#/components/schemas/Ordr'"
    )
    assert sorted(f.help or "" for f in findings) == [
        "did you mean `Order`?",
        "did you mean `properties`?",
        "did you mean `string`?",
    ]


def test_a_document_that_is_all_wrong_has_bounded_findings() -> None:
    _, findings = loaded(minimal(schemas={f"S{i}": {"type": "wrong"} for i in range(3 * MAX_FINDINGS)}))
    assert len(findings) == MAX_FINDINGS + 1
    assert findings[-1].message == f"{2 * MAX_FINDINGS} more defects in this document"


def test_what_many_references_lead_to_is_looked_at_once() -> None:
    schemas = {f"S{i}": {"$ref": "#/components/schemas/Bad"} for i in range(9)}
    _, findings = loaded(minimal(schemas={**schemas, "Bad": {"properties": {"a": {"type": "wrong"}}}}))
    assert len({(f.where.start, f.message) for f in findings}) == 1


def test_deep_nesting_is_refused_and_no_recursion_error() -> None:
    deepest: dict[str, object] = {}
    for _ in range(MAX_DEPTH):
        deepest = {"items": deepest}
    _, findings = loaded(answering(deepest))
    assert [f.message for f in findings] == [f"nested deeper than {MAX_DEPTH} levels"]


def test_a_long_chain_of_references_is_followed() -> None:
    chain = {f"S{i}": {"properties": {"next": {"$ref": f"#/components/schemas/S{i + 1}"}}} for i in range(3000)}
    made, findings = loaded(minimal(schemas={**chain, "S3000": {"type": "string"}}))
    assert made is not None
    assert not findings
