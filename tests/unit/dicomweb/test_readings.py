"""What is recorded of frames that are read: a look is one, and none is without a trace."""

from __future__ import annotations

import asyncpg
import pytest

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.dicomweb.frames import FrameReadings, Reading
from mammogram_viewer.foundation.settings import Settings


class Watch:
    """Readings with a clock that a test moves, over a real audit log."""

    def __init__(self, db: asyncpg.Pool, settings: Settings, user_id: int) -> None:
        self.now = 0.0
        self._db, self._views, self._user_id = db, ViewTracker(db, settings), user_id
        self._readings = FrameReadings(lambda: self.now)

    async def read(self, reading: Reading, image_id: int = 7) -> list[str]:
        who = Principal(user_id=self._user_id, email="", name="", role="radiologist")
        await self._readings.note(
            self._db, self._views, image_id, Actor(user_id=self._user_id), who, reading, seconds=300
        )
        rows = await self._db.fetch("SELECT act FROM audit_log WHERE resource_id = $1 ORDER BY id", image_id)
        return [row["act"] for row in rows]


@pytest.fixture
async def watch(db: asyncpg.Pool, settings: Settings) -> Watch:
    user_id = await db.fetchval(
        """INSERT INTO users (email, name, role, status) VALUES ('r@example.org', '', 'radiologist', 'active')
           RETURNING id"""
    )
    return Watch(db, settings, user_id)


async def test_a_look_is_recorded_once_and_again_after_its_time(watch: Watch) -> None:
    for _ in range(3):
        assert await watch.read("view") == ["image_viewed"]
    assert await watch.read("read") == ["image_viewed"], "what follows belongs to the look"
    watch.now = 299
    assert await watch.read("view") == ["image_viewed"]
    watch.now = 301
    assert await watch.read("view") == ["image_viewed"] * 2
    assert await watch.read("view", image_id=8) == ["image_viewed"]


async def test_reading_ahead_is_no_look_and_does_not_hide_the_one_that_follows(watch: Watch) -> None:
    assert await watch.read("read") == ["frames_read"]
    assert await watch.read("read") == ["frames_read"]
    assert await watch.read("view") == ["frames_read", "image_viewed"]
    watch.now = 400
    assert await watch.read("read") == ["frames_read", "image_viewed", "frames_read"]


async def test_what_could_not_be_recorded_is_tried_again(watch: Watch, db: asyncpg.Pool) -> None:
    await db.execute("ALTER TABLE audit_log RENAME TO audit_log_away")
    try:
        with pytest.raises(asyncpg.UndefinedTableError):
            await watch.read("view")
    finally:
        await db.execute("ALTER TABLE audit_log_away RENAME TO audit_log")
    assert await watch.read("view") == ["image_viewed"]
