"""What Prometheus may know: how much, how long, how often; never who or whose.

Jobs, queues and workers are read from PostgreSQL, so that every API process tells the same of all of them; requests,
the pool and the process are this one's own. With PostgreSQL away the rest is still told, and `up` says so.

**Invariant:** labels are taken from closed sets: our queues, kinds, states, reasons and route templates."""

from __future__ import annotations

import asyncio
import logging
import platform
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import asyncpg
from prometheus_client import ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from mammogram_viewer import __version__
from mammogram_viewer.activity.service import count_unfolded, sum_own_acts
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.adapters.storage.port import FILE_CHANGED, FILE_MISSING, STORAGE_UNAVAILABLE
from mammogram_viewer.foundation.reasons import REASONS
from mammogram_viewer.imaging.order import RECIPE_VERSION
from mammogram_viewer.jobs import tally
from mammogram_viewer.jobs.control import CANCELLED, QueueControl
from mammogram_viewer.jobs.models import QUEUES
from mammogram_viewer.jobs.pulse import list_ended_lately
from mammogram_viewer.jobs.stats import QueueStats
from mammogram_viewer.jobs.tally import AttemptTally
from mammogram_viewer.operations.health import Health
from mammogram_viewer.operations.request_tally import LATENCY_SECONDS, RequestTally

log = logging.getLogger(__name__)
_PREFIX = "mammogram_viewer_"
_DATABASE_SECONDS = 5.0  # Prometheus gives up after ten
_KEEP_SECONDS = 1.0
_STATES = ("waiting", "prioritized", "active", "delayed", "completed", "rejected", "failed", "cancelled")
# Reasons of jobs beside those of files.
_JOB_REASONS = frozenset(
    {
        *("unexpected", "interrupted", CANCELLED),
        *("storage_full", "storage_damaged", STORAGE_UNAVAILABLE, FILE_MISSING, FILE_CHANGED),
        *("not_delivered", "delivery_refused"),
    }
)
_KIND = re.compile(r"[a-z][a-z_]{1,40}")
_OTHER = "other"
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Metrics:
    """One instance a process."""

    def __init__(self, db: asyncpg.Pool, control: QueueControl, stats: QueueStats, views: ViewTracker) -> None:
        self._db = db
        self._control = control
        self._stats = stats
        self._views = views
        self._attempts = AttemptTally(db)
        self._process = ProcessCollector(registry=None)
        self._lock = asyncio.Lock()
        self._from_rows: list[Metric] = []
        self._read_at = -1e9

    async def render(self, health: Health, requests: RequestTally) -> bytes:
        """The text exposition format, version 0.0.4."""
        families = [*_of_health(health), *_of_pool(self._db), *_of_requests(requests), *self._process.collect()]
        families += _of_views(self._views)
        families += await self._of_rows(reachable=health.database.status == "ok")
        return generate_latest(_Collected(families))

    async def _of_rows(self, *, reachable: bool) -> list[Metric]:
        """At most a second old, however many ask; nothing while PostgreSQL is away."""
        async with self._lock:
            if reachable and time.monotonic() - self._read_at >= _KEEP_SECONDS:
                try:
                    async with asyncio.timeout(_DATABASE_SECONDS):
                        self._from_rows = [*await self._of_queues(), *await self._of_jobs(), *await self._of_facts()]
                except _AWAY as problem:
                    log.warning("metrics_without_rows", extra={"problem": type(problem).__name__})
                    reachable = False
                self._read_at = time.monotonic()
            return self._from_rows if reachable else []

    async def _of_queues(self) -> list[Metric]:
        counts, settings = await self._stats.count(), await self._control.list_settings()
        workers = [worker for worker in await self._stats.list_workers() if worker.alive]
        jobs = _gauge("queue_jobs", "Jobs in each queue by state.", ["queue", "state"])
        oldest = _gauge(
            "queue_oldest_waiting_seconds", "Age of the oldest job that waits; 0 when none does.", ["queue"]
        )
        paused = _gauge("queue_paused", "1 while the queue is paused.", ["queue"])
        serving = _gauge("queue_workers", "Live workers that serve the queue.", ["queue"])
        concurrency = _gauge("queue_concurrency", "Jobs at once, of all live workers together.", ["queue"])
        for name in QUEUES:
            for state in _STATES:
                jobs.add_metric([name, state], getattr(counts[name], state))
            oldest.add_metric([name], counts[name].oldest_waiting_seconds or 0.0)
            paused.add_metric([name], settings[name].paused_at is not None)
            serving.add_metric([name], sum(name in worker.queues for worker in workers))
            concurrency.add_metric([name], sum(worker.queues.get(name, 0) for worker in workers))
        alive = _gauge("workers", "Live workers.", [])
        alive.add_metric([], len(workers))
        return [jobs, oldest, paused, serving, concurrency, alive]

    async def _of_jobs(self) -> list[Metric]:
        await self._attempts.read()
        assert self._attempts.since is not None
        lately = Counter[tuple[str, str, str]]()
        for kind, outcome, reason, jobs in await list_ended_lately(self._db):
            lately[_kind(kind), outcome, _reason(reason)] += jobs
        ended = _gauge("jobs_ended_last_hour", "Jobs that ended within the last hour.", ["kind", "outcome", "reason"])
        for labels, jobs in lately.items():
            ended.add_metric(labels, jobs)
        reconciled = CounterMetricFamily(
            f"{_PREFIX}jobs_reconciled", "Jobs that Redis had lost and that were added to it again."
        )
        mended = await sum_own_acts(self._db, "jobs_reconciled", "jobs", since=self._attempts.since)
        reconciled.add_metric([], mended)
        return [ended, reconciled, *self._of_attempts()]

    async def _of_facts(self) -> list[Metric]:
        lines = _gauge("analytics_inbox_lines", "Facts that the roll-ups do not hold yet.", [])
        lines.add_metric([], await count_unfolded(self._db))
        return [lines]

    def _of_attempts(self) -> Iterator[Metric]:
        attempts = CounterMetricFamily(
            f"{_PREFIX}job_attempts", "Attempts of jobs that ended.", labels=["kind", "outcome", "reason"]
        )
        counted = Counter[tuple[str, str, str]]()
        for (kind, outcome, reason), count in self._attempts.ended.items():
            counted[_kind(kind), outcome, _reason(reason)] += count
        for labels, count in counted.items():
            attempts.add_metric(labels, count)
        durations = HistogramMetricFamily(
            f"{_PREFIX}job_attempt_duration_seconds", "Time from an attempt's begin to its end.", labels=["kind"]
        )
        for kind, taken in self._attempts.durations.items():
            if _kind(kind) == kind:
                durations.add_metric([kind], _buckets(tally.DURATION_SECONDS, taken.buckets), taken.sum_seconds)
        yield attempts
        yield durations


class _Collected(Collector):
    """What was gathered beforehand: the client library collects without awaiting."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _gauge(name: str, words: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, words, labels=labels)


def _buckets(ends: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    return list(zip([*map(str, ends), "+Inf"], map(float, accumulate(counts)), strict=True))


def _kind(kind: str) -> str:
    """Kinds are code's own; what a foreign hand wrote into a row is told apart."""
    return kind if _KIND.fullmatch(kind) else _OTHER


def _reason(reason: str) -> str:
    return reason if not reason or reason in REASONS or reason in _JOB_REASONS else _OTHER


def _of_health(health: Health) -> Iterator[Metric]:
    build = _gauge("build_info", "Always 1; its labels say what runs.", ["version", "recipe", "python"])
    build.add_metric([health.version or __version__, str(RECIPE_VERSION), platform.python_version()], 1)
    yield build
    up = _gauge("up", "1 while the part answers; of queues: while every job has a worker to wait for.", ["part"])
    for part in ("database", "redis", "storage", "queues"):
        up.add_metric([part], getattr(health, part).status == "ok")
    yield up
    for name, words, value in (
        ("storage_free_bytes", "Bytes that storage has left; absent for a bucket.", health.storage.free_bytes),
        ("storage_used_bytes", "Bytes that storage has used; absent for a bucket.", health.storage.used_bytes),
        ("redis_used_memory_bytes", "Memory of Redis.", health.redis.used_memory_bytes),
    ):
        if value is not None:
            gauge = _gauge(name, words, [])
            gauge.add_metric([], value)
            yield gauge


def _of_pool(db: asyncpg.Pool) -> Iterator[Metric]:
    idle, size = db.get_idle_size(), db.get_size()
    connections = _gauge("database_connections", "Connections of this process.", ["state"])
    connections.add_metric(["idle"], idle)
    connections.add_metric(["used"], size - idle)
    yield connections
    limit = _gauge("database_connections_limit", "Most connections that this process may hold.", [])
    limit.add_metric([], db.get_max_size())
    yield limit


def _of_views(views: ViewTracker) -> Iterator[Metric]:
    waiting = _gauge("views_waiting", "Openings and heartbeats of images that are not yet written.", [])
    waiting.add_metric([], views.waiting)
    yield waiting
    dropped = CounterMetricFamily(f"{_PREFIX}views_dropped", "Openings and heartbeats of images that never were.")
    dropped.add_metric([], views.dropped)
    yield dropped


def _of_requests(requests: RequestTally) -> Iterator[Metric]:
    counted = CounterMetricFamily(
        f"{_PREFIX}http_requests", "Requests that this process has answered.", labels=["method", "route", "status"]
    )
    latency = HistogramMetricFamily(
        f"{_PREFIX}http_request_duration_seconds",
        "Time until the head of the answer left.",
        labels=["method", "route"],
    )
    for (method, template), route in requests.routes.items():
        for status, count in route.statuses.items():
            counted.add_metric([method, template, str(status)], count)
        latency.add_metric([method, template], _buckets(LATENCY_SECONDS, route.buckets), route.sum_seconds)
    yield counted
    yield latency
