"""Re-making and correcting many images at once, and a thousand in one request."""

from __future__ import annotations

from typing import Any

from builders import dicom_bytes
from mammogram_viewer.imaging.order import RECIPE_VERSION
from product import Product


def ask(product: Product, act: str, ids: list[int], who: str = "user", **wanted: object) -> dict[str, Any]:
    answer = product.client(who).post(f"/api/images/{act}", json={"imageIds": ids, **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(answer: dict[str, Any]) -> dict[int, str]:
    return {refusal["id"]: refusal["code"] for refusal in answer["refused"]}


def ready(product: Product, seed: int, who: str = "user", **wanted: object) -> int:
    return product.wait_for(product.upload_one(dicom_bytes(seed=seed, **wanted), f"{seed}.dcm", who)["id"])["id"]


async def test_renditions_are_made_again_by_the_same_recipe_as_often_as_one_asks(product: Product) -> None:
    image_id, foreign = ready(product, 7301), ready(product, 7302, who="other")
    job_id = f"thumbnail-{image_id}-{RECIPE_VERSION}"
    keys = "SELECT array_agg(storage_key ORDER BY kind) AS keys FROM renditions WHERE image_id = $1"
    for _ in range(2):
        (before,) = await product.fetch(keys, image_id)
        answer = ask(product, "remake", [image_id, foreign, 0])
        assert answer["queued"] == [image_id]
        assert codes(answer) == {foreign: "not_found", 0: "not_found"}
        assert product.image(image_id)["status"] == "ready", "what is shown stays shown"
        product.wait_until(
            lambda: product.client().get(f"/api/jobs/{job_id}").json()["state"] == "completed", "it is made again"
        )
        (after,) = await product.fetch(keys, image_id)
        assert len(after["keys"]) == len(before["keys"])
        assert not set(after["keys"]) & set(before["keys"])
    (row,) = await product.fetch("SELECT priority, type FROM job_queue WHERE id = $1", job_id)
    assert (row["priority"], row["type"]) == (10, "remake_renditions")
    acts = await product.fetch("SELECT act FROM audit_log WHERE resource_id = $1 AND act = 'remake_ordered'", image_id)
    assert len(acts) == 2


def test_only_what_is_shown_is_made_again(product: Product) -> None:
    broken = product.upload_one(dicom_bytes(seed=7310)[:-3000], "cut.dcm")["id"]
    assert product.wait_for(broken)["status"] == "rejected"
    assert codes(ask(product, "remake", [broken])) == {broken: "not_shown"}


async def test_side_and_view_of_many_are_corrected_and_taken_back_each_audited(product: Product) -> None:
    right = [ready(product, 7320 + n, laterality="R", view="CC") for n in range(2)]
    left, foreign = ready(product, 7323, laterality="L", view="MLO"), ready(product, 7324, who="other")
    answer = ask(product, "correct", [*right, left, foreign, 10**12], laterality="L", viewPosition="MLO")
    assert sorted(answer["corrected"]) == sorted([*right, left])
    assert codes(answer) == {foreign: "not_found", 10**12: "not_found"}
    for image_id in [*right, left]:
        image = product.image(image_id)
        assert (image["laterality"], image["viewPosition"]) == ("L", "MLO")
    said = {c["field"]: c["fileValue"] for c in product.image(right[0])["corrections"]}
    assert said == {"laterality": "R", "viewPosition": "CC"}
    assert product.image(left)["corrections"] == [], "it said so before"
    # A second correction keeps what the file says; null brings it back.
    ask(product, "correct", right, laterality="B")
    ask(product, "correct", [*right, left], who="technologist", laterality=None)
    image = product.image(right[1])
    assert (image["laterality"], image["lateralitySource"] == "person", image["viewPosition"]) == ("R", False, "MLO")
    details = await product.fetch(
        """SELECT detail::text FROM audit_log WHERE act = 'image_corrected' AND resource_id = $1 ORDER BY id""",
        right[0],
    )
    assert len(details) == 4
    assert not await product.fetch("SELECT 1 FROM audit_log WHERE act = 'image_corrected' AND resource_id = $1", left)


def test_a_correction_that_says_nothing_or_nonsense_changes_nothing(product: Product) -> None:
    image_id = ready(product, 7330, laterality="R", view="CC")
    client = product.client()
    for wanted, code in (
        ({}, "nothing_to_correct"),
        ({"laterality": "X"}, "invalid_laterality"),
        ({"viewPosition": "'; DROP"}, "invalid_view_position"),
    ):
        answer = client.post("/api/images/correct", json={"imageIds": [image_id], **wanted})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.post("/api/images/correct", json={"imageIds": [image_id], "side": "L"}).status_code in (400, 422)
    assert product.client("radiologist").post("/api/images/correct", json={"imageIds": [image_id]}).status_code == 403
    assert product.image(image_id)["corrections"] == []


async def test_two_thousand_five_hundred_images_go_come_back_and_are_corrected_in_one_request_each(
    product: Product,
) -> None:
    """More than one batch; nothing of them is ever rendered."""
    rows = await product.fetch(
        """WITH owner AS (SELECT id FROM users WHERE email = 'user@example.org')
           INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key, status, laterality)
           SELECT owner.id, 'dicom', 'bulk-' || n, 1000, sha256(('bulk ' || n)::bytea), 'originals/bulk/' || n, 'ready',
                  'R'
           FROM owner, generate_series(1, 2500) n RETURNING id"""
    )
    ids = [row["id"] for row in rows]
    whole = "SELECT md5(string_agg(i::text, '|' ORDER BY id)) AS whole FROM images i WHERE id = ANY($1::bigint[])"
    (before,) = await product.fetch(whole, ids)
    try:
        assert sorted(ask(product, "delete", ids)["deleted"]) == ids
        assert not await product.fetch("SELECT 1 FROM images WHERE id = ANY($1::bigint[])", ids)
        assert sorted(ask(product, "restore", ids)["restored"]) == ids
        assert (await product.fetch(whole, ids))[0] == before
        assert sorted(ask(product, "correct", ids, laterality="L")["corrected"]) == ids
        (row,) = await product.fetch(
            """SELECT count(*) AS n FROM images i JOIN image_corrections c ON c.image_id = i.id
               WHERE i.laterality = 'L' AND c.file_value = 'R' AND i.id = ANY($1::bigint[])""",
            ids,
        )
        assert row["n"] == len(ids)
        (row,) = await product.fetch(
            """SELECT count(*) AS n FROM user_activity
               WHERE activity_type = 'delete' AND resource_id = ANY($1::bigint[])""",
            ids,
        )
        assert row["n"] == len(ids)
        assert sorted(ask(product, "remake", ids)["queued"]) == ids
    finally:
        # At once, while workers take the jobs and Redis hears of them: nobody waits for anybody in a circle.
        assert sorted(ask(product, "delete", ids)["deleted"]) == ids
        await product.end_undo()
    states = await product.fetch("SELECT DISTINCT status FROM job_queue WHERE image_id = ANY($1::bigint[])", ids)
    assert {row["status"] for row in states} <= {"cancelled", "failed"}
