"""A file that kills, hangs or starves its decoder, and a decoder that lies: only that one image suffers."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from PIL import Image

from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.confinement import layers
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.archive.service import find_image
from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import Rendered, RenderedFile, render_original
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import Claim
from mammogram_viewer.renditions.jobs import AttemptFailed, Renderer
from mammogram_viewer.renditions.judge import is_as_told
from mammogram_viewer.renditions.task import RenderAnswer
from product import Product, running


def redis_of_its_own(servers: Servers, number: int) -> str:
    """Another database of the session's Redis, emptied."""
    url = f"{servers.redis_url}?db={number}"
    client = redis.Redis.from_url(url)
    client.flushdb()
    client.close()
    return url


async def test_a_file_that_takes_too_long_fails_after_two_attempts_and_the_worker_lives_on(
    own_database: str, servers: Servers, tmp_path: Path
) -> None:
    tight = {"MAMMOGRAM_VIEWER_CHILD_WALL_SECONDS": "0.4"}
    product = Product(tmp_path, own_database, redis_of_its_own(servers, 6))
    with running(product, "api"):
        product.start("worker", **tight)
        poisoned = product.upload_one(png_bytes(seed=1, side=7500), "slow.png")
        image = product.wait_for(poisoned["id"])
        assert (image["status"], image["reasonCode"]) == ("failed", "decoder_timeout")
        assert image["job"]["state"] == "failed"
        assert image["job"]["attemptsMade"] == 2
        attempts = await product.fetch("SELECT error_code FROM job_attempts WHERE job_id = $1", poisoned["jobId"])
        assert [a["error_code"] for a in attempts] == ["decoder_timeout"] * 2
        gone = product.client().get(f"/api/images/{image['id']}/png")
        assert (gone.status_code, gone.json()["code"]) == (410, "decoder_timeout")
        # The worker itself is well: a small file passes within the same limits.
        assert product.processes["worker"].poll() is None
        assert product.wait_for(product.upload_one(png_bytes(seed=2, side=8), "a.png")["id"])["status"] == "ready"
        # Nothing of the failed attempts is left, and the original is as it was.
        product.wait_until(lambda: product.spool_files() == [], "the render folders are gone", 5)
        assert len(product.stored_files("originals")) == 2

        product.kill("worker")
        product.start("worker")
        assert product.client().post(f"/api/jobs/{poisoned['jobId']}/retry").status_code == 202
        image = product.wait_for(poisoned["id"])
        assert (image["status"], image["reasonCode"], image["job"]["attemptsMade"]) == ("ready", None, 1)


async def test_a_file_that_needs_too_much_memory_ends_with_that_reason(
    own_database: str, servers: Servers, tmp_path: Path
) -> None:
    # A child with its decoders takes 340 MiB of addresses; the rest is too little for 62 megapixels in colour.
    settings = {"MAMMOGRAM_VIEWER_CHILD_MEMORY_BYTES": str(512 * 1024 * 1024)}
    product = Product(tmp_path, own_database, redis_of_its_own(servers, 7), settings=settings)
    with running(product, "api", "worker"):
        small = product.wait_for(product.upload_one(dicom_bytes(seed=3))["id"])
        assert small["status"] == "ready", (small["reason"], product.log("worker")[-3000:])
        bomb = io.BytesIO()
        Image.new("RGB", (7900, 7900)).save(bomb, "PNG")  # within the megapixels, 187 MB once it is decoded
        large = product.wait_for(product.upload_one(bomb.getvalue(), "large.png")["id"])
        assert large["status"] in ("failed", "rejected"), large
        assert large["reasonCode"] == "out_of_memory"
        assert large["job"]["attemptsMade"] <= 2
        again = product.wait_for(product.upload_one(dicom_bytes(seed=5))["id"])
        assert again["status"] == "ready"


async def test_an_unexpected_failure_quotes_no_patient_in_logs_or_redis(
    own_database: str, servers: Servers, tmp_path: Path
) -> None:
    """PostgreSQL's own message quotes the whole failing row."""
    product = Product(tmp_path, own_database, redis_of_its_own(servers, 8))
    with running(product, "api", "worker"):
        await product.fetch("ALTER TABLE patients ADD CONSTRAINT drill CHECK (patient_id <> 'CANARYID')")
        taken = product.upload_one(dicom_bytes(seed=6, patient_name="CANARY^NAME", patient_id="CANARYID"))
        image = product.wait_for(taken["id"])
        assert (image["status"], image["reasonCode"]) == ("failed", "unexpected")
        assert image["job"]["attemptsMade"] == 3
        log = product.log("worker")
        assert "job_failed" in log
        assert "CheckViolationError 23514" in log, "what went wrong must still be told"
        client = redis.Redis.from_url(product.redis_url, decode_responses=True)
        kept = client.hgetall(f"bull:dicom-conversion:{taken['jobId']}")
        client.close()
        assert kept["failedReason"] == "unexpected"
        rows = await product.fetch("SELECT j::text, a::text FROM job_queue j JOIN job_attempts a ON a.job_id = j.id")
        for text in (log, str(kept), str([tuple(row) for row in rows]), image["reason"]):
            assert "CANARY" not in text


# --- a decoder that was taken over ------------------------------------------------------------------------------


class LyingNursery:
    """In the place of a child that a hostile file has taken over: it may write files and answer as it likes."""

    def __init__(self) -> None:
        self.files: tuple[RenderedFile, ...] = ()
        self.header: ImageHeader | None = None
        self.prepare: Any = lambda folder: None

    async def run(
        self, _task: Any, source: str, output: str, file_type: str, limits: Any, order: RenderOrder, **_: Any
    ) -> RenderAnswer:
        honest = render_original(source, output, file_type, limits, order)
        return RenderAnswer(rendered=self.lie(honest, Path(output)))

    def lie(self, honest: Any, folder: Path) -> Any:
        return self.prepare(honest, folder)


@pytest.fixture
async def rendering(own_database: str, tmp_path: Path) -> AsyncIterator[Any]:
    """A renderer over a lying child, and two images in storage: the hostile one and another patient's."""
    db = await open_pool(own_database, size=2, application_name="tests")
    storage = LocalStorage(tmp_path / "storage")
    settings = Settings(data_dir=tmp_path)
    settings.spool_dir.mkdir()
    for number in (1, 2):
        body = png_bytes(seed=number)
        storage.local_copy(f"originals/0{number}").parent.mkdir(exist_ok=True)
        storage.local_copy(f"originals/0{number}").write_bytes(body)
        await db.execute(
            """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key)
               VALUES (1, 'png', 'a.png', $1, sha256($2), $3)""",
            len(body),
            body,
            f"originals/0{number}",
        )
        await db.execute(
            """INSERT INTO job_queue (id, queue, type, image_id, user_id, priority, max_attempts, input)
               VALUES ($1, 'thumbnail', 'render_picture', $2, 1, 0, 3, '{}')""",
            f"thumbnail-{number}",
            number,
        )
    nursery = LyingNursery()
    renderer = Renderer(db, storage, nursery, settings)  # type: ignore[arg-type] - it stands in for a Nursery

    async def render() -> None:
        async with db.acquire() as connection, connection.transaction():
            claim = await outbox.claim(connection, "thumbnail-1", "test")
        assert isinstance(claim, Claim)
        await renderer.run(claim)

    yield nursery, render, storage, db
    await db.close()


def with_first_file(change: Any) -> Any:
    """The honest answer with its first file changed."""

    def prepare(honest: Any, folder: Path) -> Any:
        return replace(honest, files=(change(honest.files[0], folder), *honest.files[1:]))

    return prepare


def point_at(other: str) -> Any:
    def change(file: RenderedFile, folder: Path) -> RenderedFile:
        target = (folder / other).resolve()
        return replace(file, file_name=other, byte_count=target.stat().st_size)

    return change


def replace_by(make: Any) -> Any:
    def change(file: RenderedFile, folder: Path) -> RenderedFile:
        path = folder / file.file_name
        path.unlink()
        make(path)
        return file if not path.exists() else replace(file, byte_count=path.stat().st_size)

    return change


def foreign_original(folder: Path) -> Path:
    return folder.parents[1] / "storage/originals/02"


LIES = {
    "a path up": point_at("../../storage/originals/02"),
    "an absolute path": lambda file, folder: point_at(str(foreign_original(folder)))(file, folder),
    "a link to another original": replace_by(lambda path: path.symlink_to(foreign_original(path.parent))),
    "a hard link to another original": replace_by(lambda path: path.hardlink_to(foreign_original(path.parent))),
    "a folder": replace_by(lambda path: path.mkdir()),
    "a missing file": replace_by(lambda path: None),
    "another size": lambda file, folder: replace(file, byte_count=file.byte_count + 1),
    "a page of scripts": lambda file, folder: replace(file, content_type="text/html"),
    "an unknown kind": lambda file, folder: replace(file, kind="script"),
    "a kind twice": lambda file, folder: replace(file, kind="thumbnail256", content_type="image/webp"),
    "the folder itself": lambda file, folder: replace(file, file_name="."),
    "an empty name": lambda file, folder: replace(file, file_name=""),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_child_cannot_have_anything_published_but_its_own_renditions(rendering: Any, lie: str) -> None:
    nursery, render, storage, db = rendering
    nursery.prepare = with_first_file(LIES[lie])
    with pytest.raises(AttemptFailed) as failed:
        await render()
    assert failed.value.code == "decoder_crash"
    assert failed.value.attempts_allowed == 2
    for number in (1, 2):
        assert storage.local_copy(f"originals/0{number}").read_bytes() == png_bytes(seed=number)
    assert not list(storage.list_keys("renditions", older_than_seconds=-10))
    image = await find_image(db, 1)
    assert image is not None
    assert image.recipe_version is None


async def test_an_honest_child_is_published(rendering: Any) -> None:
    nursery, render, storage, _db = rendering
    nursery.prepare = lambda honest, folder: honest
    await render()
    assert len(list(storage.list_keys("renditions", older_than_seconds=-10))) == 3


def test_an_answer_without_all_pictures_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    for files in ((), (RenderedFile("png8", "a", "image/png", 1, 1, 1),)):
        assert not is_as_told(Rendered(files, ImageHeader()), RenderOrder(), tmp_path)


def test_api_and_worker_say_how_their_children_are_confined(product: Product) -> None:
    for part in ("api", "worker"):
        product.wait_until(lambda part=part: "decoders_confined" in product.log(part), f"the {part} has told")
        events = [json.loads(line) for line in product.log(part).splitlines()]
        [told] = [event for event in events if event["event"] == "decoders_confined"]
        assert told["layers"] == layers.available().told()


def test_logs_of_the_drills_are_json_lines(product: Product) -> None:
    for part in ("api", "worker"):
        for line in product.log(part).splitlines():
            assert json.loads(line)["event"]
