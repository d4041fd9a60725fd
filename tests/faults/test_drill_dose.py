"""A small dose of `make drill`: every kind of fault under load, and the invariants afterwards. And the checker itself:
one that never sees anything would prove nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import redis

from builders import png_bytes
from drills.house import House
from drills.invariants import Archive, examine
from drills.storm import Plan, Storm
from mammogram_viewer.adapters.storage.local import LocalStorage
from product import FAST, Product


def test_a_small_storm_of_kills_loses_doubles_and_half_makes_nothing(tmp_path: Path) -> None:
    plan = Plan(
        seed=7,
        uploads=60,
        large_uploads=0,
        kills=10,
        flushes=1,
        freezes=1,
        crash_points=("after_commit", "after_publish"),  # test_recovery.py drills each of them
        away_seconds=2,
        freeze_seconds=4,
        limit_seconds=120,
    )
    said: list[str] = []
    with House(tmp_path / "data", FAST, {"fsync": "off", "shared_buffers": "64MB"}, seed=plan.seed) as house:
        outcome = Storm(plan, house, said.append).run()
    assert outcome.troubles == [], "\n".join([*outcome.troubles, *said])
    assert outcome.counts["acknowledged"] >= 60
    assert len(house.kills) >= 13


_SABOTAGE = {
    3: "DELETE FROM job_queue WHERE image_id = $1",
    4: """INSERT INTO job_queue (id, queue, type, image_id, status)
          SELECT 'again', queue, type, image_id, 'completed' FROM job_queue WHERE image_id = $1""",
    5: "UPDATE images SET status = 'failed' WHERE id = $1",
    6: "DELETE FROM renditions WHERE image_id = $1 AND kind = 'png8'",
    7: "DELETE FROM user_activity WHERE resource_id = $1",
    8: "UPDATE job_queue SET status = 'active' WHERE image_id = $1",
    9: """INSERT INTO job_attempts (job_id, worker, outcome)
          SELECT id, 'x:1', 'completed' FROM job_queue WHERE image_id = $1""",
}
_EXPECTED = {
    "acknowledged, but without a row",
    "an original is gone",
    "an original is not what was sent",
    "a row that nobody sent whole",
    "not exactly one story",
    "an image has not ended",
    "a job has not ended",
    "image and job disagree",
    "no picture and no reason",
    "renditions of an image that is not ready",
    "ready, but a rendition lacks",
    "a rendition's file lacks",
    "not exactly one upload in user_activity",
    "an attempt of an ended job was left open",
    "a job ended well twice",
    "something else lies in storage",
    "Redis still holds entries",
}


async def test_the_checker_sees_every_planted_break(product: Product) -> None:
    acknowledged: dict[int, bytes] = {}
    for number in range(12):
        body = png_bytes(seed=8000 + number)
        acknowledged[product.upload_one(body, "a.png")["id"]] = hashlib.sha256(body).digest()
    ids = list(acknowledged)
    assert [product.wait_for(image_id)["status"] for image_id in ids] == ["ready"] * 12
    product.stop()
    redis_url = f"{product.redis_url}?db=7"
    archive = Archive(data_dir=product.data_dir, database_url=product.database_url, redis_url=redis_url)
    whole = await examine(archive, acknowledged)
    assert whole.violations == []

    storage = LocalStorage(product.data_dir / "storage")
    keys = dict(await product.fetch("SELECT id, storage_key FROM images"))
    storage.local_copy(keys[ids[0]]).unlink()
    changed = storage.local_copy(keys[ids[1]])
    changed.write_bytes(changed.read_bytes()[:-1] + b"\0")
    del acknowledged[ids[2]]
    for number, sql in _SABOTAGE.items():
        await product.fetch(sql, ids[number])
    await product.fetch("UPDATE images SET status = 'pending' WHERE id = $1", ids[10])
    [picture] = await product.fetch("SELECT storage_key FROM renditions WHERE image_id = $1 AND kind = 'png8'", ids[11])
    storage.local_copy(picture["storage_key"]).unlink()
    acknowledged[999_999] = bytes(32)
    storage.local_copy("stray").write_bytes(b"x")
    client = redis.Redis.from_url(redis_url)
    client.lpush("bull:thumbnail:wait", "1")

    broken = await examine(archive, acknowledged)
    client.flushdb()
    client.close()
    assert {sentence.split(":")[0] for sentence in broken.violations} >= _EXPECTED
