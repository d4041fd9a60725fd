"""Claims in one statement, and what an entry in Redis says of its kind: a hint, never more."""

from __future__ import annotations

import pytest
from bullmq.custom_errors import UnrecoverableError

from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import CONVERT_DICOM, DICOM_CONVERSION, REMAKE_RENDITIONS, Claim, NewJob
from mammogram_viewer.worker.processor import Processor


async def add(db, kind: str) -> str:
    job = NewJob(id=f"job-of-{kind}", queue=DICOM_CONVERSION, type=kind, image_id=None, user_id=1)
    async with db.acquire() as connection, connection.transaction():
        await outbox.add_jobs(connection, [job])
    return job.id


@pytest.fixture
def processor(db, settings) -> Processor:
    async def complete(claim: Claim) -> None:
        assert await outbox.complete(db, claim, {"made": claim.job.type})

    return Processor(db, {CONVERT_DICOM: complete, REMAKE_RENDITIONS: complete}, settings)


@pytest.mark.parametrize("kind", [CONVERT_DICOM, REMAKE_RENDITIONS])
@pytest.mark.parametrize("told", [CONVERT_DICOM, REMAKE_RENDITIONS, "nonsense", None])
async def test_whatever_an_entry_says_it_is_its_row_decides(db, processor, kind, told):
    job_id = await add(db, kind)
    assert await processor.process_entry(job_id, {}, kind=told) == {
        "state": "completed",
        "imageId": None,
        "made": kind,
    }
    rows = await db.fetch("SELECT outcome FROM job_attempts")
    assert [row["outcome"] for row in rows] == ["completed"]
    # And once more, as when a worker was lost just after the row had ended.
    assert (await processor.process_entry(job_id, {}, kind=told))["state"] == "completed"
    assert await db.fetchval("SELECT count(*) FROM job_attempts") == 1


@pytest.mark.parametrize("kind", [CONVERT_DICOM, REMAKE_RENDITIONS])
async def test_one_interruption_too_many_ends_a_job_of_any_kind(db, processor, settings, kind):
    job_id = await add(db, kind)
    await db.execute("UPDATE job_queue SET status = 'active', interruptions = $1", settings.job_interruptions)
    with pytest.raises(UnrecoverableError, match="interrupted"):
        await processor.process_entry(job_id, {}, kind=kind)
    row = await db.fetchrow("SELECT status, error_code FROM job_queue")
    assert tuple(row) == ("failed", "interrupted")
    assert await db.fetchval("SELECT count(*) FROM job_attempts WHERE finished_at IS NULL") == 0


async def test_a_row_that_was_cancelled_meanwhile_is_not_completed(db, processor):
    job_id = await add(db, REMAKE_RENDITIONS)
    claim = await outbox.claim_apart(db, job_id, "somebody")
    assert claim is not None
    await db.execute("UPDATE job_queue SET status = 'cancelled', finished_at = now()")
    assert not await outbox.complete(db, claim, {})
    assert claim.ends == []
    assert await db.fetchval("SELECT status FROM job_queue") == "cancelled"
