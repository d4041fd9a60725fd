"""What one person's upload may never do to another's image, or tell about it."""

from __future__ import annotations

import asyncio
import hashlib
import threading

from builders import dicom_bytes
from mammogram_viewer.adapters.storage.local import LocalStorage
from product import Product


def test_each_image_shows_the_patient_of_its_own_file(product: Product) -> None:
    """Two sites use the same patient id: neither woman's name appears on the other's image."""
    first = product.wait_for(
        product.upload_one(dicom_bytes(seed=601, patient_id="1001", patient_name="FIRST^ANNA"))["id"]
    )
    second = product.wait_for(
        product.upload_one(dicom_bytes(seed=602, patient_id="1001", patient_name="SECOND^BERTA"), who="other")["id"]
    )
    assert product.image(first["id"])["patientName"] == "FIRST^ANNA"
    assert product.image(second["id"])["patientName"] == "SECOND^BERTA"
    listed = product.client("other").get("/api/images", params={"useCursor": "true", "q": "FIRST"}).json()["images"]
    assert listed == []
    assert "ANNA" not in product.client("other").get(f"/api/images/{second['id']}").text


def test_a_known_study_uid_tells_a_plain_user_nothing_of_the_study(product: Product) -> None:
    from io import BytesIO

    import pydicom

    theirs = pydicom.dcmread(BytesIO(dicom_bytes(seed=603)))
    theirs.StudyDescription, theirs.AccessionNumber = "SECRET STUDY", "SECRET-1"
    kept = BytesIO()
    theirs.save_as(kept)
    product.wait_for(product.upload_one(kept.getvalue(), who="technologist")["id"])
    mine = pydicom.dcmread(BytesIO(dicom_bytes(seed=604)))
    mine.StudyInstanceUID, mine.SeriesInstanceUID = theirs.StudyInstanceUID, theirs.SeriesInstanceUID
    mine.StudyDescription, mine.AccessionNumber = "MINE", ""
    kept = BytesIO()
    mine.save_as(kept)
    image = product.wait_for(product.upload_one(kept.getvalue(), who="other")["id"])
    answer = product.client("other").get(f"/api/images/{image['id']}")
    assert "SECRET" not in answer.text
    assert answer.json()["study"]["studyDescription"] == "MINE"


def test_that_somebody_else_holds_the_same_uid_is_not_told(product: Product) -> None:
    uid = "1.2.826.0.1.99.605"
    theirs = product.wait_for(product.upload_one(dicom_bytes(seed=605, sop_instance_uid=uid), who="technologist")["id"])
    mine = product.wait_for(product.upload_one(dicom_bytes(seed=606, sop_instance_uid=uid), who="other")["id"])
    assert product.image(mine["id"])["conflictsWith"] == theirs["id"]
    assert product.client("other").get(f"/api/images/{mine['id']}").json()["conflictsWith"] is None
    listed = product.client("other").get("/api/images", params={"useCursor": "true"}).json()["images"]
    assert [i["conflictsWith"] for i in listed if i["id"] == mine["id"]] == [None]
    again = product.wait_for(product.upload_one(dicom_bytes(seed=607, sop_instance_uid=uid), who="other")["id"])
    assert again["conflictsWith"] == theirs["id"], "the first that carried it"


async def test_the_last_image_of_a_patient_takes_names_and_dates_along(product: Product) -> None:
    body = {n: dicom_bytes(seed=610, view=n, patient_id="GONE-1", patient_name="GONE^CARLA") for n in ("CC", "MLO")}
    ids = [product.wait_for(product.upload_one(b)["id"])["id"] for b in body.values()]
    product.client().delete(f"/api/images/{ids[0]}")
    assert await product.fetch("SELECT 1 FROM patients WHERE patient_id = 'GONE-1'")
    product.client().delete(f"/api/images/{ids[1]}")
    await product.end_undo()
    async with asyncio.timeout(30):
        while await product.fetch("SELECT 1 FROM patients WHERE patient_id = 'GONE-1'"):
            await asyncio.sleep(0.05)
    assert not await product.fetch(
        "SELECT 1 FROM studies s WHERE NOT EXISTS (SELECT FROM images WHERE study_id = s.id)"
    )
    assert not await product.fetch(
        "SELECT 1 FROM series e WHERE NOT EXISTS (SELECT FROM images WHERE series_id = e.id)"
    )


async def test_sending_a_file_again_restores_an_original_that_storage_has_lost(product: Product) -> None:
    body = dicom_bytes(seed=620)
    image = product.wait_for(product.upload_one(body)["id"])
    key = (await product.fetch("SELECT storage_key FROM images WHERE id = $1", image["id"]))[0]["storage_key"]
    path = LocalStorage(product.data_dir / "storage").local_copy(key)
    for damage in (path.unlink, lambda: path.write_bytes(body[:100])):
        damage()
        again = product.upload_one(body)
        assert again["duplicate"] is True
        assert hashlib.sha256(path.read_bytes()).hexdigest() == image["sha256"]


def test_the_same_files_in_another_order_at_the_same_time_are_all_taken(product: Product) -> None:
    files = [(f"{n}.dcm", dicom_bytes(seed=700 + n, rows=64, columns=64)) for n in range(12)]
    product.client("technologist")
    answers: list[int] = []

    def send(batch: list[tuple[str, bytes]]) -> None:
        answers.append(product.upload(*batch, who="technologist").status_code)

    for _ in range(3):
        threads = [threading.Thread(target=send, args=(batch,)) for batch in (files, files[::-1]) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [202] * 12
