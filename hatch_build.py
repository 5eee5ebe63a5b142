"""The build hook: an installation has the payload module, built from the sources that it comes with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PayloadModule(BuildHookInterface):  # type: ignore[misc, unused-ignore]
    """Builds the module for a wheel and for an editable installation; what is current is left as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        path = Path(self.root, "compiler", "dataplane", "building.py")
        spec = importlib.util.spec_from_file_location("building", path)
        assert spec is not None
        assert spec.loader is not None
        building = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(building)
        if not building.is_current():
            try:
                building.build()
            except building.BuildFailed as failure:
                raise SystemExit(f"the payload module cannot be built:\n{failure}") from None
        build_data["artifacts"].append("compiler/dataplane/payload.wasm")
