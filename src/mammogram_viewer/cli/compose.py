"""The composition root: the one place that names concrete adapters and ties the parts together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from mammogram_viewer.activity.reads import ReadDatabase
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.adapters import sockets
from mammogram_viewer.adapters.database.embedded import socket_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.database.replica import open_replica
from mammogram_viewer.adapters.nursery import Nursery
from mammogram_viewer.adapters.redis.connection import open_client
from mammogram_viewer.adapters.redis.embedded import socket_url
from mammogram_viewer.analytics.fold import Folder
from mammogram_viewer.analytics.live import LiveHub
from mammogram_viewer.analytics.report import Reports
from mammogram_viewer.analytics.service import AnalyticsService
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.cli.storage import open_storage
from mammogram_viewer.foundation import logs
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake import archives
from mammogram_viewer.intake.archives import ArchiveOpener
from mammogram_viewer.intake.receive import Intake
from mammogram_viewer.intake.resumable import ResumableUploads
from mammogram_viewer.intake.resumable_finish import Finisher
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.models import (
    CONVERT_DICOM,
    QUEUES,
    REMAKE_RENDITIONS,
    RENDER_ON_DEMAND,
    RENDER_PICTURE,
)
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.stats import QueueStats
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.notifications.hub import EventHub
from mammogram_viewer.notifications.preferences import WebhookTrial
from mammogram_viewer.operations.metrics import Metrics
from mammogram_viewer.operations.queues import QueueOffice
from mammogram_viewer.web.resources import Resources

log = logging.getLogger(__name__)


def database_address(settings: Settings) -> str:
    """The DSN for the long-running parts: unlike `database_dsn` it does not ask whether the server answers
    right now, because the supervisor may be about to restart it."""
    return settings.database_url or socket_dsn(sockets.socket_dir(settings.data_dir))


def redis_address(settings: Settings) -> str:
    """The same for Redis."""
    if settings.redis_url:
        return settings.redis_url
    if settings.redis_host:
        return f"redis://{settings.redis_host}:{settings.redis_port}/0"
    return socket_url(sockets.socket_dir(settings.data_dir))


@asynccontextmanager
async def _read_database(settings: Settings, db: asyncpg.Pool, part: str) -> AsyncIterator[ReadDatabase]:
    """For reads that may lag: with DATABASE_REPLICA_URL in the API, else the primary alone."""
    lag = settings.replica_max_lag_seconds
    if not settings.database_replica_url or part == "worker":
        yield ReadDatabase(db, None, max_lag_seconds=lag)
        return
    async with open_replica(
        settings.database_replica_url,
        db,
        size=settings.database_pool_size,
        max_lag_seconds=lag,
        timeout_seconds=settings.replica_timeout_seconds,
        application_name=f"mammogram-viewer {part} replica",
    ) as replica:
        yield ReadDatabase(db, replica, max_lag_seconds=lag)


@asynccontextmanager
async def open_resources(settings: Settings, part: str, nursery: Nursery) -> AsyncIterator[Resources]:
    """Everything a part works with, closed again in reverse order; `nursery` stays its maker's."""
    settings.spool_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    redis_url = redis_address(settings)
    storage = open_storage(settings)
    db = await open_pool(
        database_address(settings), size=settings.database_pool_size, application_name=f"mammogram-viewer {part}"
    )
    redis_client = open_client(redis_url)
    wake_up = WakeUp(redis_url, settings)
    queue = QueueService(db, wake_up, settings)
    queue_control = QueueControl(db, wake_up)
    queue_stats = QueueStats(db)
    events = EventHub(db, database_address(settings), queue_stats, queue_control, settings)
    analytics_live = LiveHub(db, database_address(settings), settings)
    links = RenditionLinks(db, settings.public_rendition_base_url, link_seconds=settings.rendition_link_seconds)
    reads = contextlib.AsyncExitStack()
    intake, opener = Intake(db, storage, queue), ArchiveOpener(nursery, settings)
    view_tracker = ViewTracker(db, settings)
    analytics = AnalyticsService(db, settings, links)
    loops = (Folder(db, settings).run_forever, view_tracker.run_forever, analytics.run_forever)
    beside = [asyncio.create_task(run()) for run in loops]
    try:
        yield Resources(
            settings=settings,
            db=db,
            read_db=await reads.enter_async_context(_read_database(settings, db, part)),
            view_tracker=view_tracker,
            redis_client=redis_client,
            storage=storage,
            wake_up=wake_up,
            queue=queue,
            rendition_links=links,
            queue_control=queue_control,
            queue_stats=queue_stats,
            queue_office=QueueOffice(db, queue_control),
            metrics=Metrics(db, queue_control, queue_stats, view_tracker),
            intake=intake,
            archives=opener,
            resumable=ResumableUploads(db, Finisher(db, intake, opener), settings),
            events=events,
            webhook_trial=WebhookTrial(),
            analytics=analytics,
            analytics_live=analytics_live,
            reports=Reports(analytics, settings),
        )
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await view_tracker.aclose()
        await analytics.aclose()
        await events.aclose()
        await analytics_live.aclose()
        await reads.aclose()
        await wake_up.close()
        await redis_client.aclose()
        await db.close()


def run_api(settings: Settings) -> None:
    """Serve the API and the page until SIGTERM (blocking)."""
    from mammogram_viewer.web.app import create_app
    from mammogram_viewer.web.memory import collect_garbage_rarely, keep_freed_memory

    logs.configure("api", settings.log_level)
    keep_freed_memory()
    nursery = Nursery(settings, archives.PRELOAD)
    app = create_app(lambda: open_resources(settings, "api", nursery), pictures_from=settings.public_rendition_base_url)
    collect_garbage_rarely()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
        proxy_headers=bool(settings.public_url),
    )
    server = _Server(config, before_shutdown=lambda: (app.state.events.end(), app.state.analytics_live.end()))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


class _Server(uvicorn.Server):
    """uvicorn waits for answers under way before it tells the application to stop; endless ones must end first."""

    def __init__(self, config: uvicorn.Config, before_shutdown: Callable[[], object]) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_shutdown()
        await super().shutdown(sockets)


def run_worker(settings: Settings, queues: list[str] | None = None, concurrency: int | None = None) -> None:
    """Work on the queues until SIGTERM (blocking)."""
    from mammogram_viewer.renditions.task import PRELOAD

    logs.configure("worker", settings.log_level)
    # First of all, while this process has one thread and no connection: children inherit nothing.
    nursery = Nursery(settings, PRELOAD)
    try:
        asyncio.run(_work(settings, nursery, queues or list(QUEUES), concurrency))
    finally:
        nursery.close()


async def _work(settings: Settings, nursery: Nursery, queues: list[str], concurrency: int | None) -> None:
    from mammogram_viewer.analytics.report_mail import MonthlyReports
    from mammogram_viewer.notifications.deliver import Deliverer, Dispatcher
    from mammogram_viewer.renditions.jobs import Renderer
    from mammogram_viewer.worker.heartbeat import Heartbeat
    from mammogram_viewer.worker.maintenance import Maintenance
    from mammogram_viewer.worker.processor import Processor
    from mammogram_viewer.worker.reconciler import Reconciler
    from mammogram_viewer.worker.run import WorkerPool, queue_concurrency, run_until_stopped

    async with open_resources(settings, "worker", nursery) as resources:
        db, control = resources.db, resources.queue_control
        renderer = Renderer(db, resources.storage, nursery, settings)
        maintenance = Maintenance(db, resources.storage, resources.wake_up, settings)
        rendering = (CONVERT_DICOM, RENDER_PICTURE, REMAKE_RENDITIONS, RENDER_ON_DEMAND)
        deliverer = Deliverer(db, settings)
        monthly = MonthlyReports(db, resources.queue, resources.reports, settings)
        mailing = {**deliverer.runners, **monthly.runners}
        runners = {**dict.fromkeys(rendering, renderer.run), **maintenance.runners, **mailing}
        processor = Processor(db, runners, settings)
        pool = WorkerPool(
            processor, redis_address(settings), settings, queue_concurrency(settings, queues, concurrency)
        )
        reconciler = Reconciler(db, resources.storage, resources.queue, control, maintenance, settings)
        dispatcher = Dispatcher(db, resources.queue, settings)
        beside = [asyncio.create_task(run()) for run in (dispatcher.run_forever, monthly.run_forever)]
        try:
            await run_until_stopped(pool, reconciler, Heartbeat(db, control, pool, processor), settings)
        finally:
            for task in beside:
                task.cancel()
