"""The embedded servers under the faults that machines really have: kill -9, full disks, odd paths, old data."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from mammogram_viewer.adapters import children, sockets
from mammogram_viewer.adapters.database import binaries
from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
from mammogram_viewer.adapters.redis.locate import redis_url
from mammogram_viewer.foundation.errors import StartupProblem, Unavailable
from mammogram_viewer.foundation.settings import Settings
from processes import are_gone, family_of, processes_of, wait_until

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="LOUD: only root can mount or change account; not tested")
# Servers of these tests are killed on purpose: that they write to disk safely is what is tested.
FAST = {"shared_buffers": "16MB"}


@pytest.fixture
def data_dir():
    """A short path with a space; pytest's own are longer than a socket's path may be."""
    folder = Path(tempfile.mkdtemp(prefix="mv faults "))
    yield folder / "data"
    for process in processes_of(folder):
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(server):
    """A server from prepare to ready; stopped at the end however the test ends."""
    server.prepare()
    with tempfile.TemporaryFile() as output:
        process = server.start(output)
        try:
            children.wait_until_ready(server, process, timeout_seconds=30)
            yield process
        finally:
            children.stop(process, server.stop_signal, grace_seconds=15)


async def one(dsn: str, sql: str):
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def parent_of_servers(data_dir: Path) -> subprocess.Popen[str]:
    """Another Python process that starts both servers, says so, and waits to be killed."""
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from mammogram_viewer.adapters.children import wait_until_ready
        from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
        from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
        for server in (EmbeddedPostgres(Path(sys.argv[1])), EmbeddedRedis(Path(sys.argv[1]))):
            server.prepare()
            process = server.start(sys.stderr)
            wait_until_ready(server, process)
        print("ready", flush=True)
        time.sleep(120)
        """
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def test_a_killed_parent_leaves_neither_postgres_nor_valkey(data_dir):
    parent = parent_of_servers(data_dir)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    family = family_of(parent.pid)
    assert {"postgres", "valkey-server"} <= {process.name() for process in family}
    parent.kill()
    parent.wait(10)
    wait_until(lambda: are_gone(family), what="the end of every server process")
    assert processes_of(data_dir) == []


async def test_a_start_right_after_a_kill_of_the_parent_waits_for_the_dying_servers(data_dir):
    parent = parent_of_servers(data_dir)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    parent.kill()
    postgres, valkey = EmbeddedPostgres(data_dir, options=FAST), EmbeddedRedis(data_dir)
    with running(postgres), running(valkey):
        await postgres.ensure_database()
        assert await one(postgres.dsn, "SELECT 1") == 1
        assert redis.Redis.from_url(valkey.url).ping()
    parent.wait(10)


async def test_committed_rows_survive_a_kill_of_postgres(data_dir):
    postgres = EmbeddedPostgres(data_dir, options=FAST)
    with running(postgres) as process:
        await postgres.ensure_database()
        await one(postgres.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        process.wait(10)
    with running(postgres) as process:
        assert await one(postgres.dsn, "SELECT answer FROM kept") == 42


async def test_a_stale_pid_file_whose_number_now_belongs_to_another_program_stops_nobody(data_dir):
    """In a container the same small pids come back after every restart."""
    postgres = EmbeddedPostgres(data_dir, options=FAST)
    with running(postgres) as process:
        process.kill()
        process.wait(10)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file = postgres.cluster_dir / "postmaster.pid"
        _, rest = pid_file.read_text().split("\n", 1)
        pid_file.write_text(f"{stranger.pid}\n{rest}")
        with running(postgres):
            await postgres.ensure_database()
            assert stranger.poll() is None
        stranger.kill()


def test_a_stale_ready_pid_file_is_not_taken_for_a_ready_server(data_dir):
    postgres = EmbeddedPostgres(data_dir, options=FAST)
    with running(postgres) as process:
        assert postgres.is_ready(process)
        process.kill()
        process.wait(10)
    with subprocess.Popen(["sleep", "60"]) as other:
        assert not postgres.is_ready(other)
        other.kill()


def test_a_queue_survives_a_kill_of_valkey(data_dir):
    valkey = EmbeddedRedis(data_dir)
    with running(valkey) as process:
        client = redis.Redis.from_url(valkey.url)
        client.lpush("bull:test:wait", "1")
        # everysec: at most the last second may be lost, so wait until the file holds it.
        aof = valkey.store_dir / "appendonlydir"
        wait_until(lambda: any(b"bull:test:wait" in path.read_bytes() for path in aof.iterdir()))
        process.kill()
        process.wait(10)
    with running(valkey):
        client = redis.Redis.from_url(valkey.url)
        assert client.lrange("bull:test:wait", 0, -1) == [b"1"]
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_neither_server_listens_on_the_network(data_dir):
    with running(EmbeddedPostgres(data_dir, options=FAST)) as first, running(EmbeddedRedis(data_dir)) as second:
        for process in (first, second):
            assert psutil.Process(process.pid).net_connections("inet") == []
        assert (data_dir / "run").stat().st_mode & 0o777 == 0o700
        assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["a, b 'c' \"d\"", "ünïcödé 乳", "long " * 25, "100% & $HOME?#x"])
async def test_any_folder_name_works(data_dir, name):
    folder = data_dir / name
    settings = Settings(data_dir=folder)
    postgres, valkey = EmbeddedPostgres(folder, options=FAST), EmbeddedRedis(folder)
    try:
        with running(postgres), running(valkey):
            await postgres.ensure_database()
            assert await one(database_dsn(settings), "SELECT 1") == 1
            assert redis.Redis.from_url(redis_url(settings)).ping()
    finally:
        if postgres.socket_dir.parent != folder:
            shutil.rmtree(postgres.socket_dir, ignore_errors=True)


def test_servers_that_do_not_run_are_named_with_the_command_that_starts_them(data_dir):
    for locate in (database_dsn, redis_url):
        with pytest.raises(Unavailable, match="start `mammogram-viewer serve` first"):
            locate(Settings(data_dir=data_dir))


def test_variables_of_the_users_shell_do_not_reach_postgres(data_dir, monkeypatch):
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "nowhere", "PGOPTIONS": "-c fsync=x"}.items():
        monkeypatch.setenv(name, value)
    with running(EmbeddedPostgres(data_dir, options=FAST)):
        assert (data_dir / "run/.s.PGSQL.5432").is_socket()


def test_data_of_another_major_version_are_refused_with_the_ways_out(data_dir):
    postgres = EmbeddedPostgres(data_dir, options=FAST)
    postgres.prepare()
    (postgres.cluster_dir / "PG_VERSION").write_text("13\n")
    with pytest.raises(StartupProblem, match=r"PostgreSQL 13.*MAMMOGRAM_VIEWER_POSTGRES_BIN_DIR.*pg_dumpall"):
        postgres.prepare()


def test_an_initdb_killed_in_the_middle_leaves_a_folder_that_starts(data_dir):
    script = (
        "import sys; from pathlib import Path; "
        "from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres; "
        "EmbeddedPostgres(Path(sys.argv[1])).prepare()"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(data_dir)]) as parent:
        wait_until(lambda: list(data_dir.glob("postgres.new-*/base")), what="initdb in full swing")
        parent.kill()
    wait_until(lambda: processes_of(data_dir) == [], what="the end of initdb")
    assert not (data_dir / "postgres").exists()
    postgres = EmbeddedPostgres(data_dir, options=FAST)
    with running(postgres):
        assert list(data_dir.glob("postgres.new-*")) == []


def test_a_folder_that_is_no_data_folder_is_left_alone(data_dir):
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "thesis.txt").write_text("precious")
    with pytest.raises(StartupProblem, match="not empty"):
        EmbeddedPostgres(data_dir).prepare()
    assert (data_dir / "postgres" / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize("chosen", ["/nowhere", "/tmp"])
def test_a_wrong_binary_folder_is_named(data_dir, chosen):
    with pytest.raises(StartupProblem, match="POSTGRES_BIN_DIR"):
        EmbeddedPostgres(data_dir, bin_dir=chosen).prepare()


def test_a_link_in_place_of_the_socket_folder_is_refused(data_dir):
    (data_dir / "elsewhere").mkdir(parents=True)
    (data_dir / "run").symlink_to(data_dir / "elsewhere")
    with pytest.raises(StartupProblem, match="is a link"):
        sockets.make_socket_dir(data_dir)


@ROOT_ONLY
def test_a_socket_folder_in_tmp_that_somebody_else_made_is_refused(data_dir, monkeypatch):
    squatted = data_dir / "mammogram-viewer-0"
    squatted.mkdir(parents=True)
    os.chown(squatted, 65534, 65534)
    monkeypatch.setattr(sockets, "socket_dir", lambda _: squatted / "hash")
    with pytest.raises(StartupProblem, match="belongs to somebody else"):
        sockets.make_socket_dir(data_dir)


def test_a_long_path_gets_a_socket_folder_of_its_own_and_short_enough(tmp_path):
    first, second = (sockets.socket_dir(tmp_path / ("x" * 120) / name) for name in "ab")
    assert first != second
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(FileNotFoundError):
        probe.connect(f"{first}/.s.PGSQL.5432")


@ROOT_ONLY
def test_a_full_disk_is_one_clear_line(data_dir):
    data_dir.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", data_dir], capture_output=True)
    if mounted.returncode:
        pytest.skip("LOUD: no tmpfs can be mounted here, so the full disk was NOT tested")
    try:
        with pytest.raises(StartupProblem, match=r"is full\. Free some space"):
            EmbeddedPostgres(data_dir).prepare()
        assert not (data_dir / "postgres").exists()
    finally:
        subprocess.run(["umount", "-l", data_dir], check=True)


@ROOT_ONLY
async def test_without_user_namespaces_root_steps_down_to_an_account(data_dir, monkeypatch):
    """`unshare` is taken away; everything else is as it is."""
    monkeypatch.setenv("PATH", "/nowhere")
    binaries.find_launcher.cache_clear()
    data_dir.parent.chmod(0o755)
    reachable = subprocess.run(
        ["/usr/bin/test", "-x", binaries.find_bin_dir() / "postgres"], user="nobody", extra_groups=[]
    )
    try:
        postgres = EmbeddedPostgres(data_dir, options=FAST)
        if reachable.returncode:
            with pytest.raises(StartupProblem, match="must not run as root"):
                postgres.prepare()
            return
        with running(postgres) as process:
            assert psutil.Process(process.pid).username() in ("nobody", "postgres")
            await postgres.ensure_database()
            assert await one(postgres.dsn, "SELECT 1") == 1
            with running(EmbeddedRedis(data_dir)):
                process.kill()
                process.wait(10)
        with running(postgres):  # and again, with everything there
            assert await one(postgres.dsn, "SELECT 1") == 1
    finally:
        binaries.find_launcher.cache_clear()


def test_the_death_signal_survives_a_parent_that_dies_before_the_child_runs():
    """Between fork and prctl the parent may already be gone: the child then ends itself."""
    arrange = children._die_with(parent_pid=1 if os.getppid() != 1 else 2, death_signal=signal.SIGTERM)
    pid = os.fork()
    if pid == 0:
        arrange()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
