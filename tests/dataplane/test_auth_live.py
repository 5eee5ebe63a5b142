"""Who may call, on a running Envoy: each way to say who one is, and what those get who do not."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from compiler.plan import Addresses, Cors, Deployable, Policies, Secret, ServerTls
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls, RemoteKeys
from compiler.tables import by_path
from compiler.throwaway import key_set, pair, token
from tests.dataplane.asked_by_grpc import asked, message
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.plans import SPAN, deployable, forward, served

ISSUER = "https://id.example"
OPEN = Policies()
CONSUMER = b"x-gatewright-consumer"


def jwt(name: str = "tokens", **fields: Any) -> Policies:
    given: dict[str, Any] = {
        "issuer": ISSUER,
        "audiences": ("shop", "store"),
        "keys": key_set(),
        "scopes": (),
        "clock_skew": 60,
    }
    return Policies(auth=Auth(name, Jwt(**{**given, **fields})))


def claims(**fields: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": ISSUER, "aud": "shop", "sub": "alice", "iat": now, "exp": now + 600, **fields}


def bearer(**fields: Any) -> dict[str, str]:
    return {"authorization": "Bearer " + token({k: v for k, v in claims(**fields).items() if v is not None})}


def protected(upstream: Upstream, usual: Policies, **own: Policies) -> Deployable:
    """A gateway with ``usual`` for all, and an operation of its own for each of some others."""
    rules = by_path(
        [
            *(served(f"/{name}", m, action=forward(policies=p)) for name, p in own.items() for m in ("GET", "POST")),
            *(served("/usual", m, action=forward(policies=usual)) for m in ("GET", "POST")),
        ]
    )
    return deployable(rules=rules, clusters=(upstream.cluster(),), policies=usual)


def heard(reply: Reply) -> dict[str, str]:
    """The headers that the service got."""
    return {name.lower(): value for name, value in reply.json["headers"].items()}


def refused(reply: Reply, status: int, challenge: str = "") -> None:
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == status
    assert (reply.headers["www-authenticate"] or "").startswith(challenge)


class TestJwt:
    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        made = protected(
            upstream,
            jwt(),
            open=OPEN,
            scoped=jwt("scoped", scopes=("orders:read", "orders:write")),
            other=jwt("other", issuer="https://other.example"),
        )
        return serve(made)

    def test_a_sound_token_is_let_in_and_sent_on(self, gateway: Gateway) -> None:
        sent = bearer()
        reply = gateway.call("GET", "/usual", sent)
        assert reply.status == 200
        assert heard(reply)["authorization"] == sent["authorization"]
        assert heard(reply)["x-gatewright-consumer"] == "alice"
        assert "authorization" in reply.headers["vary"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"iss": "https://evil.example"},
            {"iss": None},
            {"aud": "bank"},
            {"aud": None},
            {"exp": 1},
            {"exp": None},
            {"nbf": 32503680000},
        ],
        ids=str,
    )
    def test_a_wrong_claim_is_refused(self, gateway: Gateway, upstream: Upstream, changed: dict[str, Any]) -> None:
        reply = gateway.call("GET", "/usual", bearer(**changed))
        assert reply.status in (401, 403)
        refused(reply, reply.status, "Bearer" if reply.status == 401 else "")
        assert upstream.seen == []

    def test_clocks_may_differ_a_little(self, gateway: Gateway) -> None:
        assert gateway.call("GET", "/usual", bearer(exp=int(time.time()) - 30)).status == 200
        assert gateway.call("GET", "/usual", bearer(exp=int(time.time()) - 90)).status == 401

    def test_no_token_or_a_broken_one_is_refused(self, gateway: Gateway, upstream: Upstream) -> None:
        good = bearer()["authorization"]
        head, payload, signature = good.removeprefix("Bearer ").split(".")
        forged = base64.urlsafe_b64encode(json.dumps(claims(sub="root")).encode()).rstrip(b"=").decode()
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
        for value in (
            None,
            "",
            "Bearer ",
            "Bearer x",
            f"Bearer {head}.{forged}.{signature}",
            f"Bearer {none}.{payload}.",
            f"Bearer {none}.{payload}.{signature}",
            f"Bearer {head}.{payload}.",
            f"Basic {head}.{payload}.{signature}",
            f"Bearer {_symmetric(payload)}",
        ):
            refused(gateway.call("GET", "/usual", {} if value is None else {"authorization": value}), 401, "Bearer")
        assert gateway.call("GET", f"/usual?access_token={good.removeprefix('Bearer ')}").status == 401
        assert upstream.seen == []

    def test_two_tokens_are_one_too_many(self, gateway: Gateway, upstream: Upstream) -> None:
        """A service might read the one that was not looked at."""
        good, other = bearer()["authorization"], "Bearer a.b.c"
        for first, second in ((good, other), (other, good), (good, good)):
            lines = f"GET /usual HTTP/1.1\r\nhost: a\r\nauthorization: {first}\r\nauthorization: {second}\r\n"
            status = gateway.raw(f"{lines}connection: close\r\n\r\n".encode()).split(b" ")[1]
            assert status in (b"401", b"403")
        assert upstream.seen == []

    @pytest.mark.parametrize(
        ("said", "status"),
        [
            ({"scope": "orders:read orders:write"}, 200),
            ({"scope": "x orders:write y orders:read z"}, 200),
            ({"scp": ["orders:write", "orders:read"]}, 200),
            ({"scope": ["orders:write", "orders:read"]}, 200),
            ({"scope": "orders:read"}, 403),
            ({"scope": "orders:readorders:write"}, 403),
            ({"scope": "xorders:read orders:writey"}, 403),
            ({"scp": ["orders:read"]}, 403),
            ({"scp": ["orders:read orders:write"]}, 403),
            ({}, 403),
        ],
        ids=str,
    )
    def test_scopes(self, gateway: Gateway, said: dict[str, Any], status: int) -> None:
        reply = gateway.call("GET", "/scoped", bearer(**said))
        assert reply.status == status
        if status == 403:
            refused(reply, 403, 'Bearer error="insufficient_scope", scope="orders:read orders:write"')
        refused(gateway.call("GET", "/scoped"), 401, "Bearer realm")

    def test_each_operation_has_the_policy_that_is_its_own(self, gateway: Gateway) -> None:
        assert gateway.call("GET", "/open").status == 200
        assert gateway.call("GET", "/other", bearer()).status == 401
        assert gateway.call("GET", "/other", bearer(iss="https://other.example")).status == 200
        assert gateway.call("GET", "/usual", bearer(iss="https://other.example")).status == 401
        assert gateway.call("GET", "/open", bearer(iss="https://evil.example")).status == 200

    def test_strangers_do_not_learn_which_paths_there_are(self, gateway: Gateway) -> None:
        refused(gateway.call("GET", "/none"), 401, "Bearer")
        refused(gateway.call("DELETE", "/usual"), 401, "Bearer")
        assert gateway.call("GET", "/none", bearer()).status == 404
        assert gateway.call("DELETE", "/usual", bearer()).status == 405

    def test_nobody_says_for_himself_who_he_is(self, gateway: Gateway) -> None:
        mine = {"x-gatewright-consumer": "root", "X-Gatewright-Anything": "1"}
        assert "x-gatewright-consumer" not in heard(gateway.call("GET", "/open", mine))
        told = heard(gateway.call("GET", "/usual", bearer() | mine))
        assert (told["x-gatewright-consumer"], told.get("x-gatewright-anything")) == ("alice", None)
        assert "x-gatewright-consumer" not in heard(gateway.call("GET", "/usual", bearer(sub=None) | mine))


def _symmetric(payload: str) -> str:
    """A token that is signed with the public key as if it were a secret."""
    import hmac

    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"throwaway","typ":"JWT"}').rstrip(b"=").decode()
    signature = hmac.new(key_set().encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_keys_of_a_service(serve: Serve, upstream: Upstream) -> None:
    def keys(request: BaseHTTPRequestHandler) -> None:
        body = key_set().encode()
        request.send_response(200)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    upstream.behaviour["/jwks.json"] = keys
    remote = jwt(keys=RemoteKeys("echo", "http://id.example/jwks.json"))
    gateway = serve(protected(upstream, remote))
    for _ in range(3):
        assert gateway.call("GET", "/usual", bearer()).status == 200
    assert gateway.call("GET", "/usual", bearer(aud="bank")).status in (401, 403)
    assert upstream.seen.count("GET /jwks.json") == 1, "they are kept"


def test_without_its_keys_nobody_is_let_in(serve: Serve, upstream: Upstream) -> None:
    remote = jwt(keys=RemoteKeys("echo", "http://id.example/none"))
    gateway = serve(protected(upstream, remote))
    assert gateway.call("GET", "/usual", bearer()).status == 401
    assert "GET /usual" not in upstream.seen


class TestBasic:
    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream, tmp_path: Path) -> Gateway:
        lines = [f"{user}:{{SHA}}{_sha(password)}" for user, password in (("anna", "secret"), ("ben", "other"))]
        (tmp_path / "users").write_text("\n".join(lines) + "\n")
        basic = Policies(auth=Auth("users", Basic(Secret("file", str(tmp_path / "users")))))
        return serve(protected(upstream, OPEN, private=basic))

    def test_a_user_is_let_in(self, gateway: Gateway) -> None:
        reply = gateway.call("GET", "/private", _basic("anna", "secret") | {"x-gatewright-consumer": "root"})
        assert reply.status == 200
        assert heard(reply)["x-gatewright-consumer"] == "anna"
        assert gateway.call("GET", "/usual").status == 200

    def test_others_are_not(self, gateway: Gateway, upstream: Upstream) -> None:
        for sent in (
            {},
            _basic("anna", "other"),
            _basic("anna", ""),
            _basic("carl", "secret"),
            _basic("", ""),
            {"authorization": "Basic"},
            {"authorization": "Basic ????"},
            {"authorization": "Bearer " + _basic("anna", "secret")["authorization"].split()[1]},
        ):
            refused(gateway.call("GET", "/private", sent), 401, "Basic realm=")
        assert upstream.seen == []

    def test_two_users_are_one_too_many(self, gateway: Gateway, upstream: Upstream) -> None:
        first, second = _basic("anna", "secret")["authorization"], _basic("ben", "x")["authorization"]
        lines = f"GET /private HTTP/1.1\r\nhost: a\r\nauthorization: {first}\r\nauthorization: {second}\r\n"
        assert gateway.raw(f"{lines}connection: close\r\n\r\n".encode()).split(b" ")[1] in (b"401", b"403")
        assert upstream.seen == []


def _sha(password: str) -> str:
    return base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()


def _basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_preflight_bears_no_credentials(serve: Serve, upstream: Upstream) -> None:
    cors = Cors(("https://shop.example",), ("GET",), ("authorization",), (), False, 60)
    rules = by_path([served("/usual", action=forward(policies=jwt()), cors=cors)])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),), policies=jwt(), cors=cors))
    asked = {"access-control-request-method": "GET"}
    granted = gateway.call("OPTIONS", "/usual", {"origin": "https://shop.example", **asked})
    assert (granted.status, granted.headers["access-control-allow-origin"]) == (200, "https://shop.example")
    assert gateway.call("OPTIONS", "/usual", {"origin": "https://evil.example", **asked}).status == 403
    refused(gateway.call("OPTIONS", "/usual"), 401, "Bearer")
    reply = gateway.call("GET", "/usual", {"origin": "https://shop.example"})
    refused(reply, 401, "Bearer")
    assert reply.headers["access-control-allow-origin"] == "https://shop.example", "a script may read why"
    assert upstream.seen == []


def test_addresses_are_looked_at_first(serve: Serve, upstream: Upstream) -> None:
    closed = replace(jwt("x", scopes=("a",)), addresses=Addresses(deny=("127.0.0.0/8",)))
    gateway = serve(protected(upstream, closed))
    for sent in ({}, bearer()):
        reply = gateway.call("GET", "/usual", sent)
        refused(reply, 403)
        assert reply.headers["www-authenticate"] is None


class TestMtls:
    """A listener that asks for certificates where only some operations want one."""

    @pytest.fixture
    def files(self, tmp_path: Path) -> Path:
        server = pair(("localhost",))
        for name, data in (("tls.crt", server.certificate), ("tls.key", server.key), ("ca.pem", server.authority)):
            (tmp_path / name).write_bytes(data)
        return tmp_path

    def gateway(self, serve: Serve, upstream: Upstream, files: Path, *, everywhere: bool) -> Gateway:
        tls = ServerTls(Secret("file", str(files / "tls.crt")), Secret("file", str(files / "tls.key")), SPAN)
        authority = Secret("file", str(files / "ca.pem"))
        private = Policies(auth=Auth("staff", Mtls(authority, "URI", ("spiffe://shop/*", "urn://one"))))
        named = Policies(auth=Auth("named", Mtls(authority, "DNS", ("*.shop.example",))))
        made = protected(upstream, private if everywhere else OPEN, private=private, named=named)
        return serve(replace(made, listener=replace(made.listener, tls=tls)))

    def call(self, gateway: Gateway, files: Path, path: str, *names: str, **headers: str) -> Reply:
        trust = ssl.create_default_context(cafile=str(files / "ca.pem"))
        if names:
            mine = pair(names)
            (files / "mine.pem").write_bytes(mine.certificate + mine.key)
            trust.load_cert_chain(files / "mine.pem")
        connection = http.client.HTTPSConnection("localhost", gateway.port, timeout=10, context=trust)
        try:
            connection.request("GET", path, headers={n.replace("_", "-"): v for n, v in headers.items()})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def test_where_it_is_wanted(self, serve: Serve, upstream: Upstream, files: Path) -> None:
        gateway = self.gateway(serve, upstream, files, everywhere=False)
        assert self.call(gateway, files, "/usual").status == 200
        claimed = {"x_gatewright_consumer": "root", "x_forwarded_client_cert": "URI=spiffe://shop/root"}
        reply = self.call(gateway, files, "/private", "spiffe://shop/orders", **claimed)
        assert (reply.status, heard(reply)["x-gatewright-consumer"]) == (200, "spiffe://shop/orders")
        assert "x-forwarded-client-cert" not in heard(reply)
        assert self.call(gateway, files, "/private", "urn://one").status == 200
        assert self.call(gateway, files, "/named", "a.shop.example").status == 200
        for path, names in (
            ("/private", ()),
            ("/private", ("spiffe://shop",)),
            ("/private", ("xspiffe://shop/orders",)),
            ("/private", ("urn://one/two",)),
            ("/private", ("a.shop.example",)),
            ("/named", ("spiffe://shop/orders",)),
            ("/named", ("a.shop.example.evil",)),
            ("/named", ("shop.example",)),
        ):
            refused(self.call(gateway, files, path, *names, **claimed), 403)
        assert upstream.seen == ["GET /usual", "GET /private", "GET /private", "GET /named"]

    def test_a_certificate_of_somebody_else(self, serve: Serve, upstream: Upstream, files: Path) -> None:
        gateway = self.gateway(serve, upstream, files, everywhere=False)
        _self_signed(files / "foreign.pem", "spiffe://shop/orders")
        trust = ssl.create_default_context(cafile=str(files / "ca.pem"))
        trust.load_cert_chain(files / "foreign.pem")
        connection = http.client.HTTPSConnection("localhost", gateway.port, timeout=10, context=trust)

        def ask() -> None:
            connection.request("GET", "/private")
            connection.getresponse()

        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            ask()
        connection.close()
        assert upstream.seen == []

    def test_where_nothing_goes_without(self, serve: Serve, upstream: Upstream, files: Path) -> None:
        gateway = self.gateway(serve, upstream, files, everywhere=True)
        assert self.call(gateway, files, "/usual", "spiffe://shop/orders").status == 200
        refused(self.call(gateway, files, "/none", "spiffe://other/x"), 403)
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            self.call(gateway, files, "/usual")


def _self_signed(path: Path, name: str) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "me")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name)]), critical=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem) + secret)


class TestExternal:
    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        external = Policies(auth=Auth("authz", External("echo", "http", 2000, "http://authz/check")))
        return serve(protected(upstream, OPEN, private=external))

    def answering(self, upstream: Upstream, status: int, **headers: str) -> list[dict[str, str]]:
        """Have the service decide, and give what it was asked."""
        asked: list[dict[str, str]] = []

        def decide(request: BaseHTTPRequestHandler) -> None:
            asked.append({name.lower(): value for name, value in request.headers.items()})
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("content-length", "4")
            request.end_headers()
            request.wfile.write(b"mine")

        upstream.behaviour["/check/private?x=1"] = decide
        return asked

    def test_what_it_lets_in(self, gateway: Gateway, upstream: Upstream) -> None:
        asked = self.answering(upstream, 200, x_gatewright_consumer="dora", x_user="root", x_gatewright_plan="gold")
        sent = {"cookie": "a=b", "x-gatewright-consumer": "root", "x-envoy-retry-on": "5xx"}
        told = heard(gateway.call("GET", "/private?x=1", sent))
        assert (told["x-gatewright-consumer"], told["x-gatewright-plan"]) == ("dora", "gold")
        assert "x-user" not in told
        assert asked[0]["cookie"] == "a=b"
        assert not {"x-gatewright-consumer", "x-envoy-retry-on"} & asked[0].keys()

    def test_what_it_refuses(self, gateway: Gateway, upstream: Upstream) -> None:
        self.answering(upstream, 401, www_authenticate="Bearer", x_inside="secret")
        reply = gateway.call("GET", "/private?x=1")
        refused(reply, 401, "Bearer")
        assert reply.headers["x-inside"] is None
        self.answering(upstream, 403)
        refused(gateway.call("GET", "/private?x=1"), 403)
        assert upstream.seen == ["GET /check/private?x=1"] * 2

    def test_a_body_is_not_shown_to_it(self, gateway: Gateway, upstream: Upstream) -> None:
        asked = self.answering(upstream, 200)
        assert gateway.call("POST", "/private?x=1", body="hello").json["body"] == "hello"
        assert asked[0]["content-length"] == "0"

    def test_without_its_word_nobody_gets_in(self, gateway: Gateway, upstream: Upstream) -> None:
        self.answering(upstream, 500)
        refused(gateway.call("GET", "/private?x=1"), 503)

        def silent(request: BaseHTTPRequestHandler) -> None:
            time.sleep(3)

        upstream.behaviour["/check/private?x=1"] = silent
        refused(gateway.call("GET", "/private?x=1"), 503)
        assert all(line.endswith("/check/private?x=1") for line in upstream.seen)
        assert gateway.call("GET", "/usual").status == 200


def test_an_authorizer_that_is_not_there(serve: Serve, upstream: Upstream) -> None:
    for protocol in ("http", "grpc"):
        gone = replace(upstream.cluster("gone"), endpoints=(replace(upstream.cluster().endpoints[0], port=1),))
        gone = replace(gone, protocol="http2" if protocol == "grpc" else "http1")
        external = Policies(auth=Auth("authz", External("gone", protocol, 500, "http://gone")))
        made = protected(upstream, external)
        gateway = serve(replace(made, name=protocol, clusters=(*made.clusters, gone)))
        refused(gateway.call("GET", "/usual"), 503)
    assert upstream.seen == []


def test_an_authorizer_that_speaks_grpc(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    def decide(path: str, question: bytes) -> bytes:
        assert path == "/envoy.service.auth.v3.Authorization/Check"
        if b"/private" not in question or b"let-me-in" not in question:
            return message((1, message((1, 7))))  # google.rpc.Code.PERMISSION_DENIED
        told = [message((1, name), (2, value)) for name, value in ((CONSUMER, b"eve"), (b"x-user", b"root"))]
        return message((1, message((1, 0))), (3, b"".join(message((2, message((1, one)))) for one in told)))

    for cluster in asked(tmp_path / "authz", decide):
        external = Policies(auth=Auth("authz", External("asked", "grpc", 2000, "http://asked")))
        made = protected(upstream, OPEN, private=external)
        gateway = serve(replace(made, clusters=(*made.clusters, cluster)))
        refused(gateway.call("GET", "/private"), 403)
        assert upstream.seen == []
        told = heard(gateway.call("GET", "/private", {"x-a": "let-me-in", "x-gatewright-consumer": "root"}))
        assert told["x-gatewright-consumer"] == "eve"
        assert "x-user" not in told
        assert gateway.call("GET", "/usual").status == 200


class TestApiKey:
    """Keys that are known by their digests."""

    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        digests = tuple(
            (who, hashlib.sha256(key.encode()).hexdigest()) for who, key in (("acme", "k1"), ("bolt", "k 2&"))
        )
        in_header = Policies(auth=Auth("partners", ApiKey("header", "x-api-key", digests)))
        in_query = Policies(auth=Auth("links", ApiKey("query", "key", digests)))
        return serve(protected(upstream, in_header, open=OPEN, linked=in_query))

    def test_a_key_is_let_in_and_goes_no_further(self, gateway: Gateway) -> None:
        for key, who in (("k1", "acme"), ("k 2&", "bolt")):
            reply = gateway.call("GET", "/usual?a=1", {"X-API-Key": key, "x-gatewright-consumer": "root"})
            assert reply.status == 200
            assert heard(reply)["x-gatewright-consumer"] == who
            assert "x-api-key" not in heard(reply)
            assert reply.headers["vary"] == "x-api-key"

    def test_in_the_query_too(self, gateway: Gateway) -> None:
        for target, path in (
            ("/linked?key=k1", "/linked"),
            ("/linked?a=%26&key=k1&b=%20", "/linked?a=%26&b=%20"),
            ("/linked?k%65y=k%31", "/linked"),
        ):
            reply = gateway.call("GET", target)
            assert (reply.status, reply.json["path"]) == (200, path)
            assert heard(reply)["x-gatewright-consumer"] == "acme"
        assert gateway.call("GET", "/linked?key=k+2%26").json["headers"]["x-gatewright-consumer"] == "bolt"

    def test_others_are_not(self, gateway: Gateway, upstream: Upstream) -> None:
        digest = hashlib.sha256(b"k1").hexdigest()
        for sent in ({}, {"x-api-key": ""}, {"x-api-key": "K1"}, {"x-api-key": "k1,k1"}, {"x-api-key": digest}):
            refused(gateway.call("GET", "/usual", sent), 401, "ApiKey")
        for query in (
            "",
            "?key",
            "?key=",
            "?KEY=k1",
            "?key=k1&key=k1",
            "?key=k1&k%65y=x",
            "?xkey=k1",
            f"?key={digest}",
        ):
            refused(gateway.call("GET", f"/linked{query}", {"x-api-key": "k1"}), 401, "ApiKey")
        twice = b"GET /usual HTTP/1.1\r\nhost: a\r\nx-api-key: k1\r\nx-api-key: k1\r\nconnection: close\r\n\r\n"
        assert gateway.raw(twice).startswith(b"HTTP/1.1 401 ")
        assert upstream.seen == []

    def test_digests_of_a_variable(self, serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each policy has its own; what is wrong in one is passed over, and nobody is told what it says."""
        one, two = (hashlib.sha256(key).hexdigest() for key in (b"k1", b"k2"))
        monkeypatch.setenv("PARTNER_KEYS", f"acme:{one}, bolt:{two.upper()} # two:0\nacme:{one}\nwrong:s3cret")
        monkeypatch.setenv("LINK_KEYS", f"linked:{two}")
        monkeypatch.setenv("BROKEN_KEYS", "s3cret")
        ways = {
            "partners": ApiKey("header", "x-api-key", (), "PARTNER_KEYS"),
            "links": ApiKey("query", "key", (), "LINK_KEYS"),
            "written": ApiKey("header", "x-api-key", (("written", one),)),
            "absent": ApiKey("header", "x-api-key", (), "NO_SUCH_KEYS"),
            "broken": ApiKey("header", "x-api-key", (), "BROKEN_KEYS"),
        }
        usual, *others = (Policies(auth=Auth(name, way)) for name, way in ways.items())
        gateway = serve(protected(upstream, usual, open=OPEN, **dict(zip(list(ways)[1:], others, strict=True))))

        def consumer(target: str, key: str | None = None) -> str:
            return heard(gateway.call("GET", target, {"x-api-key": key} if key else {}))["x-gatewright-consumer"]

        assert (consumer("/usual", "k1"), consumer("/usual", "k2")) == ("acme", "bolt")
        assert (consumer("/links?key=k2"), consumer("/written", "k1")) == ("linked", "written")
        for key in ("k3", "s3cret", one, f"acme:{one}", "PARTNER_KEYS"):
            refused(gateway.call("GET", "/usual", {"x-api-key": key}), 401, "ApiKey")
            refused(gateway.call("GET", f"/links?key={key}"), 401, "ApiKey")
        refused(gateway.call("GET", "/links?key=k1"), 401, "ApiKey")
        refused(gateway.call("GET", "/written", {"x-api-key": "k2"}), 401, "ApiKey")
        for target in ("/absent", "/broken"):
            reply = gateway.call("GET", target, {"x-api-key": "k1"})
            refused(reply, 503)
            assert reply.json["detail"] == "no keys are known here"
        assert gateway.call("GET", "/open").status == 200
        said = gateway.running.last_words()
        assert "the variable NO_SUCH_KEYS is not set, so no key is known" in said
        assert "entry 3 of the variable PARTNER_KEYS is passed over: a key that stands twice" in said
        assert "entry 4 of the variable PARTNER_KEYS is passed over: no SHA-256 digest" in said
        assert "the variable BROKEN_KEYS holds no key" in said
        assert "s3cret" not in said
        assert one not in said

    def test_where_nothing_answers(self, gateway: Gateway) -> None:
        refused(gateway.call("GET", "/none"), 401, "ApiKey")
        assert gateway.call("GET", "/none", {"x-api-key": "k1"}).status == 404
        assert gateway.call("GET", "/open").status == 200
        assert gateway.call("POST", "/usual", {"x-api-key": "k1"}, "body").json["body"] == "body"
