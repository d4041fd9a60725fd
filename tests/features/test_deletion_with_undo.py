"""A deleted image is gone from everywhere at once, comes back exactly while there is time, and is purged after it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import redis

from builders import dicom_bytes, png_bytes
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.archive import withdrawal_queries, withdrawals
from mammogram_viewer.archive.removals import remove_orphans
from mammogram_viewer.imaging.order import RECIPE_VERSION, UPLOAD_KINDS
from mammogram_viewer.intake.withdraw import restore_many
from product import Product

ABSENT_ID = 9_999_999


def delete(product: Product, *ids: int, who: str = "user") -> dict[str, Any]:
    answer = product.client(who).post("/api/images/delete", json={"imageIds": ids})
    assert answer.status_code == 200, answer.text
    return answer.json()


def restore(product: Product, *ids: int, who: str = "user") -> dict[str, Any]:
    answer = product.client(who).post("/api/images/restore", json={"imageIds": ids})
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(answer: dict[str, Any]) -> dict[int, str]:
    return {refusal["id"]: refusal["code"] for refusal in answer["refused"]}


def ready(product: Product, seed: int, who: str = "user", **wanted: object) -> dict[str, Any]:
    return product.wait_for(product.upload_one(dicom_bytes(seed=seed, **wanted), f"{seed}.dcm", who)["id"])


async def rows_of(product: Product, image_id: int) -> dict[str, str]:
    """Everything that PostgreSQL holds of an image, its jobs with their attempts too."""
    found = {}
    for table, column in {**withdrawal_queries.TABLES, "job_queue": "image_id"}.items():
        order = "id" if table in ("images", "renditions", "job_queue") else "1"
        rows = await product.fetch(f"SELECT t::text FROM {table} t WHERE {column} = $1 ORDER BY {order}", image_id)
        found[table] = str([row[0] for row in rows])
    return found


async def test_a_restored_image_is_what_it_was_to_the_last_column(product: Product) -> None:
    uid = "1.2.826.0.1.99.7101"
    first = ready(product, 7101, sop_instance_uid=uid, laterality="R", view="CC")
    image = ready(product, 7102, sop_instance_uid=uid, laterality="R", view="CC")
    assert image["conflictsWith"] == first["id"]
    client = product.client()
    change = {"laterality": "L", "tags": ["to discuss"]}
    assert client.patch(f"/api/images/{image['id']}", json=change).status_code == 200
    before, shown = await rows_of(product, image["id"]), client.get(f"/api/images/{image['id']}").json()

    assert client.delete(f"/api/images/{image['id']}").status_code == 204
    assert set((await rows_of(product, image["id"])).values()) >= {"[]"}
    assert restore(product, image["id"]) == {"restored": [image["id"]], "refused": []}

    assert await rows_of(product, image["id"]) == before
    assert client.get(f"/api/images/{image['id']}").json() == shown
    assert client.get(shown["links"]["png"]).status_code == 200
    assert client.get(shown["links"]["file"]).content == dicom_bytes(
        seed=7102, sop_instance_uid=uid, laterality="R", view="CC"
    )


async def test_every_table_that_hangs_on_an_image_is_part_of_its_record(product: Product) -> None:
    rows = await product.fetch(
        """SELECT c.conrelid::regclass::text AS name, a.attname AS column FROM pg_constraint c
           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
           WHERE c.contype = 'f' AND c.confrelid = 'images'::regclass"""
    )
    known = {name: column for name, column in withdrawal_queries.TABLES.items() if name != "images"}
    assert {row["name"]: row["column"] for row in rows} == known


async def test_an_image_comes_back_though_a_migration_has_changed_its_table_meanwhile(own_database: str) -> None:
    pool = await open_pool(own_database, size=2, application_name="tests")
    try:
        image_id = await pool.fetchval(
            """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key)
               SELECT id, 'png', 'NaN ''"{}', 5, sha256('x'), 'originals/x' FROM users LIMIT 1 RETURNING id"""
        )
        await pool.execute(
            """INSERT INTO image_acquisitions (image_id, magnification, kvp_kv, organ_dose_mgy, view_modifiers)
               VALUES ($1, 'NaN', 0.1, 1e-300, ARRAY['a,b', '"', NULL])""",
            image_id,
        )
        how = "SELECT t::text FROM image_acquisitions t"
        before = await pool.fetchval(how)
        async with pool.acquire() as connection, connection.transaction():
            await withdrawals.withdraw_images(
                connection, [image_id], deleted_by=None, undo_seconds=60, cancelled_jobs=[]
            )
        await pool.execute("ALTER TABLE images ADD COLUMN later integer NOT NULL DEFAULT 7")
        await pool.execute("ALTER TABLE images ADD COLUMN twice bigint GENERATED ALWAYS AS (byte_count * 2) STORED")
        async with pool.acquire() as connection, connection.transaction():
            back = await withdrawals.restore_images(connection, [image_id], owner_id=None)
        assert back.restored == [image_id]
        row = await pool.fetchrow("SELECT later, twice, original_name FROM images WHERE id = $1", image_id)
        assert tuple(row) == (7, 10, "NaN '\"{}")
        assert await pool.fetchval(how) == before
        # And once more, now that the record knows them.
        async with pool.acquire() as connection, connection.transaction():
            await withdrawals.withdraw_images(
                connection, [image_id], deleted_by=None, undo_seconds=60, cancelled_jobs=[]
            )
            assert (await withdrawals.restore_images(connection, [image_id], owner_id=None)).restored == [image_id]
    finally:
        await pool.close()


def test_its_exam_goes_and_comes_back_with_its_image(product: Product) -> None:
    image = ready(product, 7105, patient_id="EXAM-7105", laterality="L", view="MLO")
    study_id = image["study"]["id"]

    def exam() -> tuple[list[Any], int]:
        shown = product.client().get("/api/studies", params={"q": "EXAM-7105"}).json()["studies"]
        return shown, product.client().get(f"/api/studies/{study_id}").status_code

    before = exam()
    assert (len(before[0]), before[1]) == (1, 200)
    delete(product, image["id"])
    assert exam() == ([], 404)
    restore(product, image["id"])
    assert exam() == before


async def test_a_deleted_image_is_gone_from_every_path_at_once(product: Product) -> None:
    image = ready(product, 7110, patient_id="GONE-7110", patient_name="GONE^SEVEN")
    paths = [f"/api/images/{image['id']}{rest}" for rest in ("", "/png", "/thumbnail", "/file", "/tags")]
    listed = "/api/images?useCursor=true&limit=100"
    for client in (product.client(), product.client("admin")):
        assert [client.get(path).status_code for path in paths] == [200] * len(paths)
    deleted = delete(product, image["id"])
    assert deleted["deleted"] == [image["id"]]
    assert deleted["refused"] == []
    for client in (product.client(), product.client("admin")):
        assert [client.get(path).status_code for path in paths] == [404] * len(paths)
        assert image["id"] not in [one["id"] for one in client.get(listed).json()["images"]]
        assert client.get("/api/images", params={"q": "GONE-7110"}).json()["total"] == 0
        assert client.post(f"/api/jobs/{image['job']['id']}/retry").status_code in (404, 409)
        change = client.patch(f"/api/images/{image['id']}", json={"laterality": "L"})
        assert change.status_code == 404
    remake = product.client("admin").post("/api/images/remake", json={"imageIds": [image["id"]]}).json()
    assert codes(remake) == {image["id"]: "not_found"}


def test_each_image_is_deleted_or_refused_by_itself(product: Product) -> None:
    mine, theirs = ready(product, 7120)["id"], ready(product, 7121, who="other")["id"]
    answer = delete(product, mine, theirs, ABSENT_ID, -1, 2**63, mine)
    assert answer["deleted"] == [mine]
    assert codes(answer) == dict.fromkeys([theirs, ABSENT_ID, -1, 2**63], "not_found")
    # Those who see it are told why not; administrators may.
    assert codes(delete(product, theirs, who="technologist")) == {theirs: "forbidden"}
    assert codes(delete(product, mine)) == {mine: "not_found"}, "deleted already"
    assert delete(product, theirs, who="admin")["deleted"] == [theirs]
    # What an administrator has deleted, its owner may bring back; nobody else may, or learns of it.
    assert codes(restore(product, theirs, who="user")) == {theirs: "not_found"}
    assert codes(restore(product, theirs, who="technologist")) == {theirs: "not_found"}
    assert restore(product, theirs, who="other")["restored"] == [theirs]
    assert codes(restore(product, theirs, who="other")) == {theirs: "not_deleted"}
    assert restore(product, mine, who="admin")["restored"] == [mine]


def test_requests_that_name_nothing_too_much_or_no_numbers_are_refused(product: Product) -> None:
    client = product.client()
    for path in ("delete", "restore", "remake"):
        for body, code in (
            ({"imageIds": []}, "nothing_named"),
            ({"imageIds": list(range(1, 10_002))}, "too_many"),
        ):
            answer = client.post(f"/api/images/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        for body in ({"imageIds": ["x"]}, {"imageIds": [1.5]}, {"imageIds": 1}, {}, {"imageIds": [1], "more": 1}):
            assert client.post(f"/api/images/{path}", json=body).status_code in (400, 422), body
        assert (
            client.post(
                f"/api/images/{path}", content=b"\xff{", headers={"content-type": "application/json"}
            ).status_code
            == 400
        )


async def test_an_image_that_was_still_waiting_goes_on_after_the_undo(product: Product) -> None:
    admin = product.client("admin")
    assert admin.post("/api/admin/queue/thumbnail/pause").status_code in (200, 204)
    try:
        taken = product.upload_one(png_bytes(seed=7130), "waits.png")
        delete(product, taken["id"])
        (row,) = await product.fetch("SELECT status FROM job_queue WHERE id = $1", taken["jobId"])
        assert row["status"] == "cancelled"
        assert restore(product, taken["id"])["restored"] == [taken["id"]]
        assert product.image(taken["id"])["status"] == "pending"
    finally:
        assert admin.post("/api/admin/queue/thumbnail/resume").status_code in (200, 204)
    image = product.wait_for(taken["id"])
    assert image["status"] == "ready"
    assert image["job"]["state"] == "completed"


async def test_an_api_that_dies_between_the_undo_and_the_wake_up_loses_no_job(product: Product) -> None:
    admin = product.client("admin")
    assert admin.post("/api/admin/queue/thumbnail/pause").status_code in (200, 204)
    taken = product.upload_one(png_bytes(seed=7135), "waits.png")
    delete(product, taken["id"])
    (owner,) = await product.fetch("SELECT user_id FROM withdrawn_images WHERE image_id = $1", taken["id"])
    principal = Principal(user_id=owner["user_id"], email="", name="", role="user")
    pool = await open_pool(product.database_url, size=2, application_name="tests")
    try:
        done = await restore_many(pool, [taken["id"]], principal, SYSTEM)
    finally:
        await pool.close()
    assert [job.id for job in done.jobs] == [taken["jobId"]]
    client = redis.Redis.from_url(product.redis_url)
    client.flushall()  # nobody is told, and what Redis knew is gone
    client.close()
    assert admin.post("/api/admin/queue/thumbnail/resume").status_code in (200, 204)
    assert product.wait_for(taken["id"])["status"] == "ready"


async def test_a_worker_that_finishes_a_deleted_image_neither_shows_it_nor_leaves_files(product: Product) -> None:
    before = {path.name for path in product.stored_files()}
    taken = [product.upload_one(dicom_bytes(seed=7140 + n), f"{n}.dcm")["id"] for n in range(6)]
    delete(product, *taken)
    await product.end_undo()
    # Whatever the workers had in hand at that moment ends, and its files go too.
    product.wait_until(lambda: {path.name for path in product.stored_files()} <= before, "nothing is left of them")
    assert not await product.fetch("SELECT 1 FROM images WHERE id = ANY($1::bigint[])", taken)
    states = await product.fetch("SELECT DISTINCT status FROM job_queue WHERE image_id = ANY($1::bigint[])", taken)
    assert {row["status"] for row in states} <= {"cancelled", "completed"}


async def test_deleting_and_restoring_again_and_again_while_workers_render_loses_nothing(product: Product) -> None:
    taken = [product.upload_one(dicom_bytes(seed=7150 + n), f"{n}.dcm")["id"] for n in range(6)]
    for _ in range(5):
        assert sorted(delete(product, *taken)["deleted"]) == sorted(taken)
        assert sorted(restore(product, *taken)["restored"]) == sorted(taken)
    for image_id in taken:
        image = product.wait_for(image_id)
        assert image["status"] == "ready", image["reason"]
        kinds = await product.fetch(
            "SELECT kind FROM renditions WHERE image_id = $1 AND recipe_version = $2", image_id, RECIPE_VERSION
        )
        assert len({row["kind"] for row in kinds}) == len(kinds) == len(UPLOAD_KINDS)


async def test_when_the_time_is_over_files_and_rows_are_gone_for_good(product: Product) -> None:
    before = {path.name for path in product.stored_files()}
    image = ready(product, 7160, patient_id="PURGED-1", patient_name="PURGED^PAT")
    sibling = ready(product, 7161, patient_id="PURGED-1", patient_name="PURGED^PAT")
    delete(product, image["id"])
    await product.end_undo()
    assert codes(restore(product, image["id"])).get(image["id"]) in ("undo_over", "not_found")

    async def purged() -> None:
        async with asyncio.timeout(30):
            while await product.fetch("SELECT 1 FROM withdrawn_images UNION ALL SELECT 1 FROM storage_removals"):
                await asyncio.sleep(0.05)

    await purged()
    assert codes(restore(product, image["id"])) == {image["id"]: "not_found"}
    assert await product.fetch("SELECT 1 FROM patients WHERE patient_id = 'PURGED-1'"), "the other image is there"
    delete(product, sibling["id"])
    assert await product.fetch("SELECT 1 FROM patients WHERE patient_id = 'PURGED-1'"), "it may come back"
    await product.end_undo()
    await purged()
    assert not await product.fetch("SELECT 1 FROM patients WHERE patient_id = 'PURGED-1'")
    assert not await product.fetch(
        "SELECT 1 FROM studies s WHERE NOT EXISTS (SELECT FROM images WHERE study_id = s.id)"
    )
    assert {path.name for path in product.stored_files()} <= before


async def test_the_same_file_uploaded_again_takes_the_place_of_the_deleted_one(product: Product) -> None:
    body = dicom_bytes(seed=7170)
    first = product.wait_for(product.upload_one(body)["id"])
    delete(product, first["id"])
    again = product.upload_one(body)
    assert (again["duplicate"], again["id"] == first["id"]) == (False, False)
    answer = restore(product, first["id"])
    assert answer["restored"] == []
    assert codes(answer) == {first["id"]: "uploaded_again"}
    assert product.wait_for(again["id"])["status"] == "ready"
    # Once the newer one is deleted too, either can come back, but not both.
    delete(product, again["id"])
    assert restore(product, first["id"])["restored"] == [first["id"]]
    assert codes(restore(product, again["id"])) == {again["id"]: "uploaded_again"}
    await product.end_undo()
    product.wait_until(lambda: len(product.stored_files("originals")) > 0, "storage is there")
    assert product.client().get(f"/api/images/{first['id']}/file").content == body


async def test_a_conflict_that_arose_while_an_image_was_away_is_marked(product: Product) -> None:
    uid = "1.2.826.0.1.99.7180"
    first = ready(product, 7180, sop_instance_uid=uid)
    delete(product, first["id"])
    second = ready(product, 7181, sop_instance_uid=uid)
    assert second["conflictsWith"] is None
    restore(product, first["id"])
    assert product.image(second["id"])["conflictsWith"] == first["id"]
    assert product.image(first["id"])["conflictsWith"] is None


async def test_the_sweep_knows_the_files_of_an_image_that_may_come_back(product: Product) -> None:
    image = ready(product, 7190)
    delete(product, image["id"])
    files = {path.name for path in product.stored_files()}
    pool = await asyncpg.create_pool(product.database_url, min_size=1, max_size=2)
    try:
        await remove_orphans(pool, LocalStorage(product.data_dir / "storage"), older_than_seconds=-60)
    finally:
        await pool.close()
    assert files <= {path.name for path in product.stored_files()}
    assert restore(product, image["id"])["restored"] == [image["id"]]
    assert product.client().get(f"/api/images/{image['id']}/png").status_code == 200


async def test_a_deletion_and_its_undo_are_recorded_once_each(product: Product) -> None:
    image = ready(product, 7200)
    client = product.client()
    client.delete(f"/api/images/{image['id']}")
    client.delete(f"/api/images/{image['id']}")
    restore(product, image["id"])
    restore(product, image["id"])
    acts = await product.fetch(
        "SELECT act FROM audit_log WHERE resource_type = 'image' AND resource_id = $1 ORDER BY id", image["id"]
    )
    assert [row["act"] for row in acts] == ["image_uploaded", "image_deleted", "image_restored"]
    types = await product.fetch(
        "SELECT activity_type, metadata FROM user_activity WHERE resource_id = $1 ORDER BY id",
        image["id"],
    )
    assert [row["activity_type"] for row in types] == ["upload", "delete", "image_restored"]
    assert "byteCount" in types[1]["metadata"]
    assert types[2]["metadata"] == types[1]["metadata"]


async def test_two_who_undo_at_once_and_a_purge_between_them_agree(product: Product) -> None:
    """Whoever takes the row first has decided: the image is back once, or gone."""
    ids = [ready(product, 7210 + n)["id"] for n in range(4)]
    for turn in range(6):
        delete(product, *ids)
        answers = await asyncio.gather(
            *(asyncio.to_thread(restore, product, *ids, who=who) for who in ("user", "admin")),
            *([product.end_undo()] if turn == 5 else []),
        )
        back = [image_id for answer in answers[:2] for image_id in answer["restored"]]
        assert len(back) == len(set(back)), "each comes back once"
        if turn < 5:
            assert sorted(back) == sorted(ids)
    there = {row["id"] for row in await product.fetch("SELECT id FROM images WHERE id = ANY($1::bigint[])", ids)}
    assert there == set(back)
    for image_id in there:
        assert product.client().get(f"/api/images/{image_id}/file").status_code == 200
