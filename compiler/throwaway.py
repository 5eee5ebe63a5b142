"""Throwaway certificates and tokens, for checking what was built and for running it on a laptop, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from compiler.records import frozen

USER = "me"
"""Who calls with a throwaway."""
_DAYS = 7


@frozen
class Pair:
    """A certificate with the authority that signed it, and its key, as PEM."""

    authority: bytes
    certificate: bytes
    key: bytes


@cache
def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """One authority for the life of this process; its key is never written anywhere."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gatewright throwaway authority")])
    made = _unsigned(name, name, key.public_key())
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return made.sign(key, hashes.SHA256()), key


@cache
def pair(names: tuple[str, ...]) -> Pair:
    """A certificate for DNS names, addresses, URIs and mailboxes, valid for a week; the same names, the same pair."""
    authority, authority_key = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gatewright throwaway")])
    certificate = (
        _unsigned(subject, authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(list(_alternatives(names))), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return Pair(
        authority.public_bytes(serialization.Encoding.PEM),
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


@cache
def _signer() -> ec.EllipticCurvePrivateKey:
    """One key for the tokens of this process; it is never written anywhere."""
    return ec.generate_private_key(ec.SECP256R1())


def key_set() -> str:
    """The public key of this process's tokens, as a set of one (RFC 7517)."""
    numbers = _signer().public_key().public_numbers()
    key = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "throwaway"}
    point = {name: _base64url(value.to_bytes(32, "big")) for name, value in (("x", numbers.x), ("y", numbers.y))}
    return json.dumps({"keys": [key | point]})


def token(claims: Mapping[str, Any]) -> str:
    """A token with these claims, signed with ES256 (RFC 7515, RFC 7518 section 3.4)."""
    head = {"alg": "ES256", "kid": "throwaway", "typ": "JWT"}
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, dict(claims)))
    r, s = decode_dss_signature(_signer().sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def users() -> str:
    """The lines of an htpasswd file for this process's one user."""
    return f"{USER}:{{SHA}}{base64.b64encode(hashlib.sha1(_password().encode()).digest()).decode()}\n"


def api_key() -> tuple[str, str]:
    """A key of that user, and its digest (SHA-256, hexadecimal)."""
    return _password(), hashlib.sha256(_password().encode()).hexdigest()


def basic() -> str:
    """The credentials of that user as they stand behind ``Basic`` (RFC 7617)."""
    return base64.b64encode(f"{USER}:{_password()}".encode()).decode()


@cache
def _password() -> str:
    return secrets.token_urlsafe(12)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def why_not_a_pair(certificate: bytes, key: bytes) -> str | None:
    """Why Envoy could not use a certificate and a key (PEM) together, in words; None where it can."""
    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        return "the certificate is not PEM"
    try:
        private = serialization.load_pem_private_key(key, None)
    except TypeError:
        return "the key is encrypted, and Envoy has no passphrase for it"
    except (ValueError, UnsupportedAlgorithm):
        return "the key is not PEM"
    raw = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*raw) != public.public_bytes(*raw):
        return "the key is not the certificate's"
    return None


def _unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _alternatives(names: Iterable[str]) -> Iterable[x509.GeneralName]:
    for name in names:
        try:
            yield x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            if "://" in name:
                yield x509.UniformResourceIdentifier(name)
            elif "@" in name:
                yield x509.RFC822Name(name)
            else:
                yield x509.DNSName(name)
