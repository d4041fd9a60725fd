"""The job lists walk an index in their own order, whatever is filtered: no walk over the table, nothing sorted."""

from __future__ import annotations

from itertools import product as every
from typing import cast

import asyncpg
import pytest
from benchmarks.jobs import lists, rows

from conftest import empty_database
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.keyset import PageRequest
from mammogram_viewer.jobs.lists import JobFilters

ROWS = 30_000


@pytest.fixture(scope="module")
async def many_jobs(migrated_database):
    """A pool on a database of its own rows; emptied again by whoever comes next."""
    await empty_database(migrated_database)
    pool = await open_pool(migrated_database, size=2, application_name="tests")
    async with pool.acquire() as connection:
        await rows.fill(cast(asyncpg.Connection, connection), ROWS)
    yield pool
    await pool.execute("TRUNCATE job_queue CASCADE")
    await pool.close()


def filters_in_order() -> list[JobFilters]:
    """All but `imageId`: an image has a handful of jobs, which may as well be sorted."""
    return [
        JobFilters(queue=queue, states=(state,) if state else (), user_id=user_id, reason=reason)
        for queue, state, user_id, reason in every(
            (None, "dicom-conversion"), (None, "completed", "failed"), (None, rows.HEAVY_USER), (None, "decoder_crash")
        )
    ]


@pytest.mark.parametrize("filters", filters_in_order(), ids=lists.words_for)
async def test_a_page_walks_an_index_and_sorts_nothing(many_jobs, filters):
    middle = await lists.find_place(many_jobs, 0.5)
    for request in (
        PageRequest(),
        PageRequest(cursor=middle),
        PageRequest(cursor=middle, direction="prev"),
    ):
        page = await lists.explain_page(many_jobs, request, filters)
        assert not [node for node in page.nodes if "Seq Scan" in node or "Sort" in node], page.nodes
        assert any("Index" in node and "job_queue" in node for node in page.nodes), page.nodes


async def test_no_filter_ever_walks_the_whole_table(many_jobs):
    image_id = await lists.find_image(many_jobs)
    for filters in lists.combinations(image_id):
        page = await lists.explain_page(many_jobs, PageRequest(), filters)
        assert "Seq Scan" not in page.nodes, filters
