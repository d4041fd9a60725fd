"""`serve`: everything in one process tree. This process supervises; PostgreSQL, Valkey, `api` and `worker`
are its children, started in that order and stopped in the reverse one.

Heavy imports wait until the servers are starting: a second start is ready in well under three seconds."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres, explain
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
from mammogram_viewer.cli.lock import DataDirLock, explain_os_error, prepare_data_dir
from mammogram_viewer.cli.parts import ApiPart, ProgramPart, local_host, port_is_free
from mammogram_viewer.cli.supervisor import Part, StopRequested, Supervisor
from mammogram_viewer.foundation.errors import StartupProblem
from mammogram_viewer.foundation.settings import MIB, Settings

# A killed predecessor's API may hold the port while it ends.
_PORT_WAIT_SECONDS = 15.0
_POSTGRES_GRACE_SECONDS = 30.0
_API_GRACE_SECONDS = 25.0  # uvicorn lets open requests end for 20 s


@dataclass(frozen=True)
class _Started:
    """What the greeting tells."""

    seconds: float
    setup_token: str | None
    migrations: list[str]


def serve(
    settings: Settings,
    *,
    further_parts: Iterable[Part] = (),
    on_tick: Callable[[Supervisor], None] | None = None,
) -> None:
    """Run until Ctrl-C or SIGTERM. Every trouble that we expect is a StartupProblem or Unavailable.

    `further_parts` and `on_tick` are what `dev` adds."""
    began = time.monotonic()
    prepare_data_dir(settings.data_dir)
    with DataDirLock(settings.data_dir) as lock:
        _check_port(settings, _PORT_WAIT_SECONDS if lock.predecessor_was_killed else 0)
        try:
            _supervise(settings, began, further_parts, on_tick)
        except OSError as trouble:
            raise StartupProblem(explain_os_error(trouble, settings.data_dir)) from trouble
    _say("Stopped. Nothing is left running.")


def _supervise(
    settings: Settings,
    began: float,
    further_parts: Iterable[Part],
    on_tick: Callable[[Supervisor], None] | None,
) -> None:
    supervisor = Supervisor(settings.logs_dir, explain=lambda output: explain(output, settings.data_dir), announce=_say)
    with supervisor:
        try:
            setup_token, migrations = _start(settings, supervisor)
            for part in further_parts:
                supervisor.start(part)
            _say(greeting(settings, _Started(time.monotonic() - began, setup_token, migrations)))
            supervisor.run(on_tick)
        except StopRequested:
            pass
        _say("\nStopping …")


def _start(settings: Settings, supervisor: Supervisor) -> tuple[str | None, list[str]]:
    """Start all parts in order; answers the set-up token (None once an administrator exists) and the
    migrations
    that were applied."""
    embedded: list[str] = []
    postgres = None
    if settings.embedded_postgres:
        postgres = EmbeddedPostgres(settings.data_dir, bin_dir=settings.postgres_bin_dir)
        if postgres.account:
            _say(f"User namespaces are forbidden here: PostgreSQL runs as the account {postgres.account!r}.")
        if not postgres.cluster_dir.exists():
            _say("First start: making the database …")
        supervisor.start(postgres, grace_seconds=_POSTGRES_GRACE_SECONDS)
        embedded.append(postgres.name)
    if settings.embedded_redis:
        supervisor.start(EmbeddedRedis(settings.data_dir))
        embedded.append(EmbeddedRedis.name)
    else:
        check_redis(settings)
    supervisor.wait_ready(embedded)
    token, migrations = asyncio.run(_prepare_database(settings, postgres))
    supervisor.check_stop()
    supervisor.start(ApiPart(settings), grace_seconds=_API_GRACE_SECONDS)
    supervisor.start(ProgramPart("worker", settings), grace_seconds=settings.worker_grace_seconds + 5)
    supervisor.wait_ready(["api", "worker"])
    return token, migrations


async def _prepare_database(settings: Settings, postgres: EmbeddedPostgres | None) -> tuple[str | None, list[str]]:
    from mammogram_viewer.adapters.database.migrate import apply_migrations

    if postgres is not None:
        await postgres.ensure_database()
    dsn = postgres.dsn if postgres is not None else settings.database_url
    migrations = await apply_migrations(dsn)
    return await _setup_token(settings, dsn), migrations


async def _setup_token(settings: Settings, dsn: str) -> str | None:
    """The one-time token of the set-up page; None once an administrator exists. Without one, loopback
    only."""
    from mammogram_viewer.accounts.setup import administrator_exists, create_setup_link
    from mammogram_viewer.adapters.database.pool import open_pool

    pool = await open_pool(dsn, size=1, application_name="mammogram-viewer serve")
    try:
        if not await administrator_exists(pool):
            refuse_open_door(settings)
        return await create_setup_link(pool, settings)
    finally:
        await pool.close()


async def check_open_door(settings: Settings, dsn: str) -> None:
    """The same rule for `api` alone, which prints no set-up link."""
    from mammogram_viewer.accounts.setup import administrator_exists
    from mammogram_viewer.adapters.database.connect import connect

    if is_loopback(settings.host):
        return
    connection = await connect(dsn)
    try:
        if not await administrator_exists(connection):
            refuse_open_door(settings)
    finally:
        await connection.close(timeout=5)


def refuse_open_door(settings: Settings) -> None:
    """Until somebody is in charge, the program stays between itself and whoever sits at this machine."""
    if not is_loopback(settings.host):
        raise StartupProblem(
            f"HOST={settings.host} would open the set-up page to the network, and no administrator exists "
            "yet. Start "
            "with HOST=127.0.0.1, run `mammogram-viewer user add EMAIL --role admin`, and start again."
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_redis(settings: Settings) -> None:
    """An external Redis must answer before anything starts; never a credential in the message."""
    import redis

    from mammogram_viewer.adapters.redis.locate import describe, redis_url

    url = redis_url(settings)
    client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
    try:
        client.ping()
    except (redis.RedisError, OSError) as trouble:
        raise StartupProblem(
            f"Redis at {describe(url)} cannot be used ({type(trouble).__name__}). Start it, or correct "
            "REDIS_HOST and REDIS_PORT (or REDIS_URL); without them an embedded one is started."
        ) from None
    finally:
        client.close()


def _check_port(settings: Settings, wait_seconds: float) -> None:
    """The port must be free, or become so while a killed predecessor ends."""
    deadline = time.monotonic() + wait_seconds
    try:
        while not port_is_free(settings.host, settings.port):
            if time.monotonic() >= deadline:
                raise StartupProblem(
                    f"Port {settings.port} is in use by another program. Choose another one: "
                    f"`PORT={settings.port + 1} mammogram-viewer serve`."
                )
            time.sleep(0.1)
    except PermissionError:
        raise StartupProblem(f"Port {settings.port} is not allowed for this user. Set PORT above 1023.") from None
    except OSError as trouble:
        raise StartupProblem(f"HOST={settings.host} is no address of this machine ({trouble.strerror}).") from None


def address(settings: Settings) -> str:
    """What a person types into the browser on this machine."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = local_host(settings.host)
    shown = "localhost" if host in ("127.0.0.1", "::1") else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}"


def greeting(settings: Settings, started: _Started) -> str:
    """The one screen that is printed once everything answers."""
    url = address(settings)
    lines = ["", f"  Mammogram Viewer is ready (after {started.seconds:.1f} s).", "", f"  Open       {url}"]
    if started.setup_token:
        lines += [
            "",
            "  Sign in    Nobody has an account yet. Make yours, the administrator's, with this link",
            f"             (it works once, for {settings.setup_link_seconds // 3600} hours):",
            f"             {url}/setup?token={started.setup_token}",
        ]
    else:
        lines += ["  Sign in    with your account; `mammogram-viewer user list` shows who has one"]
    lines += [
        "",
        f"  Data       {settings.data_dir}",
        f"  Logs       {settings.logs_dir}  (`mammogram-viewer logs -f`)",
    ]
    if started.migrations:
        lines.append(f"  Database   {len(started.migrations)} migrations applied")
    free = shutil.disk_usage(settings.data_dir).free
    if free < settings.min_free_bytes:
        limit = settings.min_free_bytes // MIB
        lines += ["", f"  Warning    Only {free // MIB} MiB are free; uploads are refused below {limit} MiB."]
    lines += ["", "  Example mammograms: `mammogram-viewer demo`.  Trouble: `mammogram-viewer doctor`."]
    lines += ["  Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def _say(text: str) -> None:
    """Speak to the person at the terminal; a closed pipe is no reason to stop serving."""
    try:
        print(text, file=sys.stdout, flush=True)
    except BrokenPipeError:
        return
