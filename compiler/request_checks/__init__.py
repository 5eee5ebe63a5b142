"""What a contract asks of requests, as tables that a gateway can hold requests against.

``operation_check`` gives what one operation asks; ``Tables`` collects the schemas and patterns of many. What cannot be
checked is a ``Limit``, at the place of the document that says it.
"""

from __future__ import annotations

from compiler.request_checks.operations import operation_check
from compiler.request_checks.tables import Limit, Tables

__all__ = ["Limit", "Tables", "operation_check"]
