"""Shares of the traffic on a running Envoy, where the services have different base paths."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from compiler.plan import Forward, Target
from compiler.tables import by_path
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.plans import deployable, forward, served

REQUESTS = 400


def shares(gateway: Gateway, upstream: Upstream) -> Counter[str]:
    """How many of many requests came in at each path of the service."""
    upstream.seen.clear()
    for _ in range(REQUESTS):
        assert gateway.call("GET", "/v2/orders/7?x=1").status == 200
    return Counter(upstream.seen)


def split(serve: Serve, upstream: Upstream, *targets: Target) -> Gateway:
    action: Forward = forward(targets=targets, strip="/v2", prepend="/base")
    clusters = tuple(upstream.cluster(target.cluster) for target in targets)
    return serve(deployable(rules=by_path([served("/orders/{id}", under="/v2", action=action)]), clusters=clusters))


@pytest.mark.parametrize(
    "targets",
    [
        (Target("a", 70), Target("b", 20, "/other"), Target("c", 10, "")),
        (Target("a", 1, "/first"), Target("b", 1)),
        (Target("a", 7, "/one"), Target("b", 2, "/two"), Target("c", 1, "/three")),
    ],
    ids=["three", "halves", "none has the usual one"],
)
def test_each_service_gets_its_share_under_its_own_base_path(
    serve: Serve, upstream: Upstream, targets: tuple[Target, ...]
) -> None:
    found = shares(split(serve, upstream, *targets), upstream)
    total = sum(target.weight for target in targets)
    wanted = {f"GET {'/base' if t.prepend is None else t.prepend}/orders/7?x=1": t.weight / total for t in targets}
    assert set(found) == set(wanted)
    for path, share in wanted.items():
        # seven standard deviations of a binomial distribution: one run in 10^11 is further off
        assert abs(found[path] - share * REQUESTS) < 7 * (REQUESTS * share * (1 - share)) ** 0.5, found


def test_the_others_methods_and_paths_are_as_before(serve: Serve, upstream: Upstream) -> None:
    gateway = split(serve, upstream, Target("a", 1), Target("b", 1, "/other"))
    assert gateway.call("POST", "/v2/orders/7").status == 405
    assert gateway.call("GET", "/v2/orders").status == 404
    assert gateway.call("HEAD", "/v2/orders/7").status == 200


def test_a_service_that_is_gone_takes_only_its_share_with_it(serve: Serve, upstream: Upstream) -> None:
    action = forward(targets=(Target("a", 1), Target("gone", 1, "/other")), strip="/v2", prepend="/base")
    rules = by_path([served("/orders/{id}", under="/v2", action=action)])
    gone = replace(upstream.cluster("gone"), endpoints=(replace(upstream.cluster().endpoints[0], port=1),))
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster("a"), gone)))
    statuses = Counter(gateway.call("GET", "/v2/orders/7").status for _ in range(100))
    assert set(statuses) == {200, 503}
