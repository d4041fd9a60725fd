"""The embedded PostgreSQL: packaged binaries, run in the foreground as our child, on a private Unix socket.

**Invariants:** `DATA_DIR/postgres` is either absent or a complete data folder (initdb runs beside it and is
renamed). The server never outlives us (children.py). The caller holds the lock of DATA_DIR (cli/lock.py)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO
from urllib.parse import quote

import asyncpg

from mammogram_viewer.adapters import children, sockets
from mammogram_viewer.adapters.database.binaries import find_bin_dir, find_launcher, major_version, reaches
from mammogram_viewer.foundation.errors import StartupProblem

USER = DATABASE = "mammogram_viewer"
PORT = 5432  # part of the socket's name only; nothing listens on TCP
_INITDB_TIMEOUT_SECONDS = 120

_OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_line_prefix": "[%p] ",  # the log file adds the time
    "log_timezone": "UTC",
    "timezone": "UTC",
    # A failing statement and its details may name a patient; the client gets them, the log does not.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def socket_dsn(folder: Path, database: str = DATABASE) -> str:
    """The DSN of a server whose socket lies in `folder`. It names the port, or PGPORT would change it."""
    return f"postgresql://{USER}@/{database}?host={quote(str(folder), safe='/')}&port={PORT}"


class EmbeddedPostgres:
    """One PostgreSQL on `data_dir/postgres`. `options` override the server's settings (tests switch fsync
    off)."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast shutdown": end sessions, write a checkpoint, leave

    def __init__(self, data_dir: Path, *, bin_dir: str = "", options: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.cluster_dir = self.data_dir / "postgres"
        self.socket_dir = sockets.socket_dir(self.data_dir)
        self.dsn = socket_dsn(self.socket_dir)
        self._bin_dir = bin_dir
        self._options = {**_OPTIONS, **(options or {})}

    @property
    def account(self) -> str | None:
        """The unprivileged account that the server runs as, when root had to step down; None otherwise."""
        return find_launcher(find_bin_dir(self._bin_dir)).account

    def prepare(self) -> None:
        """Make the data folder at the first start, refuse another version's, wait for a predecessor."""
        bin_dir = find_bin_dir(self._bin_dir)
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._let_account_in()
        self._own(sockets.make_socket_dir(self.data_dir))
        for leftover in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(leftover)
        if not (self.cluster_dir / "PG_VERSION").is_file():
            self._initialise(bin_dir)
        self._check_version(bin_dir)
        # The postmaster and every backend work in the data folder. After a kill -9 of the postmaster its
        # backends live on for a moment, and two sets of them would ruin the data.
        children.wait_for_predecessor(self.cluster_dir, ("postgres",))
        self._disown_recycled_pid()

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        bin_dir = find_bin_dir(self._bin_dir)
        launcher = find_launcher(bin_dir)
        options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        command = [
            *launcher.prefix,
            bin_dir / "postgres",
            "-D",
            self.cluster_dir,
            "-k",
            self.socket_dir,
            *options,
        ]
        return children.spawn(
            command,
            death_signal=self.stop_signal,
            environ=_clean_environment(),
            cwd=self.data_dir,
            output=output,
            account=launcher.account,
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """postmaster.pid survives a kill -9 and then still says "ready": its first line must be our child."""
        try:
            lines = (self.cluster_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        if len(lines) < 8 or lines[0].strip() != str(process.pid) or lines[7].strip() != "ready":
            return False
        return sockets.answers(self.socket_dir / f".s.PGSQL.{PORT}")

    async def ensure_database(self) -> None:
        """Create the database at the first start; safe to repeat."""
        connection = await asyncpg.connect(socket_dsn(self.socket_dir, "postgres"), timeout=30)
        try:
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    def _disown_recycled_pid(self) -> None:
        """Let PostgreSQL start when the pid in a stale postmaster.pid now belongs to some other program.

        It ignores its parent's pid, so ours is written there. The file stays: its other lines let PostgreSQL
        itself make sure that nobody is attached to the old shared memory."""
        pid_file = self.cluster_dir / "postmaster.pid"
        pid = children.first_line_number(pid_file)
        if pid is None or pid == os.getpid() or not children.is_alive(pid):
            return
        _, rest = pid_file.read_text(encoding="utf-8").split("\n", 1)
        written = pid_file.with_name("postmaster.pid.new")
        written.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")
        owner = pid_file.stat()
        written.chmod(0o600)
        os.chown(written, owner.st_uid, owner.st_gid)
        written.replace(pid_file)

    def _initialise(self, bin_dir: Path) -> None:
        """initdb beside the final place, then rename: killed in the middle, the next start begins afresh."""
        if self.cluster_dir.exists() and any(self.cluster_dir.iterdir()):
            raise StartupProblem(
                f"{self.cluster_dir} is no PostgreSQL data folder and not empty. Move it away and start again."
            )
        launcher = find_launcher(bin_dir)
        fresh = self.data_dir / f"postgres.new-{os.getpid()}"
        fresh.mkdir(mode=0o700)
        self._own(fresh)
        command = [
            *launcher.prefix, bin_dir / "initdb", "-D", fresh,
            "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", USER,
        ]  # fmt: skip
        process = children.spawn(
            command,
            death_signal=signal.SIGKILL,
            environ=_clean_environment(),
            cwd=self.data_dir,
            output=subprocess.PIPE,
            account=launcher.account,
        )
        try:
            said = process.communicate(timeout=_INITDB_TIMEOUT_SECONDS)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            raise StartupProblem(f"initdb did not end within {_INITDB_TIMEOUT_SECONDS} s; is the disk stuck?") from None
        if process.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise StartupProblem(explain(said, self.data_dir) or f"initdb failed: {_last_line(said)}")
        fresh.rename(self.cluster_dir)
        _sync_folder(self.data_dir)

    def _check_version(self, bin_dir: Path) -> None:
        found = (self.cluster_dir / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = major_version(bin_dir)
        if found != str(ours):
            raise StartupProblem(
                f"{self.cluster_dir} was written by PostgreSQL {found}, and {bin_dir} is {ours}. Either set "
                f"MAMMOGRAM_VIEWER_POSTGRES_BIN_DIR to the folder of PostgreSQL {found}'s binaries, or dump "
                f"with {found} "
                "(pg_dumpall), move the folder away and restore (psql -f) into the new one."
            )

    def _let_account_in(self) -> None:
        """When root had to step down: let the account pass through DATA_DIR, or say that it cannot get there."""
        if self.account is None:
            return
        self.data_dir.chmod(self.data_dir.stat().st_mode | 0o011)
        if not reaches(self.account, self.data_dir):
            raise StartupProblem(
                f"PostgreSQL must not run as root, and the account {self.account!r} cannot reach {self.data_dir}. Set "
                "DATA_DIR to a folder that it can reach (DATA_DIR=/var/lib/mammogram-viewer), run as an ordinary "
                "user, or set DATABASE_URL."
            )

    def _own(self, folder: Path) -> None:
        """Give a folder to the unprivileged account when root had to step down."""
        if self.account:
            shutil.chown(folder, self.account)


def explain(output: str, data_dir: Path) -> str | None:
    """One line that names the mend, for the troubles that a server's output lets us recognise."""
    # "wrote only": PostgreSQL's words for a write that the disk took in part.
    if any(words in output for words in ("No space left on device", "Disk quota exceeded", "wrote only")):
        return f"The disk that holds {data_dir} is full. Free some space, or set DATA_DIR to a larger disk."
    if "Permission denied" in output or "Read-only file system" in output:
        return f"The embedded server cannot write below {data_dir}. Give it to this user, or set DATA_DIR."
    return None


def _clean_environment() -> dict[str, str]:
    """No PG* variable of the user's shell reaches the embedded server."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return (errors or lines or ["no output"])[-1]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
