"""Somebody drives the queues in Redis itself, as Bull Board and Node clients do: our rows learn of it."""

from __future__ import annotations

import asyncio

import pytest
from bullmq import Queue

from mammogram_viewer.adapters.redis.connection import bullmq_connection
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.models import CONVERT_DICOM, DICOM_CONVERSION, Claim, NewJob
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.worker.processor import Processor


@pytest.fixture
async def queue(redis_url):
    bull = Queue("dicom-conversion", {"connection": bullmq_connection(redis_url)})
    yield bull
    await bull.close()


@pytest.fixture
async def control(db, settings: Settings, redis_url):
    wake_up = WakeUp(redis_url, settings)
    yield QueueControl(db, wake_up)
    await wake_up.close()


async def paused(control: QueueControl) -> bool:
    return (await control.list_settings())[DICOM_CONVERSION].paused_at is not None


async def test_a_pause_and_a_resume_in_redis_go_into_the_row_and_the_audit_log(db, control, queue):
    await control.apply()
    await queue.pause()
    await control.apply()
    assert await paused(control)
    await queue.resume()
    await control.apply()
    assert not await paused(control)
    acts = await db.fetch("SELECT act, actor_user_id FROM audit_log ORDER BY id")
    assert [tuple(act) for act in acts] == [("queue_paused", None), ("queue_resumed", None)]


async def test_a_row_that_changed_last_wins_over_redis(db, control, queue):
    await control.apply()
    await queue.pause()
    async with db.acquire() as connection, connection.transaction():
        await control.pause(connection, DICOM_CONVERSION, user_id=None)
    await control.apply()
    async with db.acquire() as connection, connection.transaction():
        await control.resume(connection, DICOM_CONVERSION)
    await control.apply()
    assert not await queue.isPaused()
    assert not await paused(control)


async def test_a_redis_that_has_forgotten_everything_is_no_act_of_anybody(db, control, queue):
    async with db.acquire() as connection, connection.transaction():
        await control.pause(connection, DICOM_CONVERSION, user_id=None)
    await control.apply()
    await queue.backend.conn.flushall()
    await control.apply()
    assert await queue.isPaused()
    assert await paused(control)


@pytest.fixture
async def failed(db) -> str:
    """The id of a job of no image that has failed for good."""
    user_id = await db.fetchval("INSERT INTO users (email, name, role) VALUES ('a@b', 'A', 'user') RETURNING id")
    job = NewJob(id="dicom-1", queue=DICOM_CONVERSION, type=CONVERT_DICOM, image_id=None, user_id=user_id)
    async with db.acquire() as connection, connection.transaction():
        await outbox.add_jobs(connection, [job])
        claim = await outbox.claim(connection, job.id, "somebody")
        assert isinstance(claim, Claim)
        await outbox.fail(connection, claim, "unexpected", "It failed.", attempts_allowed=1)
    return job.id


def processor(db, settings: Settings) -> Processor:
    async def complete(claim: Claim) -> None:
        async with db.acquire() as connection, connection.transaction():
            assert await outbox.hold(connection, claim)
            await outbox.complete(connection, claim, {"made": True})

    return Processor(db, {CONVERT_DICOM: complete}, settings)


async def test_an_entry_that_comes_back_from_a_lost_worker_does_not_start_a_failed_job_afresh(db, settings, failed):
    answer = await processor(db, settings).process_entry(failed, {}, retried=False)
    assert answer["state"] == "failed"


async def test_an_entry_that_somebody_retries_starts_a_failed_job_afresh(db, settings, failed):
    answer = await processor(db, settings).process_entry(failed, {}, retried=True)
    assert answer == {"state": "completed", "imageId": None, "made": True}
    job = await outbox.find_job(db, failed)
    assert job is not None and job.attempts_made == 1
    assert [row["outcome"] for row in await db.fetch("SELECT outcome FROM job_attempts ORDER BY id")] == [
        "failed",
        "completed",
    ]


async def test_two_workers_that_claim_one_job_leave_one_attempt_open(db, settings, failed):
    async with db.acquire() as connection, connection.transaction():
        await outbox.retry(connection, failed)
    async with db.acquire() as first, db.acquire() as second:
        transaction = first.transaction()
        await transaction.start()
        assert isinstance(await outbox.claim(first, failed, "one"), Claim)
        other = asyncio.create_task(outbox.claim(second, failed, "two"))
        while not await db.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            continue
        await transaction.commit()
        claim = await other
    assert isinstance(claim, Claim)
    assert claim.job.interruptions == 1
    rows = await db.fetch("SELECT worker, outcome FROM job_attempts WHERE worker IN ('one', 'two') ORDER BY id")
    assert [tuple(row) for row in rows] == [("one", "interrupted"), ("two", None)]
