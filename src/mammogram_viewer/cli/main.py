"""The console script. Commands read settings and call what does the work; `main` maps errors to exit codes.

Imports inside the commands keep the start fast: `serve` must not load what only `doctor` needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mammogram_viewer.foundation import errors
from mammogram_viewer.foundation.settings import Settings, load_settings

app = typer.Typer(
    name="mammogram-viewer",
    help="Receives mammograms, renders them as the DICOM standard says, and shows them in a fast gallery.\n\n"
    "Start here: `mammogram-viewer serve`, then open the address that it prints.",
    epilog="Settings come from the environment or from .env in this folder; docs/settings.md lists them all.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

# By kind, the most special first. 1 is left to what nobody expected.
_EXIT_CODES: tuple[tuple[type[errors.MammogramViewerError], int], ...] = (
    (errors.Malformed, 2),
    (errors.Invalid, 2),
    (errors.Unauthenticated, 3),
    (errors.Forbidden, 3),
    (errors.NotFound, 4),
    (errors.Gone, 4),
    (errors.Conflict, 5),
    (errors.Locked, 5),
    (errors.Unavailable, 69),  # sysexits.h: EX_UNAVAILABLE
    (errors.StorageFull, 74),  # EX_IOERR
    (errors.StartupProblem, 78),  # EX_CONFIG
)


def settings_from_environment() -> Settings:
    """The one place where the environment is read."""
    return load_settings(os.environ, Path(".env"))


@app.command()
def serve() -> None:
    """Run everything: database, queue, API with the web page, and workers.

    Example: `mammogram-viewer serve`, on another port: `PORT=3001 mammogram-viewer serve`.

    Without DATABASE_URL a PostgreSQL of its own is started under DATA_DIR, without REDIS_HOST a Redis."""
    from mammogram_viewer.cli.serve import serve as run

    run(settings_from_environment())


@app.command(hidden=True)
def dev() -> None:
    """Like `serve`, with reload, in a checkout: `make dev`."""
    from mammogram_viewer.cli.dev import dev as run

    run(settings_from_environment())


@app.command()
def api() -> None:
    """Run the API and the web page alone, for production.

    Example: `DATABASE_URL=postgresql://… REDIS_HOST=redis HOST=0.0.0.0 mammogram-viewer api`"""
    import asyncio

    from mammogram_viewer.adapters.database.locate import database_dsn
    from mammogram_viewer.cli.compose import run_api
    from mammogram_viewer.cli.serve import check_open_door, is_loopback

    settings = settings_from_environment()
    if not is_loopback(settings.host):
        asyncio.run(check_open_door(settings, database_dsn(settings)))
    run_api(settings)


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="Names of queues, with commas between them; empty: all.")] = "",
    concurrency: Annotated[int, typer.Option(min=0, help="Jobs at once in each queue; 0: as the settings say.")] = 0,
) -> None:
    """Run the workers alone, for production.

    Example: `mammogram-viewer worker --queues dicom-conversion,thumbnail --concurrency 4`"""
    from mammogram_viewer.cli.compose import run_worker

    chosen = [name.strip() for name in queues.split(",") if name.strip()]
    run_worker(settings_from_environment(), chosen or None, concurrency or None)


@app.command()
def migrate(
    status: Annotated[bool, typer.Option("--status", help="Only show which migrations are applied.")] = False,
    mark: Annotated[str | None, typer.Option(metavar="NAME", help="Record one as applied by hand (`psql -f`).")] = None,
) -> None:
    """Apply pending migrations. Safe to run twice and from two machines at once.

    Example: `mammogram-viewer migrate --status`"""
    from mammogram_viewer.cli.migrate import migrate as run

    run(settings_from_environment(), show_status=status, mark=mark)


@app.command()
def doctor() -> None:
    """Check settings, database, Redis, storage and decoders; say what mends each trouble.

    Example: `mammogram-viewer doctor`. It also prints the commands that reach the database and Redis."""
    from mammogram_viewer.cli.doctor import doctor as run

    if not run(settings_from_environment()):
        raise typer.Exit(1)


@app.command()
def verify() -> None:
    """Walk storage against the database: every original there and byte-identical. Repairs nothing.

    Example: `mammogram-viewer verify && echo all is well`"""
    import asyncio

    from mammogram_viewer.cli.verify import verify as run

    if not asyncio.run(run(settings_from_environment())):
        raise typer.Exit(1)


@app.command()
def logs(
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on showing new lines.")] = False,
    part: Annotated[str | None, typer.Option(help="serve, api, worker, postgres or redis; default: all.")] = None,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many lines to begin with.")] = 200,
) -> None:
    """Show the logs, which are kept under DATA_DIR/logs; JSON lines unless at a terminal.

    Example: `mammogram-viewer logs -f --part worker`"""
    from mammogram_viewer.cli.logs import logs as run

    run(settings_from_environment(), part=part, follow=follow, line_count=lines)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", exists=True, help="Folders, files and ZIPs.")],
    user: Annotated[
        str, typer.Option(metavar="EMAIL", help="Whose images they become; one may upload: that one.")
    ] = "",
    url: Annotated[str, typer.Option(help="Another instance; wants --token-file.")] = "",
    token_file: Annotated[
        Path | None, typer.Option(exists=True, allow_dash=True, help="File with an API token; -: standard input.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=8, help="Requests at once.")] = 3,
    wait: Annotated[float, typer.Option(min=0, help="How long to wait for a server that is away, seconds.")] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
) -> None:
    """Upload folders, files and ZIPs into the running instance. Run it again after a break: it goes on where it
    stopped, and sends nothing twice.

    Example: `mammogram-viewer import /mnt/archive/2024 --user ada@clinic.example`

    Exit code 0: the server has everything. 1: some files were not taken; they are listed with the reason. 69: the
    server went away. 130: stopped by Ctrl-C."""
    from rich.console import Console

    from mammogram_viewer.cli.import_files import Wishes, import_files, read_token

    wishes = Wishes(
        paths=paths,
        user=user,
        url=url,
        token=read_token(token_file, url),
        parallel=parallel,
        dry_run=dry_run,
        patience_seconds=wait,
    )
    code = import_files(settings_from_environment(), wishes, Console())
    if code:
        raise typer.Exit(code)


def _offer_further_commands(arguments: list[str]) -> None:
    """The commands of further files, loaded only when one of them may be meant: they cost a third of a second."""
    if arguments and arguments[0] in {
        command.callback.__name__ for command in app.registered_commands if command.callback
    }:
        return
    from mammogram_viewer.cli.demo import demo
    from mammogram_viewer.cli.queue import queue_app
    from mammogram_viewer.cli.stats import stats_app
    from mammogram_viewer.cli.users import token_app, user_app

    app.command()(demo)
    app.add_typer(queue_app, name="queue")
    app.add_typer(stats_app, name="stats")
    app.add_typer(user_app, name="user")
    app.add_typer(token_app, name="token")


def exit_code_of(error: errors.MammogramViewerError) -> int:
    """The shell's number for a kind of error."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 1)


def main() -> None:
    """Entry point: expected trouble is one line on stderr and an exit code, never a traceback."""
    try:
        _offer_further_commands(sys.argv[1:])
        app()
    except errors.MammogramViewerError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        sys.exit(exit_code_of(error))
    except BrokenPipeError:  # `mammogram-viewer logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
