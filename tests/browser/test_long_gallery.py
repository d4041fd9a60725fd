"""A long gallery is walked screen by screen, down and back: in the database's order, with nothing lost and nothing
twice, and one stands where one stood. `make bench-gallery` makes the same journey through a million images."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from benchmarks import seed
from benchmarks.gallery import browser, journey

from conftest import Servers
from mammogram_viewer.adapters.database.pool import open_pool
from product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IMAGES = 5000
SCREENS = 20


@pytest.fixture(scope="module")
async def archive(people_database: str) -> AsyncIterator[asyncpg.Pool]:
    """Five thousand images, rows alone; whoever comes next empties the database."""
    await seed.fill(people_database, IMAGES)
    pool = await open_pool(people_database, size=2, application_name="tests")
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
async def data_dir(archive: asyncpg.Pool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Storage with the thumbnails that come into view."""
    folder = tmp_path_factory.mktemp("long gallery")
    await browser.lay_thumbnails(archive, folder, 600)
    return folder


@pytest.fixture(scope="module")
def product(people_database: str, servers: Servers, data_dir: Path) -> Iterator[Product]:
    """The API alone: a worker would look for the originals of rows that never had any."""
    with running(Product(data_dir, people_database, servers.redis_url), "api") as started:
        yield started


async def test_a_long_gallery_is_walked_down_and_back_and_one_stands_where_one_stood(
    visit: Callable[..., Any], archive: asyncpg.Pool
) -> None:
    page = await (await visit()).sign_in("admin")

    walked = await journey.walk(page, SCREENS)

    rows = await archive.fetch("SELECT id FROM images ORDER BY created_at DESC, id DESC LIMIT $1", len(walked.down))
    assert len(walked.down) > 10 * SCREENS / 2
    assert walked.down == [row["id"] for row in rows]
    assert set(walked.up) == set(walked.down)
    assert journey.same_place(walked.before_reload, walked.after_reload), (walked.before_reload, walked.after_reload)
    assert journey.same_place(walked.before_leaving, walked.after_coming_back)
    assert journey.same_place(walked.start, walked.end)
    # What is shown is held, what was shown is not: as many elements at the end as near the beginning, give or take.
    assert walked.elements["down"] < 2 * walked.elements["early"]
    assert walked.heap_mb["down"] - walked.heap_mb["early"] < browser.MOST_GROWTH_MB
