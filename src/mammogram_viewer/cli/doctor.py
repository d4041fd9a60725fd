"""`doctor`: looks at everything a working installation needs; each trouble comes with what mends it.

Checks never stop one another, change nothing, and print no credential."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from mammogram_viewer.adapters import sockets
from mammogram_viewer.adapters.confinement import layers
from mammogram_viewer.adapters.database.binaries import find_bin_dir
from mammogram_viewer.adapters.database.connect import connect, describe
from mammogram_viewer.adapters.database.embedded import DATABASE, PORT, USER
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.migrate import status
from mammogram_viewer.adapters.database.replica import POSITION
from mammogram_viewer.adapters.redis import locate as redis_location
from mammogram_viewer.adapters.redis.embedded import SOCKET_NAME
from mammogram_viewer.cli.storage import open_storage, s3_endpoint
from mammogram_viewer.foundation.errors import MammogramViewerError, StartupProblem
from mammogram_viewer.foundation.settings import Settings

_OLDEST_POSTGRES = 14
_OLDEST_REDIS = (6, 2)
_DECODERS = ("pydicom", "numpy", "imagecodecs", "cv2", "PIL", "isal")
_MIB = 1024 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Finding:
    """One line of the report. `mend` is what to do when it is not `good`."""

    good: bool
    text: str
    mend: str = ""


def doctor(settings: Settings) -> bool:
    """Print the report; True when nothing is wrong."""
    healthy = True
    for title, check in _CHECKS:
        print(f"{title}")
        for finding in _guarded(check, settings):
            healthy = healthy and finding.good
            print(f"  {'✓' if finding.good else '✗'} {finding.text}")
            if finding.mend and not finding.good:
                print(f"      → {finding.mend}")
    print("Reach the servers in use")
    print(f"  {psql_command(settings)}")
    print(f"  {redis_cli_command(settings)}")
    if shutil.which("redis-cli") is None and shutil.which("valkey-cli") is None:
        print("      (redis-cli is not installed here: `apt-get install redis-tools`)")
    print("Everything is in order." if healthy else "Mend the lines marked ✗, then run this again.")
    return healthy


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except MammogramViewerError as trouble:
        yield Finding(False, trouble.detail)


def check_settings(settings: Settings) -> Iterator[Finding]:
    """That they could be read is proved by our being here; this tells what they mean."""
    yield Finding(True, f"DATA_DIR is {settings.data_dir}")
    yield Finding(True, "database: embedded" if settings.embedded_postgres else "database: DATABASE_URL")
    yield Finding(True, "Redis: embedded" if settings.embedded_redis else "Redis: REDIS_HOST or REDIS_URL")
    yield Finding(True, f"listening on {settings.host}, port {settings.port}")
    page = importlib.util.find_spec("mammogram_viewer.web")
    index = Path(page.origin).parent / "page" / "index.html" if page and page.origin else None
    built = index is not None and index.is_file()
    yield Finding(
        built,
        "the web page is built" if built else "the web page is not built",
        "in the checkout: make install",
    )


def check_database(settings: Settings) -> Iterator[Finding]:
    """Version, and that every migration is applied."""
    if settings.embedded_postgres:
        yield Finding(True, f"binaries in {find_bin_dir(settings.postgres_bin_dir)}")
    dsn = database_dsn(settings)
    version = asyncio.run(_server_version(dsn))
    yield Finding(
        version >= _OLDEST_POSTGRES,
        f"PostgreSQL {version} answers at {describe(dsn)}",
        f"install PostgreSQL {_OLDEST_POSTGRES} or later, or unset DATABASE_URL for the embedded one",
    )
    states = asyncio.run(status(dsn))
    pending = [state.name for state in states if state.state == "pending"]
    changed = [state.name for state in states if state.state == "changed"]
    applied = len(states) - len(pending) - len(changed)
    yield Finding(not pending, f"{applied} migrations applied, {len(pending)} pending", "mammogram-viewer migrate")
    for name in changed:
        yield Finding(False, f"migration {name} was edited after it had been applied", f"restore the file {name}.sql")


def check_replica(settings: Settings) -> Iterator[Finding]:
    """That it follows our database, and how far it is behind."""
    dsn = settings.database_replica_url
    if not dsn:
        yield Finding(True, "none is used (DATABASE_REPLICA_URL is empty)")
        return
    ours, theirs = asyncio.run(_compare_with_replica(database_dsn(settings), dsn))
    same = ours["installation"] == theirs["installation"]
    follows = same and theirs["follows"]
    yield Finding(
        follows,
        f"the server at {describe(dsn)} "
        + ("follows the primary" if follows else "is no standby" if same else "belongs to another installation"),
        "let DATABASE_REPLICA_URL name a streaming replica (hot standby) of the server in DATABASE_URL, or unset it",
    )
    if follows:
        behind = max(0, ours["position"] - theirs["position"])
        yield Finding(
            behind <= _MIB,
            f"it is {behind} bytes of log behind",
            "see why it does not keep up; until then lists are read from the primary",
        )


async def _compare_with_replica(primary: str, replica: str) -> list[asyncpg.Record]:
    """Of each: which installation it belongs to, whether it follows another, and how far its log reaches, bytes."""
    told = []
    for dsn in (replica, primary):  # the replica first: what is written meanwhile must not make it look ahead
        connection = await connect(dsn)
        try:
            told.append(await connection.fetchrow(POSITION))
        finally:
            await connection.close(timeout=5)
    return told[::-1]


async def _server_version(dsn: str) -> int:
    connection = await connect(dsn)
    try:
        return connection.get_server_version().major
    finally:
        await connection.close(timeout=5)


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Version, and that it never drops a key to make room (BullMQ would lose jobs)."""
    import redis

    url = redis_location.redis_url(settings)
    where = redis_location.describe(url)
    client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)
    try:
        answered: dict[str, str] = client.info()  # pyright: ignore[reportAssignmentType] - or async
    except (redis.RedisError, OSError) as trouble:
        yield Finding(
            False,
            f"Redis at {where} cannot be used ({type(trouble).__name__})",
            "start it, or correct REDIS_HOST and REDIS_PORT; unset them for the embedded one",
        )
        return
    finally:
        client.close()
    version = answered["redis_version"]
    recent = tuple(int(number) for number in version.split(".")[:2]) >= _OLDEST_REDIS
    product = f"Valkey {answered['valkey_version']}" if "valkey_version" in answered else f"Redis {version}"
    yield Finding(recent, f"{product} answers at {where}", "install Redis 6.2 or later")
    policy = answered.get("maxmemory_policy", "unknown")
    yield Finding(
        policy == "noeviction",
        f"maxmemory-policy is {policy}",
        "redis-cli CONFIG SET maxmemory-policy noeviction",
    )


def check_storage(settings: Settings) -> Iterator[Finding]:
    """Writable, with room above the limit at which uploads are refused."""
    if settings.storage_on_s3:
        yield from _check_bucket(settings)
    from mammogram_viewer.cli.lock import prepare_data_dir

    # Uploads pass through the spool in DATA_DIR wherever they end.
    folder = settings.spool_dir if settings.storage_on_s3 else settings.storage_dir
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        prepare_data_dir(existing)
    except StartupProblem as trouble:
        yield Finding(False, trouble.detail, f"chown -R $(id -un) {shlex.quote(str(existing))}, or set DATA_DIR")
        return
    yield Finding(True, f"{folder} can be written")
    free = shutil.disk_usage(existing).free
    yield Finding(
        free > settings.min_free_bytes,
        f"{free // _MIB} MiB free (uploads are refused below {settings.min_free_bytes // _MIB} MiB)",
        "free some space, or set DATA_DIR to a larger disk",
    )


def _check_bucket(settings: Settings) -> Iterator[Finding]:
    """That the credentials in use may write, list and delete; a refusal is told by the port's own words."""
    storage = open_storage(settings)
    endpoint = s3_endpoint()
    asyncio.run(storage.check_writable())
    next(storage.list_keys("originals", older_than_seconds=0), None)
    yield Finding(True, f"{settings.storage_url} can be written{f' at {endpoint}' if endpoint else ''}")
    yield Finding(True, "its space is not limited by us; look at the bucket's quota, if it has one")
    away = endpoint.startswith("http://") and urlsplit(endpoint).hostname not in _LOOPBACK
    yield Finding(
        not away,
        "mammograms cross the network unencrypted" if away else "the connection is encrypted or stays on this machine",
        "let AWS_ENDPOINT_URL begin with https://",
    )


def check_decoders(_: Settings) -> Iterator[Finding]:
    """Every library that reads pixels can be loaded here."""
    for name in _DECODERS:
        try:
            module = importlib.import_module(name)
        except ImportError as trouble:
            yield Finding(False, f"{name} cannot be loaded: {trouble}", "make install, or reinstall the package")
        else:
            yield Finding(True, f"{name} {getattr(module, '__version__', '')}".rstrip())


def check_confinement(settings: Settings) -> Iterator[Finding]:
    """What a decoder that a hostile file has taken over cannot do here."""
    if settings.confine_decoders == "off":
        yield Finding(
            False,
            "decoder confinement: switched off",
            "unset MAMMOGRAM_VIEWER_CONFINE_DECODERS",
        )
        return
    found = layers.available()
    yield Finding(
        found.complete,
        f"decoder confinement: {found.told()}",
        "use Linux 5.13 or later on x86_64 or aarch64, with Landlock switched on (`lsm=` on the kernel's command line "
        "names it), in a container with a current seccomp profile",
    )


def psql_command(settings: Settings) -> str:
    """The exact command that opens the database in use; a password is asked for, never printed."""
    if settings.database_url:
        return shlex.join(["psql", _without_password(settings.database_url)])
    try:
        packaged = find_bin_dir(settings.postgres_bin_dir) / "psql"
    except StartupProblem:
        packaged = Path("psql")
    psql = str(packaged) if packaged.exists() else "psql"
    folder = sockets.socket_dir(settings.data_dir)
    return shlex.join([psql, "-h", str(folder), "-p", str(PORT), "-U", USER, DATABASE])


def redis_cli_command(settings: Settings) -> str:
    """The exact command that opens the Redis in use."""
    if settings.embedded_redis:
        return shlex.join(["redis-cli", "-s", str(sockets.socket_dir(settings.data_dir) / SOCKET_NAME)])
    url = redis_location.redis_url(settings)
    if url.startswith("unix:"):
        return shlex.join(["redis-cli", "-s", unquote(urlsplit(url).path)])
    return shlex.join(["redis-cli", "-u", _without_password(url)])


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    name = user.split(":", 1)[0]
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host))


_CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("Settings", check_settings),
    ("Database", check_database),
    ("Replica", check_replica),
    ("Redis", check_redis),
    ("Storage", check_storage),
    ("Decoders", check_decoders),
    ("Confinement", check_confinement),
)
