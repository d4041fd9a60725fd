"""`mammogram-viewer demo --history DAYS` on the running product: a past that holds together, added once, if agreed."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from builders import png_bytes
from mammogram_viewer.cli.demo_history_plan import SentImage, acts, make_plan
from mammogram_viewer.synthetic.exposure import NEWER_UNIT, OLDER_UNIT, Breast, Operator, dose_mgy, exposure
from product import Product

DAYS = 8
BERLIN = ZoneInfo("Europe/Berlin")

_COUNTS = """
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM images) AS images,
       (SELECT count(*) FROM user_activity WHERE activity_type <> 'login') AS acts,
       (SELECT count(*) FROM image_views) AS views"""
_RAW = """
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) FILTER (WHERE activity_type = 'login') AS logins,
       count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
       count(*) FILTER (WHERE activity_type = 'view') AS views,
       count(*) FILTER (WHERE activity_type = 'download') AS downloads,
       count(*) FILTER (WHERE activity_type = 'delete') AS deletes, count(DISTINCT user_id) AS people
FROM user_activity GROUP BY 1 ORDER BY 1"""
_ROLLED_UP = """
SELECT (bucket AT TIME ZONE 'UTC')::date AS day, sum(logins)::bigint AS logins, sum(uploads)::bigint AS uploads,
       sum(views)::bigint AS views, sum(downloads)::bigint AS downloads, sum(deletes)::bigint AS deletes,
       (SELECT bit_count(bit_or(users::bit(8192))) FROM analytics_hour_users u
        WHERE (u.bucket AT TIME ZONE 'UTC')::date = (h.bucket AT TIME ZONE 'UTC')::date) AS people
FROM analytics_hours h
GROUP BY 1, 7 HAVING sum(logins + uploads + views + downloads + deletes) > 0 ORDER BY 1"""


def run_demo(product: Product, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mammogram_viewer", "demo", *arguments],
        env=product.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def asked(product: Product) -> tuple[int, str]:
    """The history where a real person has an image, without --yes."""
    product.wait_for(product.upload_one(png_bytes(seed=1), "real.png", who="technologist")["id"])
    code, output = run_demo(product, "--history", str(DAYS))
    assert product.client("admin").get("/api/images?page=1").json()["total"] == 1
    return code, output


@pytest.fixture(scope="module")
def told(product: Product, asked: tuple[int, str]) -> str:
    """What adding it has printed."""
    code, output = run_demo(product, "--history", str(DAYS), "--yes")
    assert code == 0, output
    return output


def test_a_history_is_not_mixed_with_real_images_unasked(asked: tuple[int, str]) -> None:
    code, output = asked
    assert code == 5
    assert "1 images of real people" in output and "--yes" in output and "32 people" in output


async def test_the_past_lies_in_the_past_and_its_roll_ups_equal_the_raw_rows(product: Product, told: str) -> None:
    (one,) = await product.fetch(
        """SELECT count(*) AS images, max(i.created_at) AS newest, min(i.created_at) AS oldest,
                  count(*) FILTER (WHERE i.status = 'ready') AS ready,
                  count(*) FILTER (WHERE i.status = 'pending') AS pending
           FROM images i JOIN users u ON u.id = i.user_id WHERE u.email LIKE '%@mammogram-viewer.example'"""
    )
    assert one["images"] > 12 and one["ready"] > 10 and one["pending"] == 0
    today = datetime.now(UTC)
    assert today - timedelta(days=DAYS + 1) < one["oldest"] < one["newest"] < today - timedelta(hours=1)
    while (await product.fetch("SELECT fold_activity() AS folded"))[0]["folded"]:
        pass
    raw = [dict(row) for row in await product.fetch(_RAW)]
    assert raw == [dict(row) for row in await product.fetch(_ROLLED_UP)]
    assert sum(day["logins"] for day in raw) > 10 and sum(day["views"] for day in raw) > 30
    assert "/analytics" in told


async def test_stock_exams_jobs_and_daily_statistics_agree_with_the_moved_images(product: Product, told: str) -> None:
    stock = await product.fetch("SELECT file_type, images, bytes FROM image_totals WHERE images > 0 ORDER BY 1")
    there = await product.fetch(
        "SELECT file_type, count(*) AS images, sum(byte_count)::bigint AS bytes FROM images GROUP BY 1 ORDER BY 1"
    )
    assert stock == there
    wrong = await product.fetch(
        """SELECT i.id FROM images i JOIN image_stock s ON s.image_id = i.id AND s.images = 1
           WHERE s.at <> i.created_at
           UNION ALL
           SELECT i.id FROM images i JOIN job_queue j ON j.image_id = i.id
           WHERE j.created_at <> i.created_at OR j.finished_at < j.started_at OR j.started_at < j.created_at
           UNION ALL
           SELECT e.exam_id FROM exam_tallies e JOIN studies s ON s.id = e.exam_id
           WHERE e.viewer_id = 0 AND e.image_count > 0 AND e.created_at <> s.created_at"""
    )
    assert wrong == []
    (last,) = await product.fetch("SELECT * FROM system_stats ORDER BY stat_date DESC LIMIT 1")
    assert last["images_total"] == sum(row["images"] for row in there)
    views = await product.fetch("SELECT sum(views)::bigint AS n FROM image_view_totals")
    assert views == await product.fetch("SELECT count(*) AS n FROM image_views")


async def test_a_second_run_adds_nothing(product: Product, told: str) -> None:
    before = await product.fetch(_COUNTS)
    code, output = run_demo(product, "--history", str(DAYS), "--yes")
    assert code == 0 and "already" in output
    assert await product.fetch(_COUNTS) == before


async def test_nobody_of_a_history_can_sign_in_and_the_shell_is_on_record(product: Product, told: str) -> None:
    people = await product.fetch(
        "SELECT role, password_hash, created_at FROM users WHERE email LIKE '%@mammogram-viewer.example'"
    )
    assert {row["role"] for row in people} == {"admin", "radiologist", "technologist", "user"}
    assert all(row["password_hash"] is None for row in people)
    assert len({row["created_at"].date() for row in people}) > 3
    (audit,) = await product.fetch("SELECT actor_user_id FROM audit_log WHERE act = 'demo_history_added'")
    assert audit["actor_user_id"] is None
    names = await product.fetch("SELECT DISTINCT patient_name FROM images WHERE patient_name IS NOT NULL")
    assert names and all(row["patient_name"].startswith("Synthetic^") for row in names)


def test_help_tells_of_the_history() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mammogram_viewer", "demo", "--help"], capture_output=True, text=True, timeout=60
    )
    assert "--history" in done.stdout and "--yes" in done.stdout


def test_the_same_days_give_the_same_past_with_quiet_weekends_and_working_hours() -> None:
    last_day = date(2026, 11, 20)
    plan = make_plan(last_day, 120, BERLIN)
    assert plan == make_plan(last_day, 120, BERLIN) != make_plan(last_day, 119, BERLIN)
    assert 60 < plan.exams <= 90
    assert {file.kind for file in plan.files} == {"dicom", "png", "jpeg", "tiff", "broken"}
    images = [
        SentImage(number, file.owner, file.came_at, file.removed_at)
        for number, file in enumerate(plan.files)
        if file.kind != "broken"
    ]
    done = acts(plan, images, last_day, 120, BERLIN)
    assert done == acts(plan, images, last_day, 120, BERLIN)
    at = [act.at.astimezone(BERLIN) for act in done]
    weekend = sum(moment.weekday() >= 5 for moment in at)
    assert weekend < len(at) / 10
    assert sum(7 <= moment.hour < 20 for moment in at) > 0.98 * len(at)
    assert len([1 for moment in at if moment.month == 8]) < len([1 for moment in at if moment.month == 10])


def test_views_come_after_the_upload_before_the_delete_and_no_user_sees_what_is_not_theirs() -> None:
    last_day = date(2026, 11, 20)
    plan = make_plan(last_day, 90, BERLIN)
    images = [
        SentImage(number, file.owner, file.came_at, file.removed_at)
        for number, file in enumerate(plan.files)
        if file.kind != "broken"
    ]
    by_id = {image.image_id: image for image in images}
    views = [act for act in acts(plan, images, last_day, 90, BERLIN) if act.image_id is not None]
    for act in views:
        image = by_id[act.image_id or 0]
        assert image.came_at < act.at and (image.removed_at is None or act.at < image.removed_at)
        assert act.person.role != "user" or image.owner == act.person.email
        assert act.person.registered_at < act.at


def test_thicker_breasts_take_more_dose_and_the_older_unit_takes_more_than_the_newer() -> None:
    assert all(dose_mgy(thin) < dose_mgy(thick) for thin, thick in pairwise(range(20, 96)))
    operator = Operator("Demo^Operator A", 100)
    means = {}
    for unit in (NEWER_UNIT, OLDER_UNIT):
        for thickness_mm in (35, 55, 75):
            draw = random.Random(f"{unit.station_name} {thickness_mm}")
            doses = [
                dict(exposure(draw, unit, operator, Breast(thickness_mm, 1), "CC")).get("OrganDose") for _ in range(200)
            ]
            known = [dose for dose in doses if isinstance(dose, float)]
            means[unit.station_name, thickness_mm] = sum(known) / len(known)
    newer, older = NEWER_UNIT.station_name, OLDER_UNIT.station_name
    assert means[newer, 35] < means[newer, 55] < means[newer, 75]
    assert all(means[newer, mm] < means[older, mm] for mm in (35, 55, 75))
    assert means[newer, 35] > 0.006 and means[older, 75] < 0.05
