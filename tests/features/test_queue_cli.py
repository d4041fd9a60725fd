"""The queues from the shell: what the administrators' page does, with the same records."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import png_bytes
from product import Product

SEED = iter(range(43_000, 44_000))


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def queue(product: Product, tmp_path: Path):
    """`mammogram-viewer queue …` beside the running product; `redis` for another address of Redis."""

    def run(*arguments: str, redis: str = "") -> Outcome:
        environment = product.environment()
        if redis:
            environment["REDIS_URL"] = redis
        command = [sys.executable, "-m", "mammogram_viewer", "queue", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def paused(queue) -> Iterator[None]:
    assert queue("pause", "thumbnail") == Outcome(0, "thumbnail is paused.\n", "")
    yield
    queue("resume", "thumbnail")


def upload(product: Product) -> dict:
    return product.upload_one(png_bytes(seed=next(SEED)), "a.png")


def test_counts_and_workers_as_json_and_as_lines(product: Product, queue) -> None:
    product.wait_until(lambda: json.loads(queue("stats", "--json").out)["workers"], "the worker gave a sign of life")
    shown = json.loads(queue("stats", "--json").out)
    assert [one["name"] for one in shown["queues"]] == ["dicom-conversion", "thumbnail", "maintenance"]
    assert shown["redis"] == "ok"
    answered = product.client("admin").get("/api/admin/queue/stats").json()
    assert shown["queues"][0].keys() == answered["queues"][0].keys()
    lines = queue("stats")
    assert lines.code == 0 and lines.err == ""
    assert lines.out.splitlines()[0].split("\t")[0] == "dicom-conversion"
    assert f":{product.processes['worker'].pid}\t" in lines.out


async def test_pause_and_resume_say_whether_they_changed_anything_and_are_audited(
    product: Product, queue, paused: None
) -> None:
    image = upload(product)
    assert queue("pause", "thumbnail").out == "thumbnail was paused already.\n"
    shown = json.loads(queue("stats", "--json").out)["queues"][1]
    assert (shown["paused"], shown["pausedBy"], shown["waiting"]) == (True, None, 1)
    assert product.image(image["id"])["status"] == "pending"
    assert queue("resume", "thumbnail").out == "thumbnail runs again.\n"
    assert product.wait_for(image["id"])["status"] == "ready"
    assert json.loads(queue("resume", "thumbnail", "--json").out) == {
        "queue": "thumbnail",
        "jobs": None,
        "changed": False,
    }
    rows = await product.fetch(
        """SELECT act, actor_user_id FROM audit_log
           WHERE act IN ('queue_paused', 'queue_resumed') ORDER BY id DESC LIMIT 2"""
    )
    assert [tuple(row) for row in rows] == [("queue_resumed", None), ("queue_paused", None)]


def test_one_job_is_removed_listed_and_retried(product: Product, queue, paused: None) -> None:
    image = upload(product)
    job = image["jobId"]
    listed = json.loads(queue("list", "--queue", "thumbnail", "--image", str(image["id"]), "--json").out)
    assert [one["id"] for one in listed["jobs"]] == [job]
    assert queue("remove", job).out.startswith(f"{job} was taken out of thumbnail")
    assert product.image(image["id"])["status"] == "failed"
    again = queue("remove", job)
    assert (again.code, again.out) == (5, "") and "ended already" in again.err
    line = queue("list", "--state", "cancelled", "--reason", "cancelled", "--limit", "1").out
    assert line.split("\t")[:3] == [job, "cancelled", "render_picture"]
    queue("resume", "thumbnail")
    assert queue("retry", job).code == 0
    assert product.wait_for(image["id"])["status"] == "ready"
    done = queue("retry", job)
    assert done.code == 5 and "Only a failed" in done.err


def test_lists_go_on_where_they_ended(product: Product, queue) -> None:
    images = [product.wait_for(upload(product)["id"]) for _ in range(3)]
    first = json.loads(queue("list", "--queue", "thumbnail", "--limit", "2", "--json").out)
    assert first["hasMore"] is True
    second = json.loads(
        queue("list", "--queue", "thumbnail", "--limit", "1", "--cursor", first["nextCursor"], "--json").out
    )
    walked = [job["imageId"] for job in (*first["jobs"], *second["jobs"])]
    assert walked == [image["id"] for image in reversed(images)]


def test_draining_wants_a_yes_and_then_empties_the_queue(product: Product, queue, paused: None) -> None:
    images = [upload(product) for _ in range(3)]
    unasked = queue("drain", "thumbnail")
    assert unasked.code == 2 and "--yes" in unasked.err
    assert product.image(images[0]["id"])["status"] == "pending", "nothing was touched"
    assert queue("drain", "thumbnail", "--yes").out == "3 jobs taken out of thumbnail.\n"
    assert {product.image(image["id"])["status"] for image in images} == {"failed"}
    assert queue("drain", "thumbnail", "--yes").out == "0 jobs taken out of thumbnail.\n"


async def test_everything_that_failed_is_tried_again(product: Product, queue) -> None:
    ids = [product.wait_for(upload(product)["id"])["id"] for _ in range(2)]
    await product.fetch("UPDATE images SET status = 'failed' WHERE id = ANY($1::bigint[])", ids)
    await product.fetch("UPDATE job_queue SET status = 'failed' WHERE image_id = ANY($1::bigint[])", ids)
    assert json.loads(queue("retry-failed", "thumbnail", "--json").out)["jobs"] == 2
    for image_id in ids:
        product.wait_until(lambda i=image_id: product.image(i)["status"] == "ready", "it was retried")


async def test_concurrency_is_set_and_given_back(product: Product, queue) -> None:
    assert queue("concurrency", "thumbnail", "2").out == "Each worker does 2 jobs of thumbnail at once.\n"
    rows = await product.fetch("SELECT concurrency FROM queues WHERE name = 'thumbnail'")
    assert rows[0]["concurrency"] == 2
    assert queue("concurrency", "thumbnail", "default").code == 0
    rows = await product.fetch("SELECT concurrency FROM queues WHERE name = 'thumbnail'")
    assert rows[0]["concurrency"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pause", "nonsense"), 4, "There are dicom-conversion, thumbnail, maintenance"),
        (("drain", "nonsense", "--yes"), 4, "no such queue"),
        (("retry-failed", "nonsense"), 4, "no such queue"),
        (("list", "--queue", "nonsense"), 4, "no such queue"),
        (("list", "--cursor", "nonsense"), 2, "cursor"),
        (("list", "--state", "nonsense"), 2, "state"),
        (("retry", "dicom-999999"), 4, "no such job"),
        (("remove", "dicom-999999"), 4, "no such job"),
        (("concurrency", "thumbnail", "0"), 2, "between 1 and 64"),
        (("concurrency", "thumbnail", "65"), 2, "between 1 and 64"),
        (("concurrency", "thumbnail", "many"), 2, "number from 1 to 64"),
        (("concurrency", "nonsense", "2"), 4, "no such queue"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(queue, arguments: tuple[str, ...], code: int, words: str) -> None:
    refused = queue(*arguments)
    assert refused.code == code
    assert words in refused.err and refused.out == ""


def test_without_redis_the_rows_are_changed_and_the_shell_says_so(product: Product, queue) -> None:
    away = "redis://127.0.0.1:1/0"
    paused = queue("pause", "maintenance", redis=away)
    assert paused.code == 0 and paused.out == "maintenance is paused.\n"
    assert "Redis does not answer" in paused.err
    assert json.loads(queue("stats", "--json", redis=away).out)["redis"] == "down"
    assert queue("resume", "maintenance", redis=away).code == 0


def test_without_a_running_installation_one_line_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mammogram_viewer", "queue", "stats"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path / "nothing here")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1 and "mammogram-viewer serve" in done.stderr
