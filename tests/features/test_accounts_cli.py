"""Accounts from the shell: the same rules as over HTTP."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from accounts_client import PASSWORD, acts, add_user, browser, build_app, sign_in
from mammogram_viewer.foundation.settings import Settings

ADA = "ada@clinic.example"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Shell:
    """`mammogram-viewer …` as a process of its own, in an empty folder, against the test's database."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database_url, "DATA_DIR": str(folder / "data")}

    async def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Outcome:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mammogram_viewer",
            *arguments,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 30)
        assert process.returncode is not None
        assert "Traceback" not in err.decode()
        return Outcome(process.returncode, out.decode(), err.decode())


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Shell:
    return Shell(tmp_path, database_url)


async def test_first_administrator_can_be_made_in_the_shell(shell: Shell, db: asyncpg.Pool, settings: Settings) -> None:
    made = await shell("user", "add", ADA, "--role", "admin", "--name", "Ada", "--password-stdin", stdin=PASSWORD)
    assert (made.code, made.err) == (0, "")
    async with browser(build_app(db, settings)) as client:
        assert (await sign_in(client, ADA)).json()["user"]["role"] == "admin"
        assert (await client.get("/api/auth/registration")).json()["setupNeeded"] is False
    again = await shell("user", "add", ADA, "--role", "admin", "--password-stdin", stdin=PASSWORD)
    assert again.code == 5 and "Another user has this e-mail address" in again.err


async def test_password_rules_hold_in_the_shell_too(shell: Shell, db: asyncpg.Pool) -> None:
    short = await shell("user", "add", ADA, "--role", "user", "--password-stdin", stdin="short\n")
    assert short.code == 2 and "at least 12 characters" in short.err
    nobody = await shell("user", "add", ADA, "--role", "user")
    assert nobody.code == 2 and "--password-stdin" in nobody.err
    assert await db.fetchval("SELECT count(*) FROM users") == 0


async def test_users_are_approved_disabled_and_listed(shell: Shell, db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, "root@clinic.example", role="admin")
    user_id = await add_user(db, settings, ADA, role="technologist")
    await db.execute("UPDATE users SET status = 'pending', name = 'Ada [bold]B[/bold]' WHERE id = $1", user_id)
    listed = await shell("user", "list", "--status", "pending")
    assert listed.out == f"{user_id}\t{ADA}\ttechnologist\tpending\tAda [bold]B[/bold]\n"
    assert (await shell("user", "approve", "ADA@clinic.example")).code == 0
    assert await db.fetchval("SELECT status FROM users WHERE id = $1", user_id) == "active"
    assert (await shell("user", "disable", ADA)).code == 0
    assert await db.fetchval("SELECT status FROM users WHERE id = $1", user_id) == "disabled"
    last = await shell("user", "disable", "root@clinic.example")
    assert last.code == 5 and "last active administrator" in last.err
    unknown = await shell("user", "approve", "nobody@clinic.example")
    assert unknown.code == 4
    assert (await acts(db))[-2:] == ["user_approved", "user_disabled"]


async def test_list_walks_all_pages(shell: Shell, db: asyncpg.Pool) -> None:
    await db.execute("INSERT INTO users (email) SELECT 'user' || n || '@x.example' FROM generate_series(1, 205) n")
    assert len((await shell("user", "list")).out.splitlines()) == 205


async def test_new_password_from_the_shell_ends_sessions(shell: Shell, db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        changed = await shell("user", "password", ADA, "--password-stdin", stdin="eight restless harbours\n")
        assert changed.code == 0
        assert (await client.get("/api/auth/me")).status_code == 401
        assert (await sign_in(client, ADA, "eight restless harbours")).status_code == 200


async def test_token_is_printed_alone_and_works(shell: Shell, db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    made = await shell("token", "create", ADA, "--scopes", "read", "--days", "7")
    assert (made.code, made.err) == (0, "")
    token = made.out.removesuffix("\n")
    assert token.startswith("mv_") and "\n" not in token
    async with browser(build_app(db, settings)) as client:
        client.headers["authorization"] = f"Bearer {token}"
        assert (await client.get("/api/auth/me")).status_code == 200
        assert (await client.post("/api/auth/tokens", json={"name": "", "scopes": ["read"]})).status_code == 403
    unknown = await shell("token", "create", ADA, "--scopes", "read,everything")
    assert unknown.code == 2 and unknown.out == ""
    await db.execute("UPDATE users SET status = 'disabled'")
    disabled = await shell("token", "create", ADA)
    assert disabled.code == 5 and disabled.out == ""


async def test_database_that_is_away_or_empty_is_told_in_one_line(
    shell: Shell, new_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> None:
    away = await shell("user", "list", DATABASE_URL=f"postgresql://x@/x?host={tmp_path}")
    assert away.code == 69 and away.err.count("\n") == 1
    not_running = await shell("user", "list", DATABASE_URL="")
    assert not_running.code == 69 and "mammogram-viewer serve" in not_running.err
    empty = await shell("user", "list", DATABASE_URL=await new_database())
    assert empty.code == 78 and "mammogram-viewer migrate" in empty.err
