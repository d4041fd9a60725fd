"""`queue`: the job queues from the shell, through the same services as the administrators' page, and audited alike."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import msgspec
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.database.connect import connect
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.cli.compose import redis_address
from mammogram_viewer.foundation.errors import Invalid, StartupProblem
from mammogram_viewer.foundation.keyset import instant_text, parse_page_request
from mammogram_viewer.foundation.settings import load_settings
from mammogram_viewer.jobs.control import QueueControl, demand_queue
from mammogram_viewer.jobs.lists import JobFilters, list_jobs
from mammogram_viewer.jobs.models import QUEUES, JobState
from mammogram_viewer.jobs.schemas import JobAnswer, job_answer
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.stats import QueueStats
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.operations.jobs import retry_job
from mammogram_viewer.operations.queue_schemas import (
    JobPage,
    QueueAnswer,
    QueueChanged,
    QueueStatsAnswer,
    queue_answer,
    worker_answer,
)
from mammogram_viewer.operations.queues import QueueOffice

Answer = TypeVar("Answer")
queue_app = typer.Typer(
    help="The job queues: look at them, retry what failed, pause, resume, empty.\n\n"
    f"There are {', '.join(QUEUES)}. `--json` prints what the API answers, for scripts.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help=f"{', '.join(QUEUES)}.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="As in dicom-123.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Advance = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the commands work with, open for the length of one."""

    db: asyncpg.Pool
    service: QueueService
    control: QueueControl
    office: QueueOffice
    stats: QueueStats


@queue_app.command("stats")
def stats(as_json: AsJson = False) -> None:
    """Count what waits, runs and failed in each queue, and show the workers.

    Example: `mammogram-viewer queue stats`

    Example: `mammogram-viewer queue stats --json | jq '.queues[] | {name, waiting, failed}'`"""

    async def work(shop: Shop) -> QueueStatsAnswer:
        counts, workers = await shop.stats.count(), await shop.stats.list_workers()
        settings = await shop.control.list_settings()
        return QueueStatsAnswer(
            queues=[queue_answer(settings[name], counts[name], workers) for name in QUEUES],
            workers=[worker_answer(worker) for worker in workers],
            redis="ok" if await shop.control.redis_answers() else "down",
        )

    answer = _run(work)
    if as_json:
        _print_json(answer)
    else:
        _show_stats(answer)


@queue_app.command("list")
def list_(
    queue: Annotated[str | None, typer.Option(help="Only of this queue.")] = None,
    state: Annotated[JobState | None, typer.Option(help="Only in this state.")] = None,
    image: Annotated[int | None, typer.Option(metavar="ID", help="Only of this image.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this code of a failure or rejection.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where the page before ended (its nextCursor).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show jobs, newest first.

    Example: `mammogram-viewer queue list --state failed`

    Example: `mammogram-viewer queue list --reason decoder_crash --json | jq -r '.jobs[].id'`"""
    if queue is not None:
        demand_queue(queue)
    filters = JobFilters(queue=queue, states=(state,) if state else (), image_id=image, reason=reason)
    request = parse_page_request(cursor, "next", limit, id_kind="text")

    async def work(shop: Shop) -> JobPage:
        page = await list_jobs(shop.db, request, filters)
        return JobPage(
            jobs=[job_answer(job) for job in page.rows],
            next_cursor=page.next_cursor,
            prev_cursor=page.prev_cursor,
            has_more=page.has_more,
            limit=page.limit,
        )

    found = _run(work)
    if as_json:
        _print_json(found)
        return
    _show_jobs(found.jobs)
    if found.next_cursor is not None and sys.stdout.isatty():
        typer.echo(f"There are more: --cursor {found.next_cursor}")


@queue_app.command("retry")
def retry(job: JobId, as_json: AsJson = False) -> None:
    """Start one job afresh that failed, was rejected or was taken out.

    Example: `mammogram-viewer queue retry dicom-123`"""

    async def work(shop: Shop) -> JobAnswer:
        return job_answer(await retry_job(shop.db, shop.service, job, _SHELL, SYSTEM))

    answer = _run(work)
    _say(f"{answer.id} is {answer.state} again.", answer, as_json=as_json)


@queue_app.command("retry-failed")
def retry_failed(queue: QueueName, as_json: AsJson = False) -> None:
    """Start everything afresh that has failed in a queue. Rejected files stay: they would be rejected again.

    Example: `mammogram-viewer queue retry-failed dicom-conversion`"""
    demand_queue(queue)

    async def work(shop: Shop) -> int:
        with _bar(f"Retrying {queue}", (await shop.stats.count())[queue].failed) as advance:
            return await shop.office.retry_failed(queue, SYSTEM, advance)

    jobs = _run(work)
    _say(f"{jobs} {_jobs(jobs)} of {queue} will be tried again.", QueueChanged(queue=queue, jobs=jobs), as_json=as_json)


@queue_app.command("pause")
def pause(queue: QueueName, as_json: AsJson = False) -> None:
    """Let workers take nothing more from a queue. What is in hand goes on; uploads are still taken.

    Example: `mammogram-viewer queue pause thumbnail`"""
    changed = _run(lambda shop: shop.office.pause(queue, SYSTEM))
    words = f"{queue} is paused." if changed else f"{queue} was paused already."
    _say(words, QueueChanged(queue=queue, changed=changed), as_json=as_json)


@queue_app.command("resume")
def resume(queue: QueueName, as_json: AsJson = False) -> None:
    """Let workers take from a paused queue again.

    Example: `mammogram-viewer queue resume thumbnail`"""
    changed = _run(lambda shop: shop.office.resume(queue, SYSTEM))
    words = f"{queue} runs again." if changed else f"{queue} was not paused."
    _say(words, QueueChanged(queue=queue, changed=changed), as_json=as_json)


@queue_app.command("drain")
def drain(
    queue: QueueName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take everything out of a queue that waits. The images stay, marked as failed, and can be retried one by one.

    Example: `mammogram-viewer queue drain thumbnail --yes`"""
    demand_queue(queue)

    async def work(shop: Shop) -> int:
        counts = (await shop.stats.count())[queue]
        waiting = counts.waiting + counts.prioritized + counts.delayed
        if not yes:
            _demand_consent(f"Take {waiting} waiting {_jobs(waiting)} out of {queue}?")
        with _bar(f"Draining {queue}", waiting) as advance:
            return await shop.office.drain(queue, SYSTEM, advance)

    jobs = _run(work)
    _say(f"{jobs} {_jobs(jobs)} taken out of {queue}.", QueueChanged(queue=queue, jobs=jobs), as_json=as_json)


@queue_app.command("remove")
def remove(job: JobId, as_json: AsJson = False) -> None:
    """Take one unfinished job out of its queue; its image can be retried.

    Example: `mammogram-viewer queue remove dicom-123`"""

    async def work(shop: Shop) -> JobAnswer:
        await shop.office.remove(job, SYSTEM)
        return job_answer(await shop.service.get_job_status(job))

    answer = _run(work)
    _say(f"{answer.id} was taken out of {answer.queue}; `queue retry` brings it back.", answer, as_json=as_json)


@queue_app.command("concurrency")
def concurrency(
    queue: QueueName,
    jobs: Annotated[str, typer.Argument(metavar="NUMBER", help="1 to 64, or `default`: as the settings say.")],
    as_json: AsJson = False,
) -> None:
    """Set how many jobs of a queue each worker does at once. Workers follow within seconds, without a restart.

    Example: `mammogram-viewer queue concurrency dicom-conversion 6`

    Example: `mammogram-viewer queue concurrency dicom-conversion default`"""
    if jobs != "default" and not (jobs.isascii() and jobs.isdigit()):
        raise Invalid("Give a number from 1 to 64, or `default`.", code="invalid_concurrency")
    wanted = None if jobs == "default" else int(jobs[:9])
    _run(lambda shop: shop.office.set_concurrency(queue, wanted, SYSTEM))
    words = f"Each worker does {wanted} {_jobs(wanted)}" if wanted else "Each worker does as many jobs"
    ending = "of" if wanted else "as its settings say of"
    _say(f"{words} {ending} {queue} at once.", QueueChanged(queue=queue, changed=True), as_json=as_json)


# The shell acts for whoever runs the machine; the records call it the system, as for `user`.
_SHELL = Principal(user_id=0, email="", name="the shell", role="admin")


def _run(work: Callable[[Shop], Awaitable[Answer]]) -> Answer:
    """Run `work` against the servers in use. The rows are the truth: with Redis away it works, and says so."""
    settings = load_settings(os.environ, Path(".env"))

    async def run() -> Answer:
        dsn = database_dsn(settings)
        await (await connect(dsn)).close()  # says in one line what is wrong
        db = await open_pool(dsn, size=2, application_name="mammogram-viewer shell")
        wake_up = WakeUp(redis_address(settings), settings)
        control = QueueControl(db, wake_up)
        shop = Shop(
            db=db,
            service=QueueService(db, wake_up, settings),
            control=control,
            office=QueueOffice(db, control),
            stats=QueueStats(db),
        )
        try:
            answer = await work(shop)
            if not await control.redis_answers():
                typer.echo("Redis does not answer; workers will follow once it does. Nothing is lost.", err=True)
            return answer
        except asyncpg.UndefinedTableError:
            raise StartupProblem("The database has no tables yet. Run `mammogram-viewer migrate`.") from None
        finally:
            await wake_up.close()
            await db.close()

    return asyncio.run(run())


@contextmanager
def _bar(words: str, total: int) -> Iterator[Advance]:
    """A progress bar on stderr, at a terminal alone; jobs may come and go meanwhile, so that it may end early."""
    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(words, total=total)
        yield lambda jobs: progress.advance(task, jobs)


def _demand_consent(question: str) -> None:
    if not sys.stdin.isatty():
        raise Invalid("There is no terminal to ask on; use --yes.")
    typer.confirm(question, abort=True, err=True)


def _jobs(count: int | None) -> str:
    return "job" if count == 1 else "jobs"


def _say(words: str, answer: msgspec.Struct, *, as_json: bool) -> None:
    if as_json:
        _print_json(answer)
    else:
        typer.echo(words)


def _print_json(answer: msgspec.Struct) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def _show_stats(answer: QueueStatsAnswer) -> None:
    headings = ("queue", "waiting", "active", "delayed", "failed", "per min", "oldest", "done in", "workers")
    _print_table(headings, [_queue_cells(queue) for queue in answer.queues], numbers_from=1)
    alive = [worker for worker in answer.workers if worker.alive]
    if alive:
        rows = [
            (
                f"{worker.host}:{worker.pid}",
                " ".join(f"{name}={number}" for name, number in worker.queues.items()),
                " ".join(worker.current_jobs) or "idle",
                f"{worker.memory_bytes / 1e6:.1f} MB",
            )
            for worker in alive
        ]
        _print_table(("worker", "jobs at once", "does", "memory"), rows)
    else:
        typer.echo("No worker is alive: start `mammogram-viewer worker`, or `serve`.")
    if answer.redis != "ok":
        typer.echo("Redis is down: uploads are taken and wait.")


def _queue_cells(queue: QueueAnswer) -> tuple[str, ...]:
    return (
        f"{queue.name} (paused)" if queue.paused else queue.name,
        str(queue.waiting + queue.prioritized),
        str(queue.active),
        str(queue.delayed),
        str(queue.failed),
        f"{queue.jobs_per_minute:.1f}",
        _duration(queue.oldest_waiting_seconds),
        _duration(queue.eta_seconds),
        str(queue.workers),
    )


def _show_jobs(jobs: Sequence[JobAnswer]) -> None:
    headings = ("job", "state", "kind", "attempts", "image", "created", "reason")
    rows = [
        (
            job.id,
            job.state,
            job.name,
            f"{job.attempts_made} of {job.attempts}",
            "" if job.image_id is None else str(job.image_id),
            instant_text(job.created_at)[:16].replace("T", " "),
            job.error_code or "",
        )
        for job in jobs
    ]
    if rows or not sys.stdout.isatty():
        _print_table(headings, rows)
    else:
        typer.echo("There is no such job.")


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int | None = None) -> None:
    if not sys.stdout.isatty():  # for scripts that do not want JSON: tabs between, without headings
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0), pad_edge=False)  # nine columns in 80 characters
    for place, heading in enumerate(headings):
        right = numbers_from is not None and place >= numbers_from
        table.add_column(heading, justify="right" if right else "left", overflow="fold")  # ids are there to be copied
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    Console().print(table)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
