"""The product as a drill keeps house with it: PostgreSQL, Valkey, the API and two workers, each as its own process.

A small supervisor like that of `serve`, but one that may also keep a server away for a while, start a part with a crash
point, freeze a worker, and does not give up after ten deaths in a minute. Everything happens in the main thread
(`adapters/children.py` wants it), in `tend`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil
import redis

from mammogram_viewer.adapters import children
from mammogram_viewer.adapters.children import Server
from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
from product import free_port

CRASHED = 137  # foundation/crash_points.py
WORKERS = ("worker", "second worker")
_CHILD_WAIT_SECONDS = 3.0


@dataclass
class _Program:
    """`python -m mammogram_viewer NAME`, as production starts it."""

    name: str
    command: str
    environ: dict[str, str]
    crash_at: str = ""
    stop_signal: signal.Signals = signal.SIGTERM

    def prepare(self) -> None:
        """The servers below it are there already, or it waits for them."""

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        return children.spawn(
            [sys.executable, "-P", "-m", "mammogram_viewer", self.command],
            death_signal=self.stop_signal,
            environ={**self.environ, "MAMMOGRAM_VIEWER_TEST_CRASH_AT": self.crash_at},
            output=output,
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        return process.poll() is None


@dataclass
class _Tenant:
    part: Server
    log: IO[bytes]
    process: subprocess.Popen[bytes]
    restart_at: float | None = None
    killed: bool = False
    frozen_until: float | None = None


@dataclass(frozen=True)
class Kill:
    """What was done to whom; `at` in seconds of the wall clock, `pid` of the worker that died, if one did."""

    part: str
    at: float
    pid: int


@dataclass
class House:
    """Use as a context manager. `settings` are environment variables for API and workers."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    postgres_options: dict[str, str] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.postgres = EmbeddedPostgres(self.data_dir, options=self.postgres_options)
        self.valkey = EmbeddedRedis(self.data_dir)
        self.kills: list[Kill] = []
        self.crashed: Counter[str] = Counter()
        self.own_deaths: list[str] = []
        self._tenants: dict[str, _Tenant] = {}
        self._random = random.Random(self.seed)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """As an operator would set it; nothing of the developer's own leads to real data."""
        own = ("MAMMOGRAM_VIEWER_", "AWS_", "DATABASE_", "REDIS_", "STORAGE_", "HOST", "PORT", "DATA_DIR")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(own)},
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            **self.settings,
        }

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        for name in [*WORKERS, "api", "redis", "postgres"]:
            self.stop(name)

    def start_servers(self) -> None:
        for server in (self.postgres, self.valkey):
            self._move_in(server)
            children.wait_until_ready(server, self._tenants[server.name].process)

    def start_program(self, name: str) -> None:
        """`api`, or one of WORKERS."""
        self._move_in(_Program(name, "api" if name == "api" else "worker", self.environment()))

    def _move_in(self, part: Server) -> None:
        part.prepare()
        log = (self.data_dir / f"drill {part.name}.log").open("ab")
        self._tenants[part.name] = _Tenant(part, log, part.start(log))

    def stop(self, name: str) -> None:
        """An orderly end, unless it is gone already."""
        tenant = self._tenants.pop(name, None)
        if tenant is not None:
            tenant.process.send_signal(signal.SIGCONT)
            children.stop(tenant.process, tenant.part.stop_signal, grace_seconds=30)
            tenant.log.close()

    def tend(self) -> None:
        """Start again what has ended; called every few milliseconds."""
        now = time.monotonic()
        for tenant in self._tenants.values():
            if tenant.frozen_until is not None and now >= tenant.frozen_until:
                tenant.process.send_signal(signal.SIGCONT)
                tenant.frozen_until = None
            if tenant.restart_at is None and tenant.process.poll() is not None:
                self._note_death(tenant)
                # As after a death under a supervisor: at once, or after a moment.
                tenant.restart_at = now + self._random.choice((0.0, 0.0, 0.5))
            if tenant.restart_at is not None and now >= tenant.restart_at:
                tenant.part.prepare()
                tenant.process = tenant.part.start(tenant.log)
                tenant.restart_at, tenant.killed, tenant.frozen_until = None, False, None

    def _note_death(self, tenant: _Tenant) -> None:
        code, part = tenant.process.returncode, tenant.part
        if isinstance(part, _Program) and part.crash_at and code == CRASHED:
            self.crashed[part.crash_at] += 1
            self.kills.append(Kill("crash point", time.time(), tenant.process.pid))
            part.crash_at = ""
        elif not tenant.killed:
            self.own_deaths.append(f"{part.name} ({code})")

    def kill(self, part: str) -> bool:
        """kill -9. `child` is a decoder child, or now and then the fork server it comes from. False when there was
        nothing to kill."""
        if part == "child":
            return self._kill_child()
        name = self._random.choice(WORKERS) if part == "worker" else part
        tenant = self._tenants.get(name)
        if tenant is None or tenant.process.poll() is not None:
            return False
        if part == "postgres" and self._random.random() < 0.25:
            return self._kill_backend(tenant)
        tenant.killed = True
        self.kills.append(Kill(part, time.time(), tenant.process.pid))
        tenant.process.kill()
        return True

    def stop_hard(self, name: str) -> None:
        """kill -9 of exactly this one; `tend` starts it again."""
        self._tenants[name].killed = True
        self._tenants[name].process.kill()

    def _kill_backend(self, tenant: _Tenant) -> bool:
        """One of PostgreSQL's own processes: the postmaster then ends all others and recovers by itself."""
        family = psutil.Process(tenant.process.pid).children()
        if not family:
            return False
        self.kills.append(Kill("postgres", time.time(), tenant.process.pid))
        self._random.choice(family).kill()
        return True

    def _kill_child(self) -> bool:
        deadline = time.monotonic() + _CHILD_WAIT_SECONDS
        while time.monotonic() < deadline:
            for name in self._random.sample(WORKERS, len(WORKERS)):
                tenant = self._tenants.get(name)
                victim = None if tenant is None else self._find_child(tenant.process.pid)
                if victim is not None:
                    self.kills.append(Kill("child", time.time(), victim.pid))
                    victim.kill()
                    return True
            self.tend()
            time.sleep(0.005)
        return False

    def _find_child(self, worker_pid: int) -> psutil.Process | None:
        try:
            for server in psutil.Process(worker_pid).children():
                if family := server.children():
                    return server if self._random.random() < 0.15 else self._random.choice(family)
        except psutil.NoSuchProcess:
            return None
        return None

    def arm(self, point: str) -> None:
        """Kill a part and start it so that it ends at the crash point, once."""
        name = self._random.choice(WORKERS) if point in ("after_render", "after_publish") else "api"
        tenant = self._tenants[name]
        assert isinstance(tenant.part, _Program)
        tenant.part.crash_at = point
        tenant.killed = True
        tenant.process.kill()

    @property
    def armed(self) -> list[str]:
        """Crash points that have not been met yet."""
        parts = [tenant.part for tenant in self._tenants.values()]
        return [part.crash_at for part in parts if isinstance(part, _Program) and part.crash_at]

    def freeze(self, seconds: float) -> None:
        """Stop a worker for longer than its locks last: its jobs go to the other one, and then it goes on."""
        tenant = self._tenants[self._random.choice(WORKERS)]
        if tenant.process.poll() is None:
            self.kills.append(Kill("freeze", time.time(), tenant.process.pid))
            tenant.process.send_signal(signal.SIGSTOP)
            tenant.frozen_until = time.monotonic() + seconds

    def keep_away(self, name: str, seconds: float) -> None:
        """kill -9, and not started again for so long."""
        tenant = self._tenants[name]
        tenant.killed = True
        tenant.process.kill()
        tenant.process.wait()
        self.kills.append(Kill("no Redis", time.time(), tenant.process.pid))
        tenant.restart_at = time.monotonic() + seconds

    def flush_redis(self) -> bool:
        """FLUSHALL; False when Redis is just being started again."""
        client = redis.Redis.from_url(self.valkey.url, socket_timeout=5)
        try:
            client.flushall()
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()
        self.kills.append(Kill("FLUSHALL", time.time(), 0))
        return True

    def wait_servers(self, seconds: float = 60) -> None:
        """Until PostgreSQL and Valkey answer again."""
        deadline = time.monotonic() + seconds
        while not all(s.is_ready(self._tenants[s.name].process) for s in (self.postgres, self.valkey)):
            assert time.monotonic() < deadline, "PostgreSQL or Valkey did not come back"
            self.tend()
            time.sleep(0.02)
