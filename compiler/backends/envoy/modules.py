"""The payload module as a filter: one file and one virtual machine, whatever it is to do."""

from __future__ import annotations

from compiler.backends.envoy.types import STRING_VALUE, WASM, Data


def wasm(name: str, configuration: str, file: str, variable: str | None = None) -> Data:
    """The configuration of a filter that runs the module. ``file`` is where it is on the gateway's host.

    A filter that may see a ``variable`` of Envoy's environment has a machine of its own, which alone is given it.
    Where the module breaks off, requests get 503 until it runs again.
    """
    return {
        "@type": WASM,
        "config": {
            "name": name,
            "root_id": name,
            "failure_policy": "FAIL_RELOAD",
            "allow_on_headers_stop_iteration": True,  # or a held request's body would never come
            "configuration": {"@type": STRING_VALUE, "value": configuration},
            "vm_config": {
                "vm_id": f"payload.{variable}" if variable else "payload",
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": file}},
                **({"environment_variables": {"host_env_keys": [variable]}} if variable else {}),
            },
        },
    }
