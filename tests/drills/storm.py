"""The storm of `make drill`: uploads, and what befalls the product meanwhile, by seed."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import redis

from drills.house import WORKERS, House
from drills.invariants import Archive, Findings, entries_in_redis, examine
from drills.senders import LARGE, Bodies, Ledger, Reader, Sender, Watch, sign_in
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.foundation.crash_points import CRASH_POINTS
from product import add_people

VICTIMS = ("api", "worker", "child", "postgres", "redis")
_SENDERS = 6
_QUIET_SECONDS = 60.0  # longest wait for Redis to be empty after the last row has ended


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything. Times in seconds."""

    seed: int = 1
    uploads: int = 5000
    large_uploads: int = 50
    kills: int = 200
    flushes: int = 20
    freezes: int = 5
    crash_points: tuple[str, ...] = CRASH_POINTS * 2
    away_seconds: float = 60.0
    freeze_seconds: float = 14.0  # longer than a job's lock
    limit_seconds: float = 3600.0

    def events(self) -> list[tuple[float, str, str]]:
        """When (as a share of the uploads), what, to whom; in order of time."""
        chance = random.Random(self.seed)
        events = [("kill", VICTIMS[number % len(VICTIMS)]) for number in range(self.kills)]
        events += [("flush", "")] * self.flushes + [("freeze", "")] * self.freezes
        events += [("arm", point) for point in self.crash_points]
        events += [("away", "redis")] if self.away_seconds else []
        return sorted((chance.uniform(0.02, 0.98), what, whom) for what, whom in events)


@dataclass
class Outcome:
    """What there is to tell. `troubles` is empty when the drill was passed."""

    troubles: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it to its end on a loop of its own, whatever loop the caller may be near."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Storm:
    """One run of a plan in a house that stands already."""

    def __init__(self, plan: Plan, house: House, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._house = house
        self._say = say
        self._began = time.monotonic()
        self._told_at = 0.0
        self._nudged_at = 0.0
        self._events = deque(plan.events())
        self.outcome = Outcome()
        numbers = [*range(plan.uploads), *(LARGE + n for n in range(plan.large_uploads))]
        random.Random(plan.seed).shuffle(numbers)
        self.ledger = Ledger(deque(numbers))
        self._watch = Watch(house.postgres.dsn, self.ledger)
        self._late = False

    @property
    def archive(self) -> Archive:
        return Archive(
            data_dir=self._house.data_dir,
            database_url=self._house.postgres.dsn,
            redis_url=self._house.valkey.url,
        )

    def run(self) -> Outcome:
        """Everything from the first process to the judgement; the servers still run afterwards."""
        threads = self._start()
        reader = threads[-1]
        assert isinstance(reader, Reader)
        self._until(lambda: self.ledger.is_full and not self._events, "everything was sent", self._next_event)
        self._until(lambda: not self._house.armed and self.ledger.is_full, "every crash point was met", self._nudge)
        self._house.wait_servers()
        self._until(self._is_quiet, "every job had ended")
        self.ledger.stop.set()
        for thread in threads:
            thread.join(70)
        self.outcome.counts["looks at what is shown"] = reader.looked
        self._until(lambda: self._judge_queues(reader.client), "the administrators' page answered")
        for name in ("api", *WORKERS):
            self._house.stop(name)
        self._judge()
        return self.outcome

    def _start(self) -> list[Watch | Sender | Reader]:
        house, plan = self._house, self._plan
        house.start_servers()
        finish(house.postgres.ensure_database())
        finish(apply_migrations(house.postgres.dsn))
        finish(add_people(house.postgres.dsn))
        for name in ("api", *WORKERS):
            house.start_program(name)
        bodies = Bodies(plan.seed, large=plan.large_uploads > 0)
        self.bodies = bodies
        threads: list[Watch | Sender | Reader] = [self._watch]
        threads += [
            Sender(sign_in(house.base_url, "user"), bodies, self.ledger, plan.seed + n, lambda: self._watch.unfinished)
            for n in range(_SENDERS)
        ]
        threads.append(Reader(sign_in(house.base_url, "admin"), self.ledger, plan.seed))
        for thread in threads:
            thread.start()
        self._say(f"started after {time.monotonic() - self._began:.0f} s; seed {plan.seed}, data in {house.data_dir}")
        return threads

    def _until(self, condition: Callable[[], bool], what: str, also: Callable[[], None] | None = None) -> None:
        """Keep house until it holds, or say what is missing when the time is over."""
        while not condition():
            if time.monotonic() - self._began > self._plan.limit_seconds:
                if not self._late:
                    self.outcome.troubles.append(
                        f"not within {self._plan.limit_seconds:.0f} s: {what}; {self._state()}"
                    )
                self._late = True
                return
            self._house.tend()
            if also is not None:
                also()
            if time.monotonic() - self._told_at > 10:
                self._told_at = time.monotonic()
                self._say(self._state())
            time.sleep(0.01)

    def _state(self) -> str:
        return (
            f"{time.monotonic() - self._began:5.0f} s  {len(self.ledger.acknowledged)} of {self.ledger.wanted} "
            f"acknowledged, {self._watch.unfinished} unfinished, {len(self._house.kills)} faults, "
            f"{len(self._events)} to come, {len(self.ledger.troubles)} troubles; "
            f"ended by themselves: {', '.join(self._house.own_deaths[-5:]) or 'none'}"
        )

    def _next_event(self) -> None:
        share = len(self.ledger.acknowledged) / self.ledger.wanted
        if self._events and (share >= self._events[0][0] or self.ledger.is_full):
            at, what, whom = self._events.popleft()
            if not self._happen(what, whom):
                self._events.appendleft((at, what, whom))

    def _happen(self, what: str, whom: str) -> bool:
        """False when it cannot happen right now."""
        house, plan = self._house, self._plan
        if what == "kill":
            # Without anything to decode no child can be killed: towards the end any other part takes its place.
            return house.kill(whom) or (whom == "child" and self.ledger.is_full and house.kill("worker"))
        if what == "flush":
            return house.flush_redis()
        if what == "freeze":
            house.freeze(plan.freeze_seconds)
        elif what == "away":
            house.keep_away(whom, plan.away_seconds)
        elif house.armed:
            return self.ledger.is_full and self._give_way()
        else:
            house.arm(whom)
        return True

    def _give_way(self) -> bool:
        self._nudge()
        return False

    def _nudge(self) -> None:
        """A crash point that nobody comes past any more: one more upload leads there."""
        now = time.monotonic()
        if self._house.armed and self.ledger.is_full and self._watch.unfinished == 0 and now - self._nudged_at > 1.5:
            self._nudged_at = now
            self.ledger.wanted += 1
            self.ledger.give_up([b""])
            self.ledger.unanswered.discard(b"")

    def _is_quiet(self) -> bool:
        if self._watch.unfinished:
            return False
        try:
            unfinished = finish(_unfinished(self._house.postgres.dsn))
            return unfinished == 0 and not entries_in_redis(self._house.valkey.url)
        except (OSError, asyncpg.PostgresError, redis.RedisError):
            return False

    def _judge_queues(self, client: httpx.Client) -> bool:
        """What the page of the administrators shows. False while it does not answer."""
        try:
            answer = client.get("/api/admin/queue/stats")
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            return False
        for queue in answer.json()["queues"]:
            left = {name: queue[name] for name in ("waiting", "prioritized", "active", "delayed") if queue[name]}
            if left and queue["name"] != "maintenance":
                self.outcome.troubles.append(f"the queue {queue['name']} still counts {left}")
        return True

    def _judge(self) -> None:
        outcome, ledger, house = self.outcome, self.ledger, self._house
        findings: Findings = finish(examine(self.archive, ledger.acknowledged, ledger.unanswered))
        outcome.troubles += [*ledger.troubles, *findings.violations]
        if len(ledger.acknowledged) < ledger.wanted:
            outcome.troubles.append(f"{ledger.wanted - len(ledger.acknowledged)} uploads were never acknowledged")
        never = [point for point in set(self._plan.crash_points) if not house.crashed[point]]
        outcome.troubles += [f"crash point {point} was never met" for point in never]
        verify = subprocess.run(
            [sys.executable, "-m", "mammogram_viewer", "verify"],
            env={**house.environment(), "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        if verify.returncode:
            outcome.troubles.append(f"verify: {verify.stdout[-1500:]}{verify.stderr[-1500:]}")
        outcome.counts |= {"acknowledged": len(ledger.acknowledged), **findings.counts}
        outcome.counts |= {f"answers: {name}": count for name, count in sorted(ledger.answers.items())}
        outcome.counts |= {f"crash point {name}": count for name, count in house.crashed.items()}
        outcome.counts["parts that ended by themselves"] = len(house.own_deaths)
        outcome.numbers["seconds"] = round(time.monotonic() - self._began, 1)
        outcome.numbers["ended by themselves"] = house.own_deaths[:20]
        outcome.numbers["recovery"] = finish(recovery_times(house))


async def _unfinished(database_url: str) -> int:
    connection = await asyncpg.connect(database_url, timeout=5)
    try:
        return await connection.fetchval(
            """SELECT count(*) FROM job_queue
               WHERE status IN ('pending', 'waiting', 'active', 'delayed') AND image_id IS NOT NULL"""
        )
    finally:
        await connection.close()


async def recovery_times(house: House) -> dict[str, dict[str, float]]:
    """For each part, from its kill to the end of the next job, whichever; and for the jobs that a killed worker held,
    to their next attempt. Seconds, from the rows that the workers themselves wrote."""
    connection = await asyncpg.connect(house.postgres.dsn)
    try:
        ends = await connection.fetch(
            """SELECT extract(epoch FROM finished_at) FROM job_attempts
               WHERE outcome IN ('completed', 'rejected') ORDER BY 1"""
        )
        held = await connection.fetch(
            """SELECT * FROM (
                   SELECT split_part(worker, ':', 2)::int AS pid, outcome, extract(epoch FROM started_at) AS started,
                          extract(epoch FROM lead(started_at) OVER (PARTITION BY job_id ORDER BY id)) AS next
                   FROM job_attempts) runs
               WHERE outcome = 'interrupted' AND next IS NOT NULL"""
        )
    finally:
        await connection.close()
    times: dict[str, list[float]] = {}
    finished = [float(row[0]) for row in ends]
    for kill in house.kills:
        first = next((end for end in finished if end > kill.at), None)
        if first is not None:
            times.setdefault(f"{kill.part}: to the next job done", []).append(first - kill.at)
    deaths = {kill.pid: kill.at for kill in house.kills if kill.part == "worker"}
    for row in held:
        died = deaths.get(row["pid"])
        if died is not None and float(row["started"]) <= died < float(row["next"]):
            times.setdefault("worker: to the next attempt of its jobs", []).append(float(row["next"]) - died)
    return {name: summary(values) for name, values in sorted(times.items())}


def summary(values: list[float]) -> dict[str, float]:
    """Seconds."""
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "median": round(ordered[len(ordered) // 2], 2),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2),
        "max": round(ordered[-1], 2),
    }


def forget_environment() -> None:
    """Nothing of the developer's own environment may lead to real data."""
    for name in ("DATABASE_URL", "REDIS_URL", "REDIS_HOST", "REDIS_PORT", "STORAGE_URL", "DATA_DIR", "HOST", "PORT"):
        os.environ.pop(name, None)
