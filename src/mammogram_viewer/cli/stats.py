"""`stats`: what analytics has derived, and its raw rows, from the shell. Acts are audited as the system's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, TypeVar

import asyncpg
import typer
from asyncpg import Pool
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.database.connect import connect
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.analytics.archive import ActivityArchives, MonthOfActivity, Moved, parse_month
from mammogram_viewer.analytics.rebuild import Rebuilt, Step, rebuild
from mammogram_viewer.analytics.system_stats import update_system_stats
from mammogram_viewer.cli.storage import open_storage
from mammogram_viewer.foundation.errors import StartupProblem
from mammogram_viewer.foundation.settings import Settings

Answer = TypeVar("Answer")
Work = Callable[[Pool, Settings], Awaitable[Answer]]
_STOPPED = 130
_LINES = 20  # of progress, where there is no terminal

stats_app = typer.Typer(
    help="Analytics: compute days, count anew, archive old activities and bring them back.\n\n"
    "Safe while the service runs, and after a break: run it again.",
    epilog="What is counted, and how: docs/analytics.md",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
MonthArgument = Annotated[str, typer.Argument(metavar="MONTH", help="As in 2026-03.")]


@stats_app.command("update")
def update(
    day: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="As in 2026-11-23 (UTC); else today.")
    ] = None,
) -> None:
    """Compute a day of `system_stats` anew. A day whose activities are archived is refused.

    Example: `mammogram-viewer stats update --date 2026-11-23`"""

    async def work(db: Pool, _settings: Settings) -> str:
        row = await update_system_stats(db, day, SYSTEM)
        return (
            f"{row.date}: {row.logins} logins, {row.uploads} uploads, {row.views} views, {row.downloads} downloads, "
            f"{row.users_active} active users, {row.images_total} images, {row.storage_bytes} bytes."
        )

    typer.echo(_run(work))


@stats_app.command("rebuild")
def rebuild_() -> None:
    """Derive all numbers anew from the raw rows: quarters, hours, people, totals, days. They stay exact meanwhile.

    Months that are archived stay as they are; `stats restore` them first to have them counted anew.

    Example: `mammogram-viewer stats rebuild`"""

    async def work(db: Pool, _settings: Settings) -> Rebuilt:
        with _progress() as tell:
            return await rebuild(db, tell)

    done = _run(work)
    typer.echo(f"{done.days} days were counted anew, {done.system_stats} days of system_stats computed.")
    if done.archived_months:
        typer.echo(f"{done.archived_months} archived months were left as they are.")


@stats_app.command("archive")
def archive(
    before: Annotated[
        str | None,
        typer.Option(metavar="MONTH", help="Months before this one; else those that the settings let go."),
    ] = None,
) -> None:
    """Put raw activities of old months into compressed files of storage. Sums stay; one person's numbers of those
    months become unknown until they are restored.

    Without --before: months that ended more than MAMMOGRAM_VIEWER_ACTIVITY_ARCHIVE_DAYS ago, as the worker does daily.

    Example: `mammogram-viewer stats archive --before 2026-03`"""
    limit = None if before is None else parse_month(before)

    async def work(db: Pool, settings: Settings) -> int:
        settings.spool_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        archives = ActivityArchives(db, open_storage(settings), settings)
        months = await archives.due_months() if limit is None else await archives.months_before(limit)
        moved = [await _archive_one(archives, month) for month in months]
        return sum(one is not None for one in moved)

    if not _run(work):
        typer.echo("No month is to be archived.")


async def _archive_one(archives: ActivityArchives, month: date) -> Moved | None:
    moved = await archives.archive(month)
    if moved is not None:
        typer.echo(f"{month:%Y-%m}: {moved.rows} rows archived, {moved.byte_count} bytes.")
    return moved


@stats_app.command("restore")
def restore(month: MonthArgument) -> None:
    """Bring an archived month back, row by row. The worker leaves it for MAMMOGRAM_VIEWER_ACTIVITY_ARCHIVE_DAYS.

    Example: `mammogram-viewer stats restore 2026-03`"""
    wanted = parse_month(month)

    async def work(db: Pool, settings: Settings) -> Moved:
        return await ActivityArchives(db, open_storage(settings), settings).restore(wanted)

    typer.echo(f"{month}: {_run(work).rows} rows restored.")


@stats_app.command("list")
def list_() -> None:
    """Show the months of raw activities: live, archived or restored, with rows and bytes.

    Where there is no terminal, a line a month with tabs between: month, state, live rows, live bytes, archived rows,
    archived bytes.

    Example: `mammogram-viewer stats list`"""

    async def work(db: Pool, settings: Settings) -> list[MonthOfActivity]:
        return await ActivityArchives(db, open_storage(settings), settings).list_months()

    months = _run(work)
    if not sys.stdout.isatty():
        for row in months:
            typer.echo("\t".join(_cells(row)))
        return
    table = Table("month", "state", "live rows", "live bytes", "archived rows", "archived bytes")
    for row in months:
        table.add_row(*_cells(row))
    Console().print(table)


def _cells(row: MonthOfActivity) -> tuple[str, ...]:
    """What there is not is empty, and never 0."""
    archived = ("" if number is None else str(number) for number in (row.archived_rows, row.archived_bytes))
    return (f"{row.month:%Y-%m}", row.state, str(row.live_rows), str(row.live_bytes), *archived)


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """A bar at a terminal, else a line now and then on standard error."""
    if not sys.stderr.isatty():
        yield _tell_in_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("Begins", total=None)
        yield lambda step: progress.update(task, completed=step.done, total=step.total, description=step.label)


def _tell_in_lines() -> Callable[[Step], None]:
    told = -1

    def tell(step: Step) -> None:
        nonlocal told
        part = step.done * _LINES // step.total
        if part > told:
            told = part
            typer.echo(f"{step.done} of {step.total}: {step.label}", err=True)

    return tell


def _run(work: Work[Answer]) -> Answer:
    """Run `work` with a small pool; the database must be there and migrated, else one clear line says so."""
    from mammogram_viewer.cli.main import settings_from_environment

    settings = settings_from_environment()

    async def run() -> Answer:
        dsn = database_dsn(settings)
        await (await connect(dsn)).close()  # says in one line what is wrong
        db = await open_pool(dsn, size=3, application_name="mammogram-viewer stats")
        try:
            return await work(db, settings)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError):
            raise StartupProblem("The database lacks tables. Run `mammogram-viewer migrate`.") from None
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        typer.echo("Stopped. What was done stays done; run it again to go on.", err=True)
        raise typer.Exit(_STOPPED) from None
