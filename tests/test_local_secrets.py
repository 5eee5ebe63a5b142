"""Secrets of `up`: what is here is used, what is missing is made up, what is broken is said."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.local.secrets import SecretProblem, with_local_secrets
from compiler.plan import ClientTls, Cluster, Deployable, Endpoint, Secret, ServerTls
from compiler.throwaway import pair, why_not_a_pair
from tests.plans import SPAN, deployable

NAMES = ("api.test", "127.0.0.1")


def with_tls(certificate: Secret, key: Secret) -> Deployable:
    plain = deployable()
    return replace(plain, listener=replace(plain.listener, tls=ServerTls(certificate, key, SPAN)))


def files(folder: Path) -> tuple[Secret, Secret]:
    made = pair(("own.test",))
    for name, data in (("tls.crt", made.certificate), ("tls.key", made.key)):
        (folder / name).write_bytes(data)
    return Secret("file", str(folder / "tls.crt")), Secret("file", str(folder / "tls.key"))


def test_files_that_are_there_are_used(tmp_path: Path) -> None:
    given = with_tls(*files(tmp_path))
    local = with_local_secrets(given, NAMES, tmp_path / "made")
    assert (local.deployable, local.authority, local.failing) == (given, None, ())
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("missing", ["certificate", "key", "both", "variable"])
def test_half_a_pair_is_none(tmp_path: Path, missing: str) -> None:
    certificate, key = files(tmp_path)
    if missing in ("certificate", "both"):
        os.unlink(certificate.value)
    if missing in ("key", "both"):
        os.unlink(key.value)
    if missing == "variable":
        key = Secret("env", "TLS_KEY")
    local = with_local_secrets(with_tls(certificate, key), NAMES, tmp_path / "made")
    tls = local.deployable.listener.tls
    assert tls is not None
    paths = [Path(secret.value) for secret in (tls.certificate, tls.key)]
    assert all(path.is_relative_to(tmp_path / "made") for path in paths)
    assert why_not_a_pair(*(path.read_bytes() for path in paths)) is None
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600, 0o600]
    assert local.authority == pair(NAMES).authority


def test_another_certificate_gets_another_file(tmp_path: Path) -> None:
    given = with_tls(Secret("env", "CERTIFICATE"), Secret("env", "KEY"))
    one = with_local_secrets(given, NAMES, tmp_path).deployable
    assert with_local_secrets(given, NAMES, tmp_path).deployable == one
    assert with_local_secrets(given, ("other.test",), tmp_path).deployable != one


@pytest.mark.parametrize(
    ("use", "data", "reason"),
    [
        ("tls.crt", b"no certificate", "the certificate is not PEM"),
        ("tls.key", b"no key", "the key is not PEM"),
        ("tls.key", pair(("other.test",)).key, "the key is not the certificate's"),
    ],
)
def test_files_that_are_no_pair_are_a_problem(tmp_path: Path, use: str, data: bytes, reason: str) -> None:
    given = with_tls(*files(tmp_path))
    (tmp_path / use).write_bytes(data)
    with pytest.raises(SecretProblem, match=f"gateway public cannot use .*: {reason}"):
        with_local_secrets(given, NAMES, tmp_path / "made")


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    certificate, key = files(tmp_path)
    os.unlink(key.value)
    os.mkdir(key.value)
    with pytest.raises(SecretProblem, match=r"`.*tls.key` of gateway public cannot be read"):
        with_local_secrets(with_tls(certificate, key), NAMES, tmp_path / "made")


def test_a_service_that_wants_what_is_not_here_will_fail(tmp_path: Path) -> None:
    tls = ClientTls("orders.test", Secret("file", str(tmp_path / "none.pem")), None, None, SPAN)
    cluster = Cluster("orders", (Endpoint("orders.test", 443, None),), 1000, SPAN, tls=tls)
    local = with_local_secrets(deployable(clusters=(cluster,)), NAMES, tmp_path / "made")
    assert local.failing == ("orders",)
    made = local.deployable.clusters[0].tls
    assert made is not None
    assert made.authority is not None
    assert Path(made.authority.value).read_bytes() == pair(NAMES).authority
