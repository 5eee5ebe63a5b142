"""TLS on both sides: 1.2 at least, certificates by reference, a renewed file taken up when its folder changes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from compiler.backends.envoy.types import DOWNSTREAM_TLS, UPSTREAM_TLS, Data, data_source
from compiler.plan import ClientTls, Secret, ServerTls, is_address

_LEAST = {"tls_minimum_protocol_version": "TLSv1_2"}


def downstream_tls(planned: ServerTls, clients: Secret | None, *, everybody: bool) -> Data:
    """Towards clients. With ``clients``, certificates of that authority are asked for, and needed by ``everybody``."""
    common: Data = {
        "tls_params": _LEAST,
        "tls_certificates": [_certificate(planned.certificate, planned.key)],
        "alpn_protocols": ["h2", "http/1.1"],
    }
    data: Data = {"@type": DOWNSTREAM_TLS, "common_tls_context": common}
    if clients is not None:
        common["validation_context"] = {"trusted_ca": data_source(clients), **_followed(clients)}
        data["require_client_certificate"] = everybody
    return data


def upstream_tls(planned: ClientTls, protocol: Literal["http1", "http2"]) -> Data:
    """Towards a service. Envoy believes any name of a certificate unless one is demanded, so it is."""
    common: Data = {"tls_params": _LEAST}
    if planned.certificate is not None and planned.key is not None:
        common["tls_certificates"] = [_certificate(planned.certificate, planned.key)]
    if planned.authority is not None:
        common["validation_context"] = {
            "trusted_ca": data_source(planned.authority),
            "match_typed_subject_alt_names": [_name(planned.server_name)] if planned.server_name else [],
        }
    common["alpn_protocols"] = ["h2" if protocol == "http2" else "http/1.1"]
    data: Data = {"@type": UPSTREAM_TLS, "common_tls_context": common}
    if planned.server_name is not None and not is_address(planned.server_name):
        data["sni"] = planned.server_name
    return data


def _name(text: str) -> Data:
    return {"san_type": "IP_ADDRESS" if is_address(text) else "DNS", "matcher": {"exact": text}}


def _followed(authority: Secret) -> Data:
    return {"watched_directory": {"path": str(PurePosixPath(authority.value).parent)}}


def _certificate(certificate: Secret, key: Secret) -> Data:
    data: Data = {"certificate_chain": data_source(certificate), "private_key": data_source(key)}
    if certificate.kind == "file" and key.kind == "file":
        data["watched_directory"] = {"path": str(PurePosixPath(certificate.value).parent)}
    return data
