"""How often may be called, on a running Envoy. Periods are long, so that nothing is forgiven while a test runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler.backends.envoy import rate_limits
from compiler.plan import Cluster, Cors, Endpoint, Policies, Secret
from compiler.plan_policies import Auth, Basic, RateLimit
from compiler.tables import by_path
from tests.dataplane.asked_by_grpc import asked, descriptors, message
from tests.dataplane.collector import fields
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.dataplane.test_auth_live import OPEN, _basic, _sha, bearer, jwt, protected, refused
from tests.plans import SPAN, deployable, forward, served

HOUR = 3_600_000


def limit(policy: str = "few", **fields: Any) -> RateLimit:
    return RateLimit(**{"policy": policy, "requests": 3, "per": HOUR, "by": "client_ip", "overall": 300, **fields})


def limited(policy: str = "few", **fields: Any) -> Policies:
    return Policies(rate_limit=limit(policy, **fields))


def statuses(gateway: Gateway, count: int, path: str = "/usual", **headers: str) -> list[int]:
    return [
        gateway.call("GET", path, {n.replace("_", "-"): v for n, v in headers.items()}).status for _ in range(count)
    ]


def test_up_to_the_limit_and_no_further(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(protected(upstream, limited(), open=OPEN))
    replies = [gateway.call("GET", "/usual") for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert [reply.headers["x-ratelimit-remaining"] for reply in replies] == ["2", "1", "0", "0", "0"]
    assert {reply.headers["x-ratelimit-limit"].partition(",")[0] for reply in replies} == {"3"}
    assert all(reply.headers["x-ratelimit-reset"] for reply in replies)
    refused(replies[3], 429)
    assert replies[3].headers["retry-after"] == "1200", "a third of an hour"
    assert replies[0].headers["retry-after"] is None
    assert [name for name in replies[3].headers if name.lower().startswith("x-envoy")] == []
    assert len(upstream.seen) == 3
    assert statuses(gateway, 5, "/open") == [200] * 5


def test_what_shares_a_policy_shares_its_count(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(protected(upstream, OPEN, a=limited(), b=limited(), c=limited("others")))
    assert statuses(gateway, 2, "/a") + statuses(gateway, 2, "/b") == [200, 200, 200, 429]
    assert statuses(gateway, 4, "/c") == [200, 200, 200, 429]
    assert statuses(gateway, 5) == [200] * 5


def test_the_gateways_own_limit_holds_where_nothing_answers(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(protected(upstream, limited(), own=limited("own")))
    assert statuses(gateway, 4, "/none") == [404, 404, 404, 429]
    assert statuses(gateway, 1) == [429]
    assert statuses(gateway, 4, "/own") == [200, 200, 200, 429], "it takes the place of the gateway's"


def test_addresses_have_a_count_each(serve: Serve, upstream: Upstream) -> None:
    made = protected(upstream, limited())
    gateway = serve(replace(made, listener=replace(made.listener, trusted_hops=1)))
    assert statuses(gateway, 4, x_forwarded_for="192.0.2.1") == [200, 200, 200, 429]
    assert statuses(gateway, 1, x_forwarded_for="192.0.2.2") == [200]
    assert statuses(gateway, 1, x_forwarded_for="192.0.2.2, 192.0.2.1") == [429], "what a client says does not count"
    assert statuses(gateway, 3, x_forwarded_for="2001:db8::1") == [200] * 3
    assert statuses(gateway, 1, x_forwarded_for="2001:db8::ffff:1") == [429], "a household has many addresses"
    assert statuses(gateway, 1, x_forwarded_for="2001:db8:0:1::1") == [200]


def test_an_address_that_only_the_client_says(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(protected(upstream, limited()))
    found = [statuses(gateway, 1, x_forwarded_for=f"192.0.2.{n}")[0] for n in range(5)]
    assert found == [200, 200, 200, 429, 429]


def test_headers_have_a_count_each(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(protected(upstream, limited(by="header:x-tenant")))
    assert statuses(gateway, 4, x_tenant="a") == [200, 200, 200, 429]
    assert statuses(gateway, 4, x_tenant="b") == [200, 200, 200, 429]
    assert statuses(gateway, 4) == [200, 200, 200, 429], "who says nothing is counted, too"
    assert statuses(gateway, 1, x_tenant="") == [429], "and so is who says nothing in it"
    assert statuses(gateway, 4, x_tenant="c") == [200, 200, 200, 429]


def test_everybody_together(serve: Serve, upstream: Upstream) -> None:
    made = protected(upstream, limited(by="global", overall=3))
    gateway = serve(replace(made, listener=replace(made.listener, trusted_hops=1)))
    found = [statuses(gateway, 1, x_forwarded_for=f"192.0.2.{n}")[0] for n in range(5)]
    assert found == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("by", ["client_ip", "header:x-tenant"])
def test_a_client_with_ever_new_keys_comes_to_an_end(
    serve: Serve, upstream: Upstream, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many values some are forgotten, and count anew; the bound on all of them together does not."""
    monkeypatch.setattr(rate_limits, "MOST_KEYS", 5)
    made = protected(upstream, limited(by=by, requests=1, overall=20))
    gateway = serve(replace(made, listener=replace(made.listener, trusted_hops=1)))
    found = [statuses(gateway, 1, x_forwarded_for=f"192.0.2.{n}", x_tenant=f"t{n}")[0] for n in range(30)]
    assert found == [200] * 20 + [429] * 10
    assert statuses(gateway, 1, x_forwarded_for="192.0.2.0", x_tenant="t0") == [429], "forgotten, and still refused"


def test_a_refused_one_uses_nothing_up(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(protected(upstream, limited(by="header:x-tenant", overall=5)))
    assert statuses(gateway, 30, x_tenant="loud").count(200) == 3
    assert statuses(gateway, 3, x_tenant="quiet") == [200, 200, 429]


class TestConsumers:
    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        tokens = jwt().auth
        each = Policies(auth=tokens, rate_limit=limit("each", by="consumer"))
        address = Policies(auth=tokens, rate_limit=limit("address"))
        return serve(protected(upstream, each, address=address))

    def test_each_has_a_count(self, gateway: Gateway) -> None:
        def called(count: int, **said: str) -> list[int]:
            return [gateway.call("GET", "/usual", bearer(**said)).status for _ in range(count)]

        assert called(4, sub="alice", jti="one") == [200, 200, 200, 429]
        assert called(1, sub="alice", jti="another") == [429], "a new token is no new consumer"
        assert called(4, sub="bob") == [200, 200, 200, 429]

    def test_strangers_use_up_nothing(self, gateway: Gateway) -> None:
        assert statuses(gateway, 9) == [401] * 9
        mine = {"x-gatewright-consumer": "alice"}
        assert [gateway.call("GET", "/usual", mine).status for _ in range(4)] == [401] * 4
        assert [
            gateway.call("GET", "/usual", bearer() | {"x-gatewright-consumer": f"{n}"}).status for n in range(4)
        ] == [*(200, 200, 200, 429)]

    def test_guesses_are_counted_by_address(self, gateway: Gateway) -> None:
        assert statuses(gateway, 5, "/address") == [401, 401, 401, 429, 429]


def test_users_are_consumers(serve: Serve, upstream: Upstream, tmp_path: Any) -> None:
    (tmp_path / "users").write_text(f"anna:{{SHA}}{_sha('a')}\nben:{{SHA}}{_sha('b')}\n")
    users = Auth("users", Basic(Secret("file", str(tmp_path / "users"))))
    gateway = serve(protected(upstream, Policies(auth=users, rate_limit=limit(by="consumer"))))
    for user in ("anna", "ben"):
        found = [gateway.call("GET", "/usual", _basic(user, user[0])).status for _ in range(4)]
        assert found == [200, 200, 200, 429]


def test_a_preflight_is_not_counted(serve: Serve, upstream: Upstream) -> None:
    cors = Cors(("https://shop.example",), ("GET",), (), ("x-ratelimit-limit",), False, 60)
    rules = by_path([served("/usual", action=forward(policies=limited()), cors=cors)])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),), policies=limited(), cors=cors))
    asked = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    assert [gateway.call("OPTIONS", "/usual", asked).status for _ in range(9)] == [200] * 9
    assert [gateway.call("OPTIONS", "/usual", asked | {"origin": "https://x.example"}).status for _ in range(9)] == [
        403
    ] * 9
    origin = {"origin": "https://shop.example"}
    assert [gateway.call("GET", "/usual", origin).status for _ in range(4)] == [200, 200, 200, 429]
    assert gateway.call("GET", "/usual", origin).headers["access-control-allow-origin"] == "https://shop.example"


class TestDistributed:
    """A service counts for all gateways together."""

    OK, OVER = message((1, 1)), message((1, 2))

    def test_a_service_decides(self, serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
        questions: list[bytes] = []

        def count(path: str, question: bytes) -> bytes:
            assert path == "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
            questions.append(question)
            return self.OK if len(questions) < 3 else self.OVER

        for cluster in asked(tmp_path / "limiter", count):
            shared = limited("shared", per=60_000, by="header:x-tenant", cluster="asked")
            made = protected(upstream, OPEN, private=shared)
            gateway = serve(replace(made, clusters=(*made.clusters, cluster)))
            assert statuses(gateway, 3, "/private", x_tenant="a") == [200, 200, 429]
            over = gateway.call("GET", "/private", {"x-tenant": "a"})
            refused(over, 429)
            assert over.headers["retry-after"] == "60"
            assert statuses(gateway, 2) == [200, 200]
            gateway.call("GET", "/private")
        assert b"gatewright" in questions[0]
        assert descriptors(questions[0]) == [{"policy": "shared", "header:x-tenant": "a"}]
        assert descriptors(questions[-1]) == [{"policy": "shared", "silent": "-"}]
        number = fields(fields(questions[0])[2][0])[2][0]
        assert number == message((1, 3), (2, 2)), "three in a minute, as the project has it"

    def test_without_an_answer_the_overall_bound_still_holds(self, serve: Serve, upstream: Upstream) -> None:
        gone = Cluster("gone", (Endpoint("127.0.0.1", 1, None),), 1000, SPAN, protocol="http2")
        made = protected(upstream, limited(requests=1, cluster="gone", overall=4))
        gateway = serve(replace(made, clusters=(*made.clusters, gone)))
        assert statuses(gateway, 6) == [200, 200, 200, 200, 429, 429]
