"""What a person at a browser meets: opening the gallery, sending a thousand files, and a long walk through it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
from PIL import Image
from playwright.async_api import Browser, StorageState, async_playwright

from benchmarks import seed
from benchmarks.gallery import journey, openings, uploads
from benchmarks.stage import PASSWORD, TECHNOLOGIST, Peer, Stage, add_person, api
from mammogram_viewer.adapters.database.embedded import socket_dsn
from mammogram_viewer.adapters.database.migrate import apply_migrations

SMALL_IMAGES, SMALL_EXAMS = 100, 5
MOST_GROWTH_MB = 8.0
_KINDS = ("thumbnail256", "thumbnail512")
_PICTURES_A_SCREEN = 16
_ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-background-networking", "--disable-component-update"]


@dataclass(frozen=True)
class Browsing:
    """How much of it."""

    openings: int
    files: int
    screens: int


async def measure(stage: Stage, pool: asyncpg.Pool, wanted: Browsing) -> dict[str, Any]:
    """The archive as it is, and a small one beside it on the same servers."""
    await lay_thumbnails(pool, stage.folder, wanted.screens * _PICTURES_A_SCREEN)
    small_folder = stage.folder / "small"
    small_folder.mkdir()
    small_url = await _small_archive(stage, small_folder)
    with api(stage) as large, api(stage, database_url=small_url, folder=small_folder) as small:
        async with chromium() as browser:
            large_state, small_state = [await _signed_in(browser, running) for running in (large, small)]
            opened = await openings.measure(browser, (large, large_state), (small, small_state), wanted.openings)
            walked = await _walk(browser, large, large_state, pool, wanted.screens)
            sent = await _send(browser, large, large_state, pool, stage.folder, wanted.files)
    return {"opening": opened, "journey": walked, "upload": sent}


async def lay_thumbnails(pool: asyncpg.Pool, data_dir: Path, images: int) -> None:
    """Real files under the keys of the newest images' thumbnails: links to a few, of a usual thumbnail's size."""
    shared = data_dir / "thumbnails"
    shared.mkdir()
    pictures = [_thumbnail(shared / f"{number}.webp", number) for number in range(4)]
    keys = await pool.fetch(
        """SELECT r.storage_key FROM (SELECT id FROM images ORDER BY created_at DESC, id DESC LIMIT $1) i
           JOIN renditions r ON r.image_id = i.id AND r.kind = ANY ($2::text[])""",
        images,
        list(_KINDS),
    )
    for number, row in enumerate(keys):
        path = data_dir / "storage" / row["storage_key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(pictures[number % len(pictures)], path)


def _thumbnail(path: Path, number: int) -> Path:
    rows, columns = np.mgrid[0:512, 0:416]
    breast = np.clip(220 - np.hypot((rows - 256) / 2.2, columns) * 0.9, 0, 255)
    noise = np.random.default_rng(number).normal(0, 9, breast.shape)
    Image.fromarray(np.clip(breast + noise * (breast > 0), 0, 255).astype(np.uint8)).save(path, quality=80)
    return path


async def _small_archive(stage: Stage, folder: Path) -> str:
    connection = await asyncpg.connect(stage.database_url)
    try:
        await connection.execute("CREATE DATABASE small")
    finally:
        await connection.close()
    url = socket_dsn(stage.postgres.socket_dir, "small")
    await apply_migrations(url)
    await add_person(url, TECHNOLOGIST, "technologist")
    await seed.fill(url, SMALL_IMAGES, exams=SMALL_EXAMS)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=1)
    try:
        await lay_thumbnails(pool, folder, SMALL_IMAGES)
    finally:
        await pool.close()
    return url


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("The part in the browser needs Chromium: apt-get install chromium, or --without-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def _signed_in(browser: Browser, running: Peer) -> StorageState:
    context = await browser.new_context(base_url=running.base_url)
    try:
        answer = await context.request.post("/api/auth/login", data={"email": TECHNOLOGIST, "password": PASSWORD})
        if not answer.ok:
            raise SystemExit(f"signing in answered {answer.status}")
        return await context.storage_state()
    finally:
        await context.close()


async def _send(
    browser: Browser, running: Peer, signed_in: StorageState, pool: asyncpg.Pool, folder: Path, count: int
) -> dict[str, Any]:
    files = uploads.make_files(folder / "small files", count)
    context = await browser.new_context(viewport=openings.WINDOW, base_url=running.base_url, storage_state=signed_in)
    try:
        page = await context.new_page()
        await page.goto("/")
        await page.locator(journey.WALL).wait_for()
        return await uploads.measure(page, pool, files)
    finally:
        await context.close()


async def _walk(
    browser: Browser, running: Peer, signed_in: StorageState, pool: asyncpg.Pool, screens: int
) -> dict[str, Any]:
    context = await browser.new_context(viewport=openings.WINDOW, base_url=running.base_url, storage_state=signed_in)
    try:
        page = await context.new_page()
        await page.goto("/")
        walked = await journey.walk(page, screens)
    finally:
        await context.close()
    rows = await pool.fetch("SELECT id FROM images ORDER BY created_at DESC, id DESC LIMIT $1", len(walked.down))
    growth_mb = round(max(walked.heap_mb.values()) - walked.heap_mb["early"], 2)
    verdicts = {
        "in_the_database's_order": walked.down == [row["id"] for row in rows],
        "stands_after_reload": journey.same_place(walked.before_reload, walked.after_reload),
        "stands_after_coming_back": journey.same_place(walked.before_leaving, walked.after_coming_back),
        "back_at_the_start": journey.same_place(walked.start, walked.end),
        "memory": growth_mb <= MOST_GROWTH_MB,
    }
    return {
        "screens": screens,
        "images_seen": len(walked.down),
        "heap_mb": walked.heap_mb,
        "heap_growth_mb": growth_mb,
        "elements": walked.elements,
        "spots": {name: str(getattr(walked, name)) for name in ("before_reload", "after_reload")},
        "verdicts": verdicts,
        "target": {"heap_growth_mb_at_most": MOST_GROWTH_MB},
        "met": all(verdicts.values()),
    }
