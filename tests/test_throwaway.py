"""Throwaway certificates."""

from __future__ import annotations

from cryptography import x509

from compiler.throwaway import pair, why_not_a_pair


def test_throwaway_pairs_share_an_authority_and_name_their_hosts() -> None:
    one, other = pair(("a.test", "127.0.0.1")), pair(("b.test",))
    assert one.authority == other.authority
    certificate = x509.load_pem_x509_certificate(one.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.test"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(one.authority))


def test_a_pair_belongs_together() -> None:
    one, other = pair(("a.test",)), pair(("b.test",))
    assert why_not_a_pair(one.certificate, one.key) is None
    assert why_not_a_pair(one.certificate, other.key) == "the key is not the certificate's"
    assert why_not_a_pair(b"", one.key) == "the certificate is not PEM"
    assert why_not_a_pair(one.certificate, one.certificate) == "the key is not PEM"
