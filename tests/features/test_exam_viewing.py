"""An exam as the viewer opens it, earlier ones of the same patient, and what looking at images leaves behind."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from builders import dicom_bytes
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.dicomweb.exam import open_exam
from mammogram_viewer.dicomweb.metadata import open_headers, read_header
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis
from product import Product
from unit.imaging.painting import paint
from viewer_client import by_uids, decoded, mammogram, ready, saved, viewing, words_of


def test_one_request_opens_an_exam_with_everything_that_painting_needs(product: Product) -> None:
    wanted = [
        SyntheticMammogram(
            seed=53, rows=150, columns=110, laterality=side, view=view, voi="several", instance_number=number,
            photometric_interpretation=photometric,
        )
        for number, (side, view, photometric) in enumerate(
            [("R", "CC", "MONOCHROME1"), ("L", "CC", "MONOCHROME2"), ("R", "MLO", "MONOCHROME2")], start=1)
    ]  # fmt: skip
    files = [dicom_bytes(**vars(one)) for one in wanted]
    images = [ready(product, body) for body in files]
    exam = viewing(product, images[0]["studyId"])
    original = pydicom.dcmread(io.BytesIO(files[0]))
    assert exam["imageCount"] == 3
    assert exam["patient"]["patientId"] == original.PatientID
    assert exam["patient"]["patientBirthDate"] == original.PatientBirthDate
    for one, body, shown, image in zip(wanted, files, exam["images"], images, strict=True):
        ds = pydicom.dcmread(io.BytesIO(body))
        assert shown["id"] == image["id"]
        assert (shown["laterality"], shown["viewPosition"]) == (one.laterality, one.view)
        assert shown["patientOrientation"] == list(ds.PatientOrientation)
        assert (shown["rows"], shown["columns"], shown["numberOfFrames"]) == (150, 110, 1)
        assert shown["photometricInterpretation"] == one.photometric_interpretation
        assert (shown["presentationIntentType"], shown["lossy"]) == ("FOR PRESENTATION", False)
        assert shown["spacing"] == {**image["acquisition"]["spacing"], "label": shown["spacing"]["label"]}
        assert shown["spacing"]["rowMm"] == pytest.approx(0.07 / 1.03125)
        assert [voi["id"] for voi in shown["greyScale"]["voi"]] == [
            voi["id"] for voi in image["acquisition"]["voiCandidates"]
        ]
        luts = [voi for voi in shown["greyScale"]["voi"] if voi["lut"]]
        for voi, item in zip(luts, ds.VOILUTSequence, strict=True):
            assert voi["explanation"] == item.LUTExplanation
            assert list(np.frombuffer(base64.b64decode(voi["lut"]["entries"]), "<u2")) == words_of(item.LUTData)
        assert product.client().get(f"/api/images/{image['id']}/viewing").json() == shown
        samples = decoded(product.client().get(shown["links"]["frames"].format(frame=1)))
        picture = np.asarray(Image.open(io.BytesIO(product.client().get(shown["links"]["png"]).content)))
        assert np.abs(paint(samples, shown["greyScale"]).astype(int) - picture).max() <= 1


async def test_earlier_exams_of_the_same_patient_are_offered_and_nobody_elses(product: Product) -> None:
    def exam(number: int, day: str, *, patient: str = "P-1", issuer: str = "CLINIC", who: str = "user") -> int:
        uid = f"1.2.826.0.1.3680043.10.2.{number}"
        changes = (
            ("StudyInstanceUID", uid), ("SeriesInstanceUID", f"{uid}.1"), ("SOPInstanceUID", f"{uid}.1.1"),
            ("StudyDate", day), ("IssuerOfPatientID", issuer), ("StudyDescription", f"EXAM {number}"),
        )  # fmt: skip
        return mammogram(product, seed=60 + number, patient_id=patient, changes=changes, who=who)["studyId"]

    current = exam(1, "20240601")
    older, old = exam(2, "20200101"), exam(3, "20220101")
    exam(4, "20250101")  # later
    exam(5, "20210101", patient="P-2")
    exam(6, "20210101", issuer="ANOTHER CLINIC")
    theirs = exam(7, "20230101", who="other")
    assert [prior["id"] for prior in viewing(product, current)["priors"]] == [old, older]
    seen = viewing(product, current, "radiologist")["priors"]
    assert [prior["id"] for prior in seen] == [theirs, old, older]
    assert seen[0]["studyAt"].startswith("2023-01-01")
    assert (seen[0]["studyDescription"], seen[0]["imageCount"]) == ("EXAM 7", 1)
    assert viewing(product, older)["priors"] == []
    grouped = product.client("technologist").post(f"/api/studies/{old}/group", json={"studyIds": [older]})
    assert grouped.status_code == 200, grouped.text
    (prior,) = viewing(product, current)["priors"]
    assert (prior["id"], prior["imageCount"]) == (old, 2)


# --- bounds ---------------------------------------------------------------------------------------------------

RADIOLOGIST = Principal(user_id=2, email="", name="", role="radiologist")


@asynccontextmanager
async def inside(product: Product, **limits: Any) -> AsyncIterator[tuple[asyncpg.Pool, LocalStorage, Settings]]:
    """What the product works with, under other limits."""
    settings = replace(Settings(data_dir=product.data_dir, database_url=product.database_url), **limits)
    pool = await open_pool(product.database_url, size=2, application_name="tests")
    try:
        yield pool, LocalStorage(product.data_dir / "storage"), settings
    finally:
        await pool.close()


async def test_grey_scales_beyond_the_room_of_an_exam_are_asked_for_apart(product: Product) -> None:
    images = [mammogram(product, seed=80, voi="lut", instance_number=number) for number in (1, 2, 3)]
    sizes = [r["byteCount"] for r in images[0]["renditions"] if r["kind"] == "greyscale"]
    limits = {"viewing_grey_scale_bytes": int(sizes[0] * 2.5), "viewing_images": 3}
    async with inside(product, **limits) as (db, storage, settings):
        exam = await open_exam(db, storage, settings, images[0]["studyId"], RADIOLOGIST, None)
        assert [image.grey_scale is None for image in exam.images] == [False, False, True]
        link = exam.images[2].links.grey_scale
        assert link is not None
        assert product.client().get(link).json()["voi"][0]["lut"]["bits"] == 12
        few = await open_exam(db, storage, replace(settings, viewing_images=2), images[0]["studyId"], RADIOLOGIST, None)
        assert (len(few.images), few.image_count) == (2, 3)


async def test_of_an_endless_header_the_essentials_are_told(product: Product) -> None:
    image = mammogram(product, seed=81)
    async with inside(product, dicom_json_bytes=100) as (db, storage, settings):
        (model,) = json.loads(await read_header(db, storage, settings, image["id"], RADIOLOGIST))
        header = Dataset.from_json(model)
        assert header.SOPInstanceUID == image["dicom"]["sopInstanceUid"]
        assert (header.Rows, header.Columns, header.NumberOfFrames) == (150, 110, 1)
        assert "BitsStored" not in header, "what nobody has looked up is not told"
        exam = await open_exam(db, storage, settings, image["studyId"], RADIOLOGIST, None)
        assert exam.images[0].patient_orientation is None
        assert exam.images[0].grey_scale is not None


async def test_an_image_deleted_while_headers_are_sent_is_left_out(product: Product) -> None:
    images = [mammogram(product, seed=82, instance_number=number) for number in (1, 2, 3)]
    async with inside(product) as (db, storage, settings):
        study = images[0]["study"]["studyInstanceUid"]
        parts = await open_headers(db, storage, settings, study, None, RADIOLOGIST)
        text = await anext(parts)
        assert product.client().delete(f"/api/images/{images[1]['id']}").status_code == 204
        await product.end_undo()
        async with asyncio.timeout(30):
            while await product.fetch("SELECT 1 FROM withdrawn_images UNION ALL SELECT 1 FROM storage_removals"):
                await asyncio.sleep(0.05)
        text += b"".join([part async for part in parts])
    assert [Dataset.from_json(model).InstanceNumber for model in json.loads(text)] == [1, 3]


# --- views ----------------------------------------------------------------------------------------------------


async def trail(product: Product, image_id: int, who: str = "user") -> list[str]:
    rows = await product.fetch(
        """SELECT a.act FROM audit_log a JOIN users u ON u.id = a.actor_user_id
           WHERE a.resource_id = $1 AND a.resource_type = 'image' AND u.email = $2
             AND a.act IN ('image_viewed', 'frames_read') ORDER BY a.id""",
        image_id,
        f"{who}@example.org",
    )
    return [row["act"] for row in rows]


async def views(product: Product, image_id: int, at_least: int) -> int:
    """Counted a moment later, beside the requests."""
    async with asyncio.timeout(20):
        while True:
            (row,) = await product.fetch("SELECT count(*) FROM image_views WHERE image_id = $1", image_id)
            if row[0] >= at_least:
                return row[0]
            await asyncio.sleep(0.05)


async def test_looking_at_an_image_is_one_view_however_many_requests_it_takes(product: Product) -> None:
    image = ready(product, saved(build_tomosynthesis(SyntheticTomosynthesis(seed=71, rows=130, columns=90, frames=3))))
    client, path = product.client(), f"/api/images/{image['id']}/frames"
    for number in (1, 2, 3):
        etag = client.get(f"{path}/{number}", headers={"range": "bytes=0-499"}).headers["etag"]
        client.get(f"{path}/{number}", headers={"range": "bytes=500-"})
        client.get(f"{path}/{number}", headers={"if-none-match": etag})
        client.head(f"{path}/{number}")
    client.get(f"{by_uids(image)}/frames/1")
    assert await trail(product, image["id"]) == ["image_viewed"]
    product.client("radiologist").get(f"{path}/1")
    assert await trail(product, image["id"], "radiologist") == ["image_viewed"]
    assert await views(product, image["id"], 2) == 2


async def test_what_is_fetched_ahead_counts_once_it_is_shown_and_leaves_a_trace_before(product: Product) -> None:
    image = mammogram(product, seed=72)
    client, path = product.client(), f"/api/images/{image['id']}/frames/1"
    client.get(path, headers={"sec-purpose": "prefetch"})
    etag = client.get(f"{path}?purpose=prefetch").headers["etag"]
    client.get(path, headers={"range": "bytes=1-"})
    client.get(path, headers={"if-none-match": etag})
    assert await trail(product, image["id"]) == ["frames_read"], "nobody gets pixels without a trace"
    assert client.post(f"/api/images/{image['id']}/views").status_code == 204
    assert await trail(product, image["id"]) == ["frames_read", "image_viewed"]
    client.get(path)
    assert await views(product, image["id"], 1) == 1
    assert (await product.fetch("SELECT count(*) FROM image_views WHERE image_id = $1", image["id"]))[0][0] == 1
