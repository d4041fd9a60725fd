"""Analytics over HTTP: what was done shows up at once, in the shapes that the page, the report and scripts rely on."""

from __future__ import annotations

from typing import Any

import pytest

from builders import png_bytes
from product import Product


def ask(product: Product, path: str, who: str = "admin", **query: Any) -> dict[str, Any]:
    answer = product.client(who).get(f"/api/analytics{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def busy(product: Product) -> Product:
    """One picture was uploaded and looked at, others came and one went."""
    images = [product.upload_one(png_bytes(seed=n), f"picture-{n}.png")["id"] for n in range(3)]
    for image_id in images:
        product.wait_for(image_id)
    assert product.client().get(f"/api/images/{images[0]}/png").status_code == 200
    assert product.client().delete(f"/api/images/{images[2]}").status_code in (200, 202, 204)
    # Views alone wait up to a second before they are written.
    product.wait_until(lambda: ask(product, "/images/most-viewed")["images"], "the view is written")
    return product


def test_dashboard_shows_what_has_just_happened(busy: Product) -> None:
    seen = ask(busy, "/dashboard", tz="Asia/Kathmandu")
    assert seen["summary"]["newUploads"]["value"] == 3
    assert seen["summary"]["images"]["value"] == 2
    assert seen["summary"]["views"]["value"] == 1
    assert seen["summary"]["activeUsers"]["value"] == 2
    assert seen["summary"]["users"]["value"] == 5
    assert seen["range"]["days"] == len(seen["charts"]["uploads"]) == len(seen["charts"]["storage"]) == 30
    assert seen["charts"]["uploads"][-1]["uploads"] == 3
    assert seen["charts"]["storage"][-1]["images"] == 2
    (viewed,) = seen["tables"]["mostViewed"]
    assert (viewed["views"], viewed["viewers"], viewed["originalName"]) == (1, 1, "picture-0.png")
    assert seen["tables"]["recent"][0]["type"] in ("login", "delete", "view", "upload")


@pytest.mark.parametrize(
    "path",
    ["/images/statistics", "/uploads/trends", "/images/most-viewed", "/activity/recent", "/uploads/breakdown",
     "/processing", "/cohorts", "/system/stats", "/user/4"],
)  # fmt: skip
def test_every_panel_answers(busy: Product, path: str) -> None:
    assert ask(busy, path)


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/dashboard", {"days": 8}, 422, "invalid_days"),
        ("/dashboard", {"tz": "Mars/Base"}, 422, "invalid_time_zone"),
        ("/dashboard", {"from": "2026-03-02", "to": "2026-03-01"}, 422, "invalid_range"),
        ("/uploads/trends", {"from": "1926-01-01", "to": "2026-01-01"}, 422, "invalid_range"),
        ("/uploads/trends", {"from": "1990-01-01", "to": "2026-01-01"}, 422, "range_too_long"),
        ("/uploads/trends", {"compare": "last"}, 422, "invalid_compare"),
        ("/images/most-viewed", {"limit": 0}, 422, "invalid_limit"),
        ("/images/most-viewed", {"limit": 101}, 422, "invalid_limit"),
        ("/images/most-viewed", {"period": "ever"}, 422, "invalid_period"),
        ("/images/most-viewed", {"period": "all", "days": 7}, 422, "invalid_period"),
        ("/activity/recent", {"cursor": "x"}, 400, "invalid_cursor"),
        ("/activity/recent", {"direction": "up"}, 422, "invalid_direction"),
        ("/activity/recent", {"limit": 101}, 422, "invalid_limit"),
        ("/activity/recent", {"userId": 0}, 422, "invalid_user_id"),
        ("/activity/recent", {"userId": 2**70}, 422, "invalid_user_id"),
        ("/activity/recent", {"type": "a b"}, 422, "invalid_activity_type"),
        ("/cohorts", {"weeks": 100}, 422, "invalid_weeks"),
        ("/cohorts", {"tz": "Nowhere"}, 422, "invalid_time_zone"),
        ("/system/stats", {"startDate": "2026-02-01", "endDate": "2026-01-01"}, 422, "invalid_range"),
        ("/user/999", {}, 404, "not_found"),
        (f"/user/{2**70}", {}, 404, "not_found"),
        ("/user/1", {"days": 8}, 422, "invalid_days"),
    ],
)
def test_bad_parameters_answer_a_problem_with_its_code(
    product: Product, path: str, query: dict[str, Any], status: int, code: str
) -> None:
    answer = product.client("admin").get(f"/api/analytics{path}", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_everybody_sees_their_own_numbers_and_nobody_elses(product: Product) -> None:
    ids = {who: product.client(who).get("/api/auth/me").json() for who in ("admin", "radiologist", "user", "other")}
    own = {who: me.get("id") or me["user"]["id"] for who, me in ids.items()}
    for who in ("radiologist", "user"):
        mine = product.client(who).get(f"/api/analytics/user/{own[who]}")
        assert mine.status_code == 200, mine.text
        assert {one["userId"] for one in mine.json()["recent"]} <= {own[who]}
        theirs = product.client(who).get(f"/api/analytics/user/{own['other']}")
        nobodys = product.client(who).get("/api/analytics/user/999")
        assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json()), "nothing tells them apart"
        assert theirs.status_code == 404
        assert product.client(who).get("/api/analytics/dashboard").status_code == 403
    assert product.client("admin").get(f"/api/analytics/user/{own['other']}").status_code == 200


@pytest.mark.parametrize(
    ("date", "status", "code"),
    [("2026-02-30", 422, "invalid_date"), ("8000-01-01", 422, "day_not_begun"), ("x" * 10_000, 422, "invalid_date")],
)
def test_days_that_cannot_be_computed_are_refused(product: Product, date: str, status: int, code: str) -> None:
    answer = product.client("admin").post("/api/analytics/system/stats/update", json={"date": date})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_computing_a_day_again_changes_nothing_but_the_moment(product: Product) -> None:
    day = {"date": "2026-01-05"}
    one, two = (product.client("admin").post("/api/analytics/system/stats/update", json=day).json() for _ in "12")
    assert one.pop("computedAt") < two.pop("computedAt")
    assert one == two
    told = await product.fetch(
        """SELECT u.email, a.detail FROM audit_log a JOIN users u ON u.id = a.actor_user_id
           WHERE a.act = 'system_stats_updated' AND a.detail ->> 'date' = '2026-01-05'"""
    )
    assert [tuple(row) for row in told] == [("admin@example.org", '{"date": "2026-01-05"}')] * 2
