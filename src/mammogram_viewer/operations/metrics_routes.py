"""`GET /metrics`: for Prometheus, with an administrator's token, or from this machine without one."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from redis.asyncio import Redis

from mammogram_viewer import __version__
from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.operations.health import check_health
from mammogram_viewer.operations.metrics import Metrics
from mammogram_viewer.operations.request_tally import RequestTally

_TEXT = "text/plain; version=0.0.4"  # Litestar adds the charset


@get("/metrics", opt={"policy": policy.READ_METRICS}, tags=["health"], summary="Prometheus text")
async def get_metrics(
    db: dependencies.Db,
    redis_client: NamedDependency[Redis],
    storage: NamedDependency[Storage],
    metrics: NamedDependency[Metrics],
    request_tally: NamedDependency[RequestTally],
) -> Response[bytes]:
    """Jobs are of the whole installation, requests and the pool of the process that answers. docs/metrics.md lists
    them all."""
    health = await check_health(db, redis_client, storage, __version__)
    text = await metrics.render(health, request_tally)
    return Response(text, media_type=_TEXT, headers={"cache-control": "no-store"})


handlers = [get_metrics]
