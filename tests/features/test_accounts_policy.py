"""The guard's own edges: loopback, and operations without a policy."""

from __future__ import annotations

import httpx
import pytest
from litestar import Litestar, get

from accounts_client import browser
from mammogram_viewer.accounts import policy
from mammogram_viewer.web import problems


@get("/metrics", opt={"policy": policy.READ_METRICS}, sync_to_thread=False)
def metrics() -> str:
    return "metrics"


@get("/forgotten", sync_to_thread=False)
def forgotten() -> str:
    return "open by mistake"


APP = Litestar(
    [metrics, forgotten],
    guards=[policy.enforce],
    exception_handlers=problems.handlers,  # type: ignore[arg-type] - the handlers' parameters are narrower kinds
    openapi_config=None,
    logging_config=None,
)


async def get_from(ip: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async with browser(APP, ip=ip) as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_metrics_are_open_to_the_machine_itself(ip: str) -> None:
    assert (await get_from(ip, "/metrics")).status_code == 200


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_metrics_are_closed_to_the_world_behind_a_proxy_on_the_machine(header: str) -> None:
    assert (await get_from("127.0.0.1", "/metrics", {header: "203.0.113.7"})).status_code == 401


async def test_metrics_are_closed_to_other_machines() -> None:
    assert (await get_from("203.0.113.7", "/metrics")).status_code == 401


async def test_operation_without_policy_serves_nobody() -> None:
    answer = await get_from("127.0.0.1", "/forgotten")
    assert answer.status_code == 500
    assert "open by mistake" not in answer.text
