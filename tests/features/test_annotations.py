"""What people draw on images: kept once, theirs alone to change, and back with an image that comes back."""

from __future__ import annotations

import math
import uuid
from typing import Any

import httpx
import pytest

from product import Product
from viewer_client import mammogram

SPACING = 0.07 / 1.03125


@pytest.fixture(scope="module")
def image(product: Product) -> dict[str, Any]:
    return mammogram(product, seed=901)


def drawn(kind: str = "length", points: Any = ((10, 20), (40, 60)), **more: object) -> dict[str, Any]:
    return {"kind": kind, "frame": 1, "points": [list(point) for point in points], **more}


def put(
    product: Product, image_id: int, body: dict[str, Any], *, who: str = "user", name: str | None = None
) -> httpx.Response:
    return product.client(who).put(f"/api/images/{image_id}/annotations/{name or uuid.uuid4()}", json=body)


def kept(product: Product, image_id: int, who: str = "user") -> dict[str, Any]:
    answer = product.client(who).get(f"/api/images/{image_id}/annotations")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def acts(product: Product, image_id: int) -> list[Any]:
    return await product.fetch(
        """SELECT act, actor_user_id, detail FROM audit_log
           WHERE resource_type = 'image' AND resource_id = $1 AND act ~ '^(annotation|key_image)' ORDER BY id""",
        image_id,
    )


def test_a_repeated_request_keeps_one_annotation_and_a_stale_one_is_told_the_current(
    product: Product, image: dict[str, Any]
) -> None:
    name = str(uuid.uuid4())
    first = put(product, image["id"], drawn(), name=name)
    assert first.status_code == 201, first.text
    again = put(product, image["id"], drawn(), name=name)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = put(product, image["id"], drawn(points=[(0, 0), (3, 4)], revision=1), name=name)
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    repeated = put(product, image["id"], drawn(points=[(0, 0), (3, 4)], revision=1), name=name)
    assert (repeated.status_code, repeated.json()["revision"]) == (200, 2)
    stale = put(product, image["id"], drawn(text="late", revision=1), name=name)
    assert (stale.status_code, stale.json()["code"]) == (409, "annotation_changed")
    assert stale.json()["annotation"] == changed.json()
    assert [one["id"] for one in kept(product, image["id"])["annotations"]].count(name) == 1


def test_measurements_are_computed_from_points_and_spacing(product: Product, image: dict[str, Any]) -> None:
    wanted = {
        "length": ([(0.5, 0.5), (30.5, 40.5)], {"length": (50 * SPACING, "mm")}),
        "angle": ([(10, 0), (0, 0), (0, 10)], {"angle": (90, "deg")}),
        "ellipse": ([(10, 50), (50, 50), (30, 40), (30, 60)], {"area": (math.pi * 20 * 10 * SPACING**2, "mm2")}),
        "freehand": (
            [(0, 0), (10, 0), (10, 20), (0, 20)],
            {"area": (200 * SPACING**2, "mm2"), "perimeter": (60 * SPACING, "mm")},
        ),
        "arrow": ([(0, 0), (10, 10)], {}),
    }
    for kind, (points, numbers) in wanted.items():
        answer = put(product, image["id"], drawn(kind, points)).json()
        assert {one["name"]: one["unit"] for one in answer["measurements"]} == {n: u for n, (_, u) in numbers.items()}
        for one in answer["measurements"]:
            assert one["value"] == pytest.approx(numbers[one["name"]][0], rel=1e-9)
        assert answer["basis"] == (image["acquisition"]["spacing"]["basis"] if numbers else None)


def test_grey_values_are_kept_as_the_browser_told_them(product: Product, image: dict[str, Any]) -> None:
    told = {"mean": 500.5, "standardDeviation": 12.25, "minimum": 400, "maximum": 600, "pixels": 628}
    body = drawn("ellipse", [(10, 50), (50, 50), (30, 40), (30, 60)], statistics=told)
    answer = put(product, image["id"], body).json()
    assert answer["statistics"] == told
    assert [(m["name"], m["value"]) for m in answer["measurements"]][1:] == [
        ("mean", 500.5), ("standardDeviation", 12.25), ("minimum", 400.0), ("maximum", 600.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (drawn(points=[(1, 1)]), "wrong_point_count"),
        (drawn("freehand", [(1, 1), (2, 2)]), "wrong_point_count"),
        (drawn("freehand", [(1, 1)] * 2001), "wrong_point_count"),
        (drawn(points=[(1, 1), (1e9, 1)]), "points_outside"),
        (drawn(frame=2), "invalid_frame"),
        (drawn(frame=0), "invalid_frame"),
        (drawn("text", [(1, 1)]), "invalid_text"),
        (drawn("text", [(1, 1)], text="a\0b"), "invalid_text"),
        (drawn("text", [(1, 1)], text="x" * 2001), "text_too_long"),
        (drawn(revision=-1), "invalid_revision"),
        (drawn(statistics={"mean": 1, "standardDeviation": 0, "minimum": 1, "maximum": 1, "pixels": 1}),
         "invalid_statistics"),
        (drawn("ellipse", [(1, 1)] * 4,
               statistics={"mean": 9, "standardDeviation": 0, "minimum": 1, "maximum": 1, "pixels": 1}),
         "invalid_statistics"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_by_a_code(
    product: Product, image: dict[str, Any], body: dict[str, Any], code: str
) -> None:
    answer = put(product, image["id"], body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(product: Product, image: dict[str, Any], number: str) -> None:
    answer = product.client().put(
        f"/api/images/{image['id']}/annotations/{uuid.uuid4()}",
        content=f'{{"kind": "text", "frame": 1, "text": "a", "points": [[{number}, 1]]}}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in (400, 422)


async def test_others_see_but_do_not_change_and_every_act_is_audited(product: Product) -> None:
    image = mammogram(product, seed=902)
    name = str(uuid.uuid4())
    path = f"/api/images/{image['id']}/annotations/{name}"
    words = {"kind": "text", "frame": 1, "points": [[1, 1]], "text": "canary-words"}
    assert product.client().put(path, json=words).status_code == 201
    (seen,) = kept(product, image["id"], "radiologist")["annotations"]
    assert (seen["own"], seen["text"], seen["userName"]) == (False, "canary-words", "User Example")
    for answer in (product.client("radiologist").put(path, json=words), product.client("radiologist").delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_own")
    assert product.client("other").get(f"/api/images/{image['id']}/annotations").status_code == 404
    assert product.client().delete(path).status_code == 204
    assert product.client().delete(path).status_code == 204
    assert product.client().put(path, json={**words, "revision": 1}).json()["revision"] == 1
    assert product.client("admin").delete(path).status_code == 204
    assert kept(product, image["id"])["annotations"] == []
    done = await acts(product, image["id"])
    assert [act["act"] for act in done] == [
        "annotation_created", "annotation_deleted", "annotation_created", "annotation_deleted",
    ]  # fmt: skip
    assert '"points"' in done[1]["detail"]
    assert "canary-words" not in "".join(act["detail"] for act in done)


async def test_key_images_are_each_persons_own_marks(product: Product) -> None:
    image = mammogram(product, seed=903)
    path = f"/api/images/{image['id']}/key/1"
    for who in ("user", "radiologist"):
        assert [product.client(who).put(path).status_code for _ in range(2)] == [204, 204]
    assert product.client().put(f"/api/images/{image['id']}/key/2").json()["code"] == "invalid_frame"
    marks = kept(product, image["id"])["keyImages"]
    assert [(one["own"], one["frame"]) for one in marks] == [(True, 1), (False, 1)]
    assert [product.client().delete(path).status_code for _ in range(2)] == [204, 204]
    assert [one["own"] for one in kept(product, image["id"])["keyImages"]] == [False]
    assert [act["act"] for act in await acts(product, image["id"])] == [
        "key_image_marked", "key_image_marked", "key_image_unmarked",
    ]  # fmt: skip


async def test_annotations_come_back_with_a_deleted_image_and_go_with_its_purge(product: Product) -> None:
    image = mammogram(product, seed=904)
    assert put(product, image["id"], drawn(text="stays")).status_code == 201
    assert product.client().put(f"/api/images/{image['id']}/key/1").status_code == 204
    before = kept(product, image["id"])
    user = product.client()
    assert user.delete(f"/api/images/{image['id']}").status_code in (200, 204)
    assert await product.fetch("SELECT FROM annotations WHERE image_id = $1", image["id"]) == []
    assert put(product, image["id"], drawn()).status_code == 404
    answer = user.post("/api/images/restore", json={"imageIds": [image["id"]]})
    assert answer.status_code == 200, answer.text
    assert kept(product, image["id"]) == before
    assert user.delete(f"/api/images/{image['id']}").status_code in (200, 204)
    await product.end_undo()
    assert user.post("/api/images/restore", json={"imageIds": [image["id"]]}).json()["restored"] == []
    assert await product.fetch("SELECT FROM annotations WHERE image_id = $1", image["id"]) == []


def test_an_exam_tells_what_is_drawn_on_the_images_that_one_may_see(product: Product) -> None:
    image = mammogram(product, seed=905)
    drawing = put(product, image["id"], drawn()).json()
    answer = product.client("radiologist").get(f"/api/studies/{image['studyId']}/annotations")
    assert [one["id"] for one in answer.json()["annotations"]] == [drawing["id"]]
    assert product.client("other").get(f"/api/studies/{image['studyId']}/annotations").status_code == 404


def test_preferences_of_the_viewer_are_kept_for_each_person_within_bounds(product: Product) -> None:
    path = "/api/account/preferences/viewer"
    user = product.client()
    assert product.client("technologist").get(path).json() == {}
    wanted = {"layout": "2x2", "tool": None, "overlays": True, "pixelsPerMm": {"1440x900@1": 3.78}, "later": [1, {}]}
    assert user.put(path, json=wanted).status_code == 200
    assert user.get(path).json() == wanted
    refused = [
        ({"a": "x" * 17000}, 413, "preferences_too_large"),
        ({str(n): n for n in range(65)}, 422, "invalid_preferences"),
        ({"a": {"b": {"c": {"d": {}}}}}, 422, "invalid_preferences"),
        ({"a": "\0"}, 422, "invalid_preferences"),
    ]
    for body, status, code in refused:
        answer = user.put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert user.put(path, json=[]).status_code in (400, 422)
    assert user.get(path).json() == wanted
    assert product.client("technologist").get(path).json() == {}
