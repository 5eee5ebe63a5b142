"""The kinds of values that the language knows, as annotations that the decoder and the JSON schema both read.

A kind is written once: its pattern checks the text, its sentence explains it, its conversion makes the value.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field
from datetime import date
from typing import Annotated, Any

from compiler.reader import ListNode, MapNode, find_in_nodes
from compiler.records import frozen
from compiler.source import Span


@frozen
class Scalar:
    """A text of a certain form. ``convert`` makes the value of it, or raises ValueError with a sentence."""

    says: str
    pattern: str
    convert: Callable[[str], Any] = str
    rule: str = "schema"
    raw: bool = False
    """Whether an unquoted number counts as its text, as in a version ``1.10``."""


@frozen
class Bounds:
    """A whole number (or, on a float, any number) from ``least`` to ``most``."""

    least: float
    most: float


@frozen
class Keys:
    """What the keys of a mapping are, and how many entries it may have."""

    kind: Scalar
    least: int = 0
    most: int | None = None


@frozen
class Items:
    """How many items a list has at least, and whether they differ."""

    least: int = 0
    unique: bool = True


@frozen
class Raw:
    """Any YAML below this point, kept as it was read (nodes that know their places)."""

    says: str
    mapping_only: bool = False


class Where:
    """The places of one model object: its own, and that of each value and key in it. Never compared, never shown."""

    __slots__ = ("_key", "_node", "_span")

    def __init__(self, node: MapNode | ListNode | None, span: Span, key: Span | None = None) -> None:
        self._node = node
        self._span = span
        self._key = key

    @property
    def span(self) -> Span:
        """The object's own place: its name where it has one, else where it starts."""
        return self._key or self._span

    @property
    def value(self) -> Span:
        """The place of the object's whole value."""
        return self._span

    @property
    def node(self) -> MapNode | ListNode | None:
        """What the object was decoded from."""
        return self._node

    def __getitem__(self, path: str | int | tuple[str | int, ...]) -> Span:
        """The place of the value at ``path`` below the object, or the nearest place above it."""
        steps = path if isinstance(path, tuple) else (path,)
        if self._node is None or (isinstance(self._node, MapNode) and steps[0] not in self._node.marks):
            return self.span
        return find_in_nodes(self._node, steps)

    def key(self, *path: str | int) -> Span:
        """The place of the key at ``path`` below the object, or the nearest place above it."""
        if self._node is None or (isinstance(self._node, MapNode) and path[0] not in self._node.marks):
            return self.span
        return find_in_nodes(self._node, path, key=True)

    def __contains__(self, key: str) -> bool:
        """Whether a key of the object is written, rather than left to its default."""
        return isinstance(self._node, MapNode) and key in self._node.marks

    def written(self, key: str) -> tuple[str, ...]:
        """The keys of the mapping under ``key``, as they are written; none where there is no mapping."""
        inner = self._node.get(key) if isinstance(self._node, MapNode) else None
        return tuple(inner) if isinstance(inner, MapNode) else ()

    def __repr__(self) -> str:
        return f"Where({self.span})"


def doc(text: str, example: Any, default: Any = MISSING) -> Any:
    """A field of the language: what it means, and an example, both shown by editors; ``dict`` means an empty one."""
    metadata = {"doc": text, "example": example}
    return (
        field(default_factory=dict, metadata=metadata) if default is dict else field(default=default, metadata=metadata)
    )


def place() -> Any:
    """The field that holds an object's places."""
    return field(compare=False, repr=False)


_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST = 3650 * _UNITS["d"]


def milliseconds(text: str) -> int:
    """``250ms``, ``5s``, ``2m``, ``1h``, ``90d`` as milliseconds."""
    number, unit = re.fullmatch(r"([0-9]+)(ms|[smhd])", text).groups()  # type: ignore[union-attr]
    value = int(number) * _UNITS[unit] if len(number) <= 15 else _LONGEST + 1
    if value > _LONGEST:
        raise ValueError("longer than ten years (3650d)")
    return value


def duration_text(value: int) -> str:
    """Milliseconds as the language writes them, in the largest unit that leaves no rest."""
    for unit in ("d", "h", "m", "s"):
        if value and value % _UNITS[unit] == 0:
            return f"{value // _UNITS[unit]}{unit}"
    return f"{value}ms"


def _size(text: str) -> int:
    number, unit = re.fullmatch(r"([0-9]+)(B|KiB|MiB|GiB)", text).groups()  # type: ignore[union-attr]
    value = int(number) * {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[unit] if len(number) <= 12 else 0
    if not 0 < value <= 1 << 30:
        raise ValueError("sizes go from 1B to 1GiB")
    return value


def _percent(text: str) -> float:
    value = float(text.removesuffix("%"))
    if value > 100:
        raise ValueError("more than 100%")
    return value


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(str(error)) from None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("not an IPv4 or IPv6 address; a listener binds to an address, not to a name") from None


def _host(text: str) -> str:
    if ":" in text:
        try:
            return str(ipaddress.ip_address(text.strip("[]")))
        except ValueError:
            raise ValueError("neither a host name nor an address; the port has a field of its own") from None
    if len(text) > 253:
        raise ValueError("longer than 253 characters")
    if re.fullmatch(r"[0-9.]+", text):
        return _address(text)
    return text.lower()


def _origin(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if (scheme, rest.rpartition(":")[2]) in (("http", "80"), ("https", "443")):
        raise ValueError("a browser never names the usual port; leave it out")
    return text


NAME = Scalar(
    "a name: a small letter, then small letters, digits and dashes, 63 characters at most", r"[a-z][a-z0-9-]{0,62}"
)
STEP_NAME = Scalar(
    "a step name: a small letter, then small letters, digits and underscores; not `request` or `item`",
    r"(?!(request|item)$)[a-z][a-z0-9_]*",
)
VERSION = Scalar(
    "a semantic version such as `2.1.0`",
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
    rule="version-invalid",
    raw=True,
)
HEADER_NAME = Scalar("a header name such as `x-request-tag`", r"[A-Za-z0-9!#$%&'*+.^`|~-]+", str.lower)
HEADER_VALUE = Scalar(
    "a header value: one line of printable characters", r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?", raw=True
)
OPERATION_KEY = Scalar("an operationId, or a method and a path such as `GET /orders/{id}`", r"\S(.*\S)?")

VersionName = Annotated[
    str, Scalar("the name of a header or of a query parameter, such as `x-api-version`", r"[A-Za-z0-9._~-]+")
]

_DURATION = r"[0-9]+(ms|s|m|h|d)"
Name = Annotated[str, NAME]
Text = Annotated[str, Scalar("a text", r"[\s\S]+")]
Duration = Annotated[int, Scalar("a duration such as `250ms`, `5s`, `2m`, `1h` or `90d`", _DURATION, milliseconds)]
Timeout = Annotated[
    int,
    Scalar(
        "a duration above zero, such as `250ms`, `5s`, `2m`, `1h` or `90d`", r"0*[1-9][0-9]*(ms|s|m|h|d)", milliseconds
    ),
]
Size = Annotated[int, Scalar("a size such as `64KiB` or `1MiB`", r"[0-9]+(B|KiB|MiB|GiB)", _size)]
Date = Annotated[date, Scalar("a date such as `2027-03-31`", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat)]
Percent = Annotated[float, Scalar("a percentage such as `1%`", r"[0-9]{1,3}(\.[0-9]{1,4})?%", _percent)]
Version = Annotated[str, VERSION]
HeaderName = Annotated[str, HEADER_NAME]
HeaderValue = Annotated[str, HEADER_VALUE]
OperationKey = Annotated[str, OPERATION_KEY]
Network = Annotated[
    str, Scalar("an address or a network such as `10.0.0.0/8`", r"[0-9a-fA-F:.]+(/[0-9]{1,3})?", _network)
]
Address = Annotated[str, Scalar("an IP address such as `0.0.0.0`", r"[0-9A-Za-z:.-]+", _address)]
Host = Annotated[
    str,
    Scalar(
        "a host name or an IP address",
        r"\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?|[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\.?",
        _host,
    ),
]
HostPattern = Annotated[
    str,
    Scalar(
        "a host name such as `api.shop.example`, `*.shop.example`, or `*`, without a port",
        r"\*|(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*",
        str.lower,
    ),
]
Origin = Annotated[
    str,
    Scalar(
        "an origin such as `https://shop.example`, without a path, or `*`",
        r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?",
        _origin,
    ),
]
UrlPath = Annotated[str, Scalar("a path that starts with `/`", r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")]
HostFile = Annotated[str, Scalar("an absolute path on the gateway's host", r"/.*[^/]")]
Variable = Annotated[str, Scalar("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]*")]
Port = Annotated[int, Bounds(1, 65535)]
Count = Annotated[int, Bounds(1, 2**31 - 1)]
CountFromZero = Annotated[int, Bounds(0, 2**31 - 1)]
Weight = Annotated[int, Bounds(0, 65535)]

YamlMap = Annotated[Mapping[str, Any], Raw("any mapping", mapping_only=True)]
YamlValue = Annotated[Any, Raw("any value")]
