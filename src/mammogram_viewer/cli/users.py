"""`user` and `token`: accounts from the shell, through the same services as the API, audited as the system's acts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import typer
from asyncpg import Pool
from rich.console import Console
from rich.table import Table

from mammogram_viewer.accounts import tokens, users
from mammogram_viewer.accounts.models import SCOPES, Principal, Role, Scope, User, UserStatus
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.database.connect import connect
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.errors import Conflict, Invalid, StartupProblem
from mammogram_viewer.foundation.keyset import MAX_LIMIT, instant_text, parse_page_request
from mammogram_viewer.foundation.settings import Settings, load_settings

Answer = TypeVar("Answer")
Work = Callable[[Pool, Settings], Awaitable[Answer]]

user_app = typer.Typer(help="Accounts: add, list, approve, disable, set a password.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens for scripts.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]


@user_app.command("add")
def add(
    email: Email,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    password_stdin: PasswordStdin = False,
) -> None:
    """Make an active user; asks for the password.

    Example: `mammogram-viewer user add ada@clinic.example --role radiologist --name "Ada Byron"`"""
    password = _read_password(from_stdin=password_stdin)

    async def work(db: Pool, settings: Settings) -> User:
        return await users.create_user(db, settings, SYSTEM, email=email, name=name, role=role, password=password)

    user = _run(work)
    typer.echo(f"{user.email} can sign in as {user.role}.")


@user_app.command("list")
def list_(
    status: Annotated[UserStatus | None, typer.Option(help="Only these.")] = None,
    role: Annotated[Role | None, typer.Option(help="Only these.")] = None,
) -> None:
    """Show the users, newest first.

    Example: `mammogram-viewer user list --status pending`"""

    async def work(db: Pool, _settings: Settings) -> list[User]:
        found: list[User] = []
        request = parse_page_request(None, "next", MAX_LIMIT)
        while True:
            page = await users.list_users(db, request, status=status, role=role)
            found += page.rows
            if page.next_cursor is None:
                return found
            request = parse_page_request(page.next_cursor, "next", MAX_LIMIT)

    _show(_run(work))


@user_app.command("approve")
def approve(email: Email) -> None:
    """Let a pending or disabled user sign in.

    Example: `mammogram-viewer user approve ada@clinic.example`"""
    user = _change(email, users.UserChanges(status="active"))
    typer.echo(f"{user.email} can sign in as {user.role}.")


@user_app.command("disable")
def disable(email: Email) -> None:
    """Shut a user out at once; their images stay.

    Example: `mammogram-viewer user disable ada@clinic.example`"""
    user = _change(email, users.UserChanges(status="disabled"))
    typer.echo(f"{user.email} is disabled; their sessions have ended.")


@user_app.command("password")
def password(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Set a new password; ends the user's sessions.

    Example: `mammogram-viewer user password ada@clinic.example`"""
    user = _change(email, users.UserChanges(password=_read_password(from_stdin=password_stdin)))
    typer.echo(f"{user.email} has a new password; their sessions have ended.")


@token_app.command("create")
def create_token(
    email: Email,
    scopes: Annotated[str, typer.Option(help="read, write, admin; with commas between them.")] = "read,write",
    days: Annotated[int | None, typer.Option(help="Days until it expires; left out: never.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "made in the shell",
) -> None:
    """Make an API token for a user and print it, alone, on standard output. It is never shown again.

    Example: `TOKEN=$(mammogram-viewer token create ada@clinic.example --scopes read --days 30)`"""

    async def work(db: Pool, settings: Settings) -> str:
        owner = _principal_of(await users.get_user_by_email(db, email))
        text, _ = await tokens.create_token(
            db, settings, SYSTEM, owner, name=name, scopes=_parse_scopes(scopes), days=days
        )
        return text

    typer.echo(_run(work))


def _change(email: str, changes: users.UserChanges) -> User:
    async def work(db: Pool, settings: Settings) -> User:
        user = await users.get_user_by_email(db, email)
        return await users.change_user(db, settings, SYSTEM, user.id, changes)

    return _run(work)


def _principal_of(user: User) -> Principal:
    if user.status != "active":
        raise Conflict(f"{user.email} is {user.status}; approve the account first: a token would not work.")
    return Principal(user_id=user.id, email=user.email, name=user.name, role=user.role)


def _parse_scopes(text: str) -> list[Scope]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    chosen: list[Scope] = [scope for scope in SCOPES if scope in names]
    if len(chosen) != len(set(names)):
        raise Invalid("Scopes are read, write and admin, with commas between them.", code="invalid_scopes")
    return chosen


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid("There is no terminal to ask for the password on; use --password-stdin.")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


def _show(found: list[User]) -> None:
    if not sys.stdout.isatty():  # for scripts: one user a line, tabs between
        for user in found:
            typer.echo("\t".join((str(user.id), user.email, user.role, user.status, user.name)))
        return
    table = Table("id", "e-mail", "role", "status", "name", "last sign-in")
    for user in found:
        last = "" if user.last_login_at is None else instant_text(user.last_login_at)[:16]
        # A name is a stranger's text: no markup is read in it.
        cells = (str(user.id), user.email, user.role, user.status, user.name, last)
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    Console().print(table)


def _run(work: Work[Answer]) -> Answer:
    """Run `work` with a small pool; the database must be there and migrated, else one clear line says so."""
    settings = load_settings(os.environ, Path(".env"))

    async def run() -> Answer:
        dsn = database_dsn(settings)
        await (await connect(dsn)).close()  # says in one line what is wrong
        db = await open_pool(dsn, size=2, application_name="mammogram-viewer shell")
        try:
            return await work(db, settings)
        except asyncpg.UndefinedTableError:
            raise StartupProblem("The database has no tables yet. Run `mammogram-viewer migrate`.") from None
        finally:
            await db.close()

    return asyncio.run(run())
