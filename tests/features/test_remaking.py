"""A changed recipe makes renditions anew in the background, and hides nothing meanwhile."""

from __future__ import annotations

import asyncpg
import pytest

from builders import dicom_bytes
from mammogram_viewer.imaging.order import RECIPE_VERSION
from product import Product

OLD = RECIPE_VERSION - 1


async def make_old(product: Product, image_id: int) -> list[str]:
    """The image as the recipe before ours left it; answers the keys of its files."""
    await product.fetch("UPDATE renditions SET recipe_version = $2 WHERE image_id = $1", image_id, OLD)
    await product.fetch("UPDATE images SET recipe_version = $2 WHERE id = $1", image_id, OLD)
    rows = await product.fetch("SELECT storage_key FROM renditions WHERE image_id = $1", image_id)
    return [row["storage_key"] for row in rows]


@pytest.fixture
def restarted(product: Product):
    """Starts the worker afresh: its first walk of the back-fill comes at once, not after half a minute."""

    def restart() -> None:
        product.kill("worker")
        product.start("worker")

    return restart


async def test_an_older_recipes_renditions_are_replaced_while_they_are_shown(product, restarted):
    image_id = product.wait_for(product.upload_one(dicom_bytes(seed=6301))["id"])["id"]
    old_keys = await make_old(product, image_id)
    old_link = f"/api/images/{image_id}/png?v={OLD}"
    assert product.client().get(old_link).headers["cache-control"].endswith("immutable")

    restarted()

    def remade() -> bool:
        image = product.image(image_id)
        assert image["status"] == "ready"
        assert product.client().get(old_link).status_code == 200
        return image["links"]["png"].endswith(f"v={RECIPE_VERSION}")

    product.wait_until(remade, "the new renditions are shown")
    job = product.client("admin").get(f"/api/jobs/thumbnail-{image_id}-{RECIPE_VERSION}").json()
    assert (job["state"], job["name"], job["queue"]) == ("completed", "remake_renditions", "thumbnail")
    (row,) = await product.fetch("SELECT priority FROM job_queue WHERE id = $1", job["id"])
    assert row["priority"] == 10
    # An old link shows the new picture, and is not kept for ever under the old version.
    assert "immutable" not in product.client().get(old_link).headers["cache-control"]
    files = [product.data_dir / "storage" / key for key in old_keys]
    product.wait_until(lambda: not any(file.exists() for file in files), "the old files are gone")


async def test_an_image_that_the_new_recipe_rejects_stays_shown_with_a_warning(product, restarted):
    image_id = product.wait_for(product.upload_one(dicom_bytes(seed=6302))["id"])["id"]
    await make_old(product, image_id)
    (row,) = await product.fetch("SELECT storage_key FROM images WHERE id = $1", image_id)
    original = product.data_dir / "storage" / row["storage_key"]
    original.chmod(0o600)
    original.write_bytes(original.read_bytes()[:3000])  # as if a stricter recipe saw what the older one did not

    restarted()

    job_path = f"/api/jobs/thumbnail-{image_id}-{RECIPE_VERSION}"

    def ended() -> bool:
        answer = product.client("admin").get(job_path)
        return answer.status_code == 200 and answer.json()["state"] == "rejected"

    product.wait_until(ended, "the remake has ended")
    image = product.image(image_id)
    assert image["status"] == "ready"
    assert "newer_recipe_rejects" in image["warnings"]
    assert product.client().get(f"/api/images/{image_id}/png").status_code == 200


async def test_looking_for_outdated_images_walks_an_index_in_order(product):
    connection = await asyncpg.connect(product.database_url)
    try:
        await connection.execute("SET enable_seqscan = off")  # a table this small would be read whole
        await connection.execute("SET enable_sort = off")
        rows = await connection.fetch(
            """EXPLAIN SELECT recipe_version, id, user_id FROM images
               WHERE recipe_version < 2 AND (recipe_version, id) > (0, 0) AND status = 'ready'
               ORDER BY recipe_version, id LIMIT 500"""
        )
    finally:
        await connection.close()
    plan = "\n".join(row[0] for row in rows)
    assert "Index Scan using images_recipe_version_idx" in plan
    assert "Sort" not in plan
