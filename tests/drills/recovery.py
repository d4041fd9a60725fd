"""`--recovery`: how long jobs wait after kill -9 of their worker and after FLUSHALL, with production's settings."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg

from drills.house import House
from drills.senders import LARGE, Bodies, sign_in
from drills.storm import Outcome, finish, summary
from mammogram_viewer.adapters.database.migrate import apply_migrations
from product import add_people

KILL_TARGET_SECONDS = 12.0
FLUSH_TARGET_SECONDS = 60.0
_KILLS = 8
_FLUSHES = 3
_BATCH = 24
_LONGEST_SECONDS = 180.0


def measure_recovery(folder: Path, settings: dict[str, str], say: Callable[[str], None]) -> Outcome:
    """One worker, as under `serve`, killed while it decodes and started again at once; then FLUSHALL while jobs wait.
    Measured to the next attempt of each job that was lost, and to the end of the last one."""
    outcome = Outcome()
    times: dict[str, list[float]] = {}
    with House(folder / "data", settings, seed=1) as house:
        house.start_servers()
        for preparation in (house.postgres.ensure_database(), apply_migrations(house.postgres.dsn)):
            finish(preparation)
        finish(add_people(house.postgres.dsn))
        for name in ("api", "worker"):
            house.start_program(name)
        bench = _Bench(house)
        for number in range(_KILLS):
            _kill_once(bench, number, times)
            say(f"kill {number + 1} of {_KILLS}: {times['kill -9: to the next attempt'][-1]:.1f} s")
        for number in range(_FLUSHES):
            _flush_once(bench, number, times)
            say(f"FLUSHALL {number + 1} of {_FLUSHES}: {times['FLUSHALL: until all have ended'][-1]:.1f} s")
    outcome.numbers["recovery"] = {name: summary(values) for name, values in times.items()}
    outcome.numbers["targets"] = {"kill -9": KILL_TARGET_SECONDS, "FLUSHALL": FLUSH_TARGET_SECONDS}
    for name, target in (
        ("kill -9: to the next attempt", KILL_TARGET_SECONDS),
        ("FLUSHALL: to the last job's attempt", FLUSH_TARGET_SECONDS),
    ):
        if max(times[name]) > target:
            outcome.troubles.append(f"{name}: {max(times[name]):.1f} s, more than {target:.0f} s")
    return outcome


class _Bench:
    """A house with one worker, a client, and questions to its rows."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._client = sign_in(house.base_url, "user")
        self._bodies = Bodies(1, large=True)

    def upload(self, numbers: list[int]) -> list[str]:
        """The ids of their jobs."""
        files = [("files", (str(number), self._bodies.make(number))) for number in numbers]
        answer = self._client.post("/api/images", files=files)
        assert answer.status_code == 202, answer.text
        digests = {hashlib.sha256(body).hexdigest() for _, (_, body) in files}
        assert {image["sha256"] for image in answer.json()["images"]} == digests
        return [image["jobId"] for image in answer.json()["images"]]

    def ask(self, sql: str, *values: object) -> list[asyncpg.Record]:
        return finish(self._ask(sql, *values))

    async def _ask(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.house.postgres.dsn)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited {_LONGEST_SECONDS:.0f} s in vain until {what}"
            self.house.tend()
            time.sleep(0.02)

    def all_ended(self, job_ids: list[str]) -> bool:
        return not self.ask("SELECT id FROM job_queue WHERE id = ANY($1) AND finished_at IS NULL", job_ids)


def _kill_once(bench: _Bench, number: int, times: dict[str, list[float]]) -> None:
    """A mammogram of 27 MB takes a second to render: long enough to be killed in the middle of it."""
    jobs = bench.upload([LARGE + 2 * number, LARGE + 2 * number + 1])
    running = "SELECT j.id FROM job_queue j JOIN job_attempts a ON a.job_id = j.id WHERE j.id = ANY($1)"
    bench.wait(lambda: bench.ask(f"{running} AND j.status = 'active'", jobs), "a job runs")
    killed = time.time()
    held = [row["id"] for row in bench.ask(f"{running} AND a.finished_at IS NULL", jobs)]
    bench.house.stop_hard("worker")
    bench.wait(lambda: bench.all_ended(jobs), "the jobs have ended")
    rows = bench.ask(
        """SELECT extract(epoch FROM min(started_at)) - $2 AS waited FROM job_attempts
           WHERE job_id = ANY($1) AND extract(epoch FROM started_at) > $2 GROUP BY job_id""",
        held,
        killed,
    )
    times.setdefault("kill -9: to the next attempt", []).extend(float(row["waited"]) for row in rows)
    last = bench.ask("SELECT extract(epoch FROM max(finished_at)) FROM job_queue WHERE id = ANY($1)", jobs)[0][0]
    times.setdefault("kill -9: until all have ended", []).append(float(last) - killed)


def _flush_once(bench: _Bench, number: int, times: dict[str, list[float]]) -> None:
    """FLUSHALL as soon as the first of many jobs runs: Redis knows them all, and nearly all still wait."""
    jobs = bench.upload([number * _BATCH + n for n in range(_BATCH)])
    bench.wait(lambda: bench.ask("SELECT 1 FROM job_attempts WHERE job_id = ANY($1)", jobs), "the first job runs")
    flushed = time.time()
    assert bench.house.flush_redis()
    bench.wait(lambda: bench.all_ended(jobs), "the jobs have ended")
    rows = bench.ask(
        """SELECT extract(epoch FROM max(finished_at)) AS ended,
                  (SELECT extract(epoch FROM max(started_at)) FROM job_attempts WHERE job_id = ANY($1)) AS started
           FROM job_queue WHERE id = ANY($1)""",
        jobs,
    )
    times.setdefault("FLUSHALL: to the last job's attempt", []).append(float(rows[0]["started"]) - flushed)
    times.setdefault("FLUSHALL: until all have ended", []).append(float(rows[0]["ended"]) - flushed)
