"""`/health`, its two short forms, and the few settings that the page needs before anyone signs in."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from redis.asyncio import Redis

from mammogram_viewer import __version__
from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.operations.health import Health, check_health

_OPT = {"policy": policy.PUBLIC}


class PublicSettings(Wire, frozen=True):
    """Limits that the page names before it uploads."""

    version: str
    max_upload_bytes: int
    max_files_per_request: int


@get("/health", opt=_OPT, tags=["health"], summary="Database, Redis and storage")
async def get_health(
    db: dependencies.Db, redis_client: NamedDependency[Redis], storage: NamedDependency[Storage]
) -> Response[Health]:
    """503 when the service cannot serve."""
    health = await check_health(db, redis_client, storage, __version__)
    return Response(health, status_code=503 if health.status == "down" else 200, headers={"cache-control": "no-store"})


@get("/health/live", opt=_OPT, tags=["health"], summary="The process answers")
async def get_live() -> dict[str, str]:
    """Nothing but that."""
    return {"status": "ok"}


@get("/health/ready", opt=_OPT, tags=["health"], summary="Requests can be served")
async def get_ready(
    db: dependencies.Db, redis_client: NamedDependency[Redis], storage: NamedDependency[Storage]
) -> Response[dict[str, str]]:
    """503 until PostgreSQL and storage answer."""
    health = await check_health(db, redis_client, storage, __version__)
    return Response({"status": health.status}, status_code=503 if health.status == "down" else 200)


@get("/api/settings/public", opt=_OPT, tags=["health"], summary="Limits that the page shows")
async def get_public_settings(settings: dependencies.Settings) -> PublicSettings:
    return PublicSettings(
        version=__version__,
        max_upload_bytes=settings.max_upload_bytes,
        max_files_per_request=settings.max_files_per_request,
    )


handlers = [get_health, get_live, get_ready, get_public_settings]
