"""References to secrets. A secret itself never stands in a project."""

from typing import ClassVar

from compiler.model.kinds import HostFile, Variable, Where, doc, place
from compiler.records import frozen


@frozen
class SecretRef:
    """Where a key, password or certificate is found on the gateway's host."""

    SECRET: ClassVar[bool] = True
    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("file", "env")

    where: Where = place()
    file: HostFile | None = doc("An absolute path on the gateway's host.", "/etc/certs/tls.key", None)
    env: Variable | None = doc("An environment variable of the gateway's process.", "TLS_KEY", None)
