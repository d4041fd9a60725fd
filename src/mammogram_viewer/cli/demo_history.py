"""`mammogram-viewer demo --history DAYS`: a past to look at. Files go through the front door as any client would send
them; then images, jobs and acts are laid into the past (demo_history_facts.py). Nobody of it can sign in."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.progress import Progress

from mammogram_viewer.accounts import users
from mammogram_viewer.accounts.models import User
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.cli import demo_history_facts as facts
from mammogram_viewer.cli.demo_history_plan import Person, Plan, PlannedFile, SentImage, acts, make_plan
from mammogram_viewer.cli.instance import local_address, short_lived_token
from mammogram_viewer.foundation.errors import Conflict, Unavailable
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.synthetic.mammogram import stored_words, write_mammogram

_POLL_SECONDS = 0.5
_BROKEN_BYTES = 6000  # header and a little of the pixels
_LONGEST_SECONDS = 1800
_ENDED = ("ready", "rejected", "failed")


async def add_history(
    db: asyncpg.Pool, settings: Settings, days: int, console: Console, progress: Progress, *, sure: bool
) -> None:
    """`days` days that end today. Does nothing when there is a history already; Conflict when there are images of real
    people and nobody agrees."""
    if await facts.is_there(db):
        console.print("A demonstration's history is here already; nothing was added.")
        return
    zone = ZoneInfo(settings.time_zone)
    last_day = await _last_day(db, days, zone)
    plan = make_plan(last_day, days, zone)
    first_at = min(person.registered_at for person in plan.people)
    await facts.demand_open_months(db, first_at)
    console.print(
        f"This adds, up to today, {days} days of: {len(plan.people)} people without a password, {plan.exams} synthetic "
        f"exams ({len(plan.files)} files), and their logins, views, downloads and deletes. They stay in the statistics."
    )
    await _demand_consent(db, sure)
    with progress:
        people = {person.email: await _account(db, settings, person) for person in plan.people}
        images = await _send(db, settings, plan, people, progress)
        shown = [
            SentImage(image_id, file.owner, file.came_at, file.removed_at)
            for image_id, file in images.items()
            if file.kind != "broken"
        ]
        shown.sort(key=lambda image: (image.came_at, image.image_id))
        done = acts(plan, shown, last_day, days, zone)
        bar = progress.add_task("Laying into the past", total=days + 1)
        sent = facts.Sent(images, {email: user.id for email, user in people.items()})
        await facts.add_past(db, sent, plan.people, done, days)
        await facts.roll_up(db, last_day - timedelta(days=days - 1), lambda: progress.advance(bar))
        progress.update(bar, completed=days + 1)
    console.print(f"Look at it: {local_address(settings)}/analytics")


async def _last_day(db: asyncpg.Pool, days: int, zone: ZoneInfo) -> date:
    """Today, or the day on which a run that did not come to its end began: the same files are sent once."""
    today = datetime.now(UTC).astimezone(zone).date()
    emails = [person.email for person in make_plan(today, days, zone).people]
    begun_at = await facts.first_day_of_people(db, emails)
    return today if begun_at is None else begun_at.astimezone(zone).date()


async def _demand_consent(db: asyncpg.Pool, sure: bool) -> None:
    real_images = await facts.count_real_images(db)
    if sure or real_images == 0:
        return
    question = f"There are {real_images} images of real people here. Mix a made-up past into their statistics?"
    if not sys.stdin.isatty():
        raise Conflict(f"{question} Nothing was done; say --yes if you mean it.", code="real_data")
    typer.confirm(question, abort=True)


async def _account(db: asyncpg.Pool, settings: Settings, person: Person) -> User:
    try:
        return await users.create_user(
            db, settings, SYSTEM, email=person.email, name=person.name, role=person.role, password=None
        )
    except Conflict:
        return await users.get_user_by_email(db, person.email)


async def _send(
    db: asyncpg.Pool, settings: Settings, plan: Plan, people: dict[str, User], progress: Progress
) -> dict[int, PlannedFile]:
    """Each file through the API, in the order of time, by its owner; the images once their jobs have ended, and those
    that are to go again gone."""
    address = local_address(settings)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clients: dict[str, httpx.AsyncClient] = {}
        for email in sorted({file.owner for file in plan.files}):
            secret = await stack.enter_async_context(
                short_lived_token(db, settings, people[email], name="demo history")
            )
            headers = {"authorization": f"Bearer {secret}"}
            client = httpx.AsyncClient(base_url=address, headers=headers, timeout=120)
            clients[email] = await stack.enter_async_context(client)
        try:
            images = await _upload(clients, plan.files, folder, progress)
            await _wait(db, list(images), progress)
            for image_id, file in images.items():
                if file.removed_at is not None:
                    (await clients[file.owner].delete(f"/api/images/{image_id}")).raise_for_status()
        except httpx.TransportError:
            raise Unavailable(
                f"Nothing answers at {address}. Start `mammogram-viewer serve` first; "
                "what was uploaded so far is kept, and running this again goes on."
            ) from None
    return images


async def _upload(
    clients: dict[str, httpx.AsyncClient], files: Sequence[PlannedFile], folder: Path, progress: Progress
) -> dict[int, PlannedFile]:
    bar = progress.add_task("Making and sending files", total=len(files))
    images: dict[int, PlannedFile] = {}
    for file in files:
        path = await asyncio.to_thread(write_file, folder, file)
        answer = await clients[file.owner].post("/api/images", files=[("files", (file.name, path.read_bytes()))])
        path.unlink()
        if answer.status_code != 202:
            raise Unavailable(f"{file.name} was not taken: {answer.json().get('detail', answer.status_code)}")
        images[answer.json()["images"][0]["id"]] = file
        progress.advance(bar)
    return images


def write_file(folder: Path, file: PlannedFile) -> Path:
    """The file as its kind and the end of its name say."""
    path = folder / file.name
    if path.suffix == ".dcm":
        write_mammogram(path, file.wanted)
    else:
        grey = (stored_words(file.wanted) >> 4).astype(np.uint8)
        Image.fromarray(grey).save(path)
    if file.kind == "broken":
        path.write_bytes(path.read_bytes()[:_BROKEN_BYTES])
    return path


async def _wait(db: asyncpg.Pool, image_ids: list[int], progress: Progress) -> None:
    """Until every job has ended. The rows are the truth, and one question asks for all."""
    bar = progress.add_task("Rendering", total=len(image_ids))
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            while (ended := await _count_ended(db, image_ids)) < len(image_ids):
                progress.update(bar, completed=ended)
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise Unavailable(
            "The workers have not rendered everything in half an hour. Run this again to go on."
        ) from None
    progress.update(bar, completed=len(image_ids))


async def _count_ended(db: asyncpg.Pool, image_ids: list[int]) -> int:
    """One that has gone since has ended as well."""
    open_images = await db.fetchval(
        "SELECT count(*) FROM images WHERE id = ANY ($1::bigint[]) AND status <> ALL ($2::text[])",
        image_ids,
        list(_ENDED),
    )
    return len(image_ids) - open_images
