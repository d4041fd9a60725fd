"""A running product for each file of tests that asks for it, on an emptied database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import redis

from conftest import Servers, empty_database
from mammogram_viewer.adapters.database.migrate import apply_migrations
from product import Product, add_people, running


@pytest.fixture(scope="module")
async def people_database(migrated_database: str, servers: Servers) -> str:
    """Emptied, with one user of each role; Redis flushed."""
    await empty_database(migrated_database)
    await add_people(migrated_database)
    client = redis.Redis.from_url(servers.redis_url)
    client.flushall()
    client.close()
    return migrated_database


@pytest.fixture(scope="module")
def product(people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """API and worker as processes of their own."""
    folder: Path = tmp_path_factory.mktemp("product data")
    with running(Product(folder, people_database, servers.redis_url), "api", "worker") as started:
        yield started


@pytest.fixture
async def own_database(new_database: Callable[[], Awaitable[str]]) -> str:
    """A database for this test alone: two products with storage of their own must never share one."""
    url = await new_database()
    await apply_migrations(url)
    await add_people(url)
    return url
