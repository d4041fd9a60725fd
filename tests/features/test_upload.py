"""One upload, from the bytes to the gallery, and everything that may be wrong with it."""

from __future__ import annotations

import hashlib
import io
import socket

import httpx
import numpy as np
import pytest
from PIL import Image

from builders import dicom_bytes, jpeg_bytes, png_bytes, tiff_bytes
from mammogram_viewer.imaging.order import UPLOAD_KINDS
from product import Product


def test_an_uploaded_mammogram_is_answered_at_once_and_then_ready_with_its_renditions(product: Product) -> None:
    body = dicom_bytes(seed=1, laterality="R", view="MLO")
    answer = product.upload(("R MLO.dcm", body))
    assert answer.status_code == 202
    taken = answer.json()["images"][0]
    assert taken["status"] == "pending"
    assert taken["jobId"] == f"dicom-{taken['id']}"
    assert taken["sha256"] == hashlib.sha256(body).hexdigest()
    assert answer.json()["rejected"] == []

    image = product.wait_for(taken["id"])
    assert image["status"] == "ready"
    assert (image["laterality"], image["viewPosition"]) == ("R", "MLO")
    assert image["originalName"] == "R MLO.dcm"
    assert image["job"]["state"] == "completed"
    assert image["job"]["timeline"][0]["event"] == "received"
    assert image["job"]["timeline"][-1]["event"] == "completed"

    client = product.client()
    picture = client.get(image["links"]["png"])
    assert picture.status_code == 200
    assert Image.open(io.BytesIO(picture.content)).mode == "L"
    for size in (256, 512):
        thumbnail = Image.open(io.BytesIO(client.get(image["links"][f"thumbnail{size}"]).content))
        assert thumbnail.format == "WEBP"
        assert max(thumbnail.size) <= size
    tags = client.get(image["links"]["tags"])
    assert tags.json()["00080060"]["Value"] == ["MG"]
    original = client.get(f"/api/images/{taken['id']}/file")
    assert original.content == body
    assert original.headers["content-disposition"].startswith("attachment")
    listed = client.get("/api/images", params={"useCursor": "true"}).json()["images"]
    assert taken["id"] in [i["id"] for i in listed]


@pytest.mark.parametrize(("name", "make"), [("a.png", png_bytes), ("a.jpg", jpeg_bytes), ("a.tif", tiff_bytes)])
def test_plain_pictures_become_ready_by_a_thumbnail_job(product: Product, name: str, make: object) -> None:
    taken = product.upload_one(make(seed=2), name)  # type: ignore[operator] - a builder
    assert taken["jobId"] == f"thumbnail-{taken['id']}"
    image = product.wait_for(taken["id"])
    assert image["status"] == "ready", image["reason"]
    assert image["links"]["tags"] is None


def test_a_raw_dicom_body_is_taken_like_a_form(product: Product) -> None:
    body = dicom_bytes(seed=3)
    answer = product.client().post(
        "/api/images",
        content=body,
        headers={"content-type": "application/dicom", "x-file-name": "L%20CC%20%C3%A4.dcm"},
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["images"][0]["name"] == "L CC ä.dcm"


def test_the_same_file_by_the_same_user_is_the_same_image(product: Product) -> None:
    body = dicom_bytes(seed=4)
    first = product.upload_one(body)
    again = product.upload_one(body, "other name.dcm")
    assert again["id"] == first["id"]
    assert again["duplicate"] is True
    twice = product.upload(("a.dcm", dicom_bytes(seed=5)), ("b.dcm", dicom_bytes(seed=5))).json()["images"]
    assert [t["duplicate"] for t in twice] == [False, True]
    assert twice[0]["id"] == twice[1]["id"]
    elsewhere = product.upload_one(body, who="technologist")
    assert elsewhere["id"] != first["id"]
    assert elsewhere["duplicate"] is False


def test_same_uid_with_other_pixels_is_marked_as_conflict_and_kept_apart(product: Product) -> None:
    first = product.upload_one(dicom_bytes(seed=6, sop_instance_uid="1.2.826.0.1.99.6"))
    product.wait_for(first["id"])
    body = dicom_bytes(seed=7, sop_instance_uid="1.2.826.0.1.99.6")
    second = product.upload_one(body)
    assert second["duplicate"] is False
    image = product.wait_for(second["id"])
    assert image["status"] == "ready"
    assert image["conflictsWith"] == first["id"]
    assert product.client().get(f"/api/images/{second['id']}/file").content == body
    assert product.image(first["id"])["conflictsWith"] is None


NOT_IMAGES = [
    ("report.pdf", b"%PDF-1.7\n" + b"x" * 500, "not_an_image"),
    ("setup.exe", b"MZ" + b"\0" * 500, "not_an_image"),
    ("tool", b"\x7fELF" + b"\0" * 500, "not_an_image"),
    ("drawing.svg", b'<?xml version="1.0"?><svg onload="alert(1)"/>' + b" " * 200, "svg_refused"),
    ("drawing2.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 200, "svg_refused"),
    ("page.html", b"<!DOCTYPE html><script>alert(1)</script>" + b" " * 200, "not_an_image"),
    ("empty.dcm", b"", "empty_file"),
    ("short.dcm", b"\x08\x00\x05\x00", "not_an_image"),
    ("noise.dcm", bytes(range(256)) * 300, "not_an_image"),
]


@pytest.mark.parametrize(("name", "body", "code"), NOT_IMAGES)
def test_what_is_no_image_is_refused_early_with_a_code_and_leaves_nothing(
    product: Product, name: str, body: bytes, code: str
) -> None:
    answer = product.upload((name, body))
    assert answer.status_code == 415, answer.text
    problem = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["code"] == code
    assert problem["rejected"] == [{"name": name, "code": code, "detail": problem["detail"]}]
    assert product.spool_files() == [] or not _spooled(product)


def _spooled(product: Product) -> list[str]:
    """Spool files proper; a worker's render folders come and go beside them."""
    return [p.name for p in product.spool_files() if p.is_file()]


def test_good_files_are_taken_beside_refused_ones_and_all_refused_is_422(product: Product) -> None:
    mixed = product.upload(("good.dcm", dicom_bytes(seed=8)), ("bad.pdf", b"%PDF-1.4" + b"x" * 300))
    assert mixed.status_code == 202
    assert len(mixed.json()["images"]) == 1
    assert [r["code"] for r in mixed.json()["rejected"]] == ["not_an_image"]
    both = product.upload(("a.pdf", b"%PDF-1.4" + b"x" * 300), ("b.txt", b"hello " * 100))
    assert both.status_code == 422
    assert both.json()["code"] == "all_files_refused"
    assert len(both.json()["rejected"]) == 2


@pytest.mark.parametrize("cut", [200, 5_000, 0.5, -1])
def test_a_truncated_mammogram_ends_rejected_with_a_reason_and_is_never_shown(product: Product, cut: float) -> None:
    whole = dicom_bytes(seed=9)
    body = whole[: int(len(whole) * cut) if 0 < cut < 1 else int(cut)]
    answer = product.upload(("cut.dcm", body))
    if answer.status_code == 415:
        return
    image = product.wait_for(answer.json()["images"][0]["id"])
    assert image["status"] == "rejected"
    assert image["reasonCode"]
    assert image["links"]["png"] is None
    gone = product.client().get(f"/api/images/{image['id']}/png")
    assert gone.status_code == 410
    assert gone.json()["code"] == image["reasonCode"]


def test_a_truncated_picture_ends_rejected(product: Product) -> None:
    image = product.wait_for(product.upload_one(png_bytes(seed=10)[:600], "cut.png")["id"])
    assert image["status"] == "rejected"


def test_a_wrong_field_name_and_a_missing_boundary_say_what_is_expected(product: Product) -> None:
    client = product.client()
    wrong = client.post("/api/images", files=[("file", ("a.dcm", dicom_bytes(seed=11)))])
    assert wrong.status_code == 400
    assert wrong.json()["code"] == "missing_files"
    assert "files" in wrong.json()["detail"]
    bare = client.post("/api/images", content=b"x", headers={"content-type": "multipart/form-data"})
    assert (bare.status_code, bare.json()["code"]) == (400, "malformed_multipart")
    broken = client.post("/api/images", content=b"garbage", headers={"content-type": "multipart/form-data; boundary=x"})
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed_multipart")
    as_json = client.post("/api/images", json={})
    assert (as_json.status_code, as_json.json()["code"]) == (415, "unsupported_content_type")
    packed = client.post(
        "/api/images",
        content=b"x",
        headers={"content-type": "application/dicom", "content-encoding": "gzip"},
    )
    assert (packed.status_code, packed.json()["code"]) == (415, "content_encoding")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.dcm", "passwd.dcm"),
        ("..\\..\\windows\\a.dcm", "a.dcm"),
        ("a\r\nSet-Cookie: x=1\x00\x1b[31m.dcm", "aSet-Cookie: x=1[31m.dcm"),
        ("gnp.\u202emcd.exe", "gnp.mcd.exe"),
        ("x" * 400 + ".dcm", "x" * 255),
        ("...", "unnamed"),
        ("<script>alert(1)</script>.dcm", "script>.dcm"),
    ],
)
def test_hostile_names_are_cleaned_and_never_touch_a_path(product: Product, sent: str, kept: str) -> None:
    from mammogram_viewer.intake.names import clean_name

    assert clean_name(sent) == kept
    taken = product.upload_one(dicom_bytes(seed=abs(hash(sent)) % 10_000 + 100), sent)
    assert product.image(taken["id"])["originalName"] == clean_name(sent) or "\r" in sent
    assert all(len(p.name) == 32 for p in product.stored_files())


def test_an_upload_cut_off_half_way_leaves_nothing(product: Product) -> None:
    body = dicom_bytes(seed=12)
    before = product.client().get("/api/images").json()["total"]
    cookie = "; ".join(f"{k}={v}" for k, v in product.client().cookies.items())
    head = (
        "POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: {cookie}\r\nContent-Type: application/dicom\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", product.port)) as connection:
        connection.sendall(head + body[: len(body) // 2])
    product.wait_until(lambda: not _spooled(product), "the spool is empty", 10)
    multipart = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.dcm"\r\n\r\n' + body[:50_000]
    with socket.create_connection(("127.0.0.1", product.port)) as connection:
        connection.sendall(head.replace(b"application/dicom", b"multipart/form-data; boundary=b") + multipart)
    product.wait_until(lambda: not _spooled(product), "the spool is empty", 10)
    ended_early = product.client().post(
        "/api/images", content=multipart, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert (ended_early.status_code, ended_early.json()["code"]) == (400, "incomplete_upload")
    assert product.client().get("/api/images").json()["total"] == before
    assert not _spooled(product)
    assert "unexpected_error" not in product.log("api")
    assert '"status":500' not in product.log("api")


def test_300_small_files_in_one_request_are_taken_in_order(product: Product) -> None:
    files = [(f"{n}.png", png_bytes(seed=1000 + n, side=8)) for n in range(300)]
    answer = product.upload(*files)
    assert answer.status_code == 202
    names = [i["name"] for i in answer.json()["images"]]
    assert names == [name for name, _ in files]
    assert len({i["id"] for i in answer.json()["images"]}) == len(files)
    assert not _spooled(product)
    # Leave a quiet queue behind for the tests that follow.
    product.wait_for(answer.json()["images"][-1]["id"])


def test_one_who_may_not_see_an_image_gets_404_everywhere(product: Product) -> None:
    image = product.wait_for(product.upload_one(dicom_bytes(seed=13))["id"])
    for path in ("", "/png", "/thumbnail", "/file", "/tags"):
        answer = product.client("other").get(f"/api/images/{image['id']}{path}")
        assert answer.status_code == 404, path
        assert product.client("radiologist").get(f"/api/images/{image['id']}{path}").status_code == 200
    assert product.client("other").get(f"/api/jobs/{image['jobId']}").status_code == 404
    assert product.client("other").delete(f"/api/images/{image['id']}").status_code == 404
    assert product.client("other").get("/api/jobs", params={"id": image["jobId"]}).json()["jobs"] == []


async def test_a_deleted_image_is_gone_with_its_files(product: Product) -> None:
    image = product.wait_for(product.upload_one(dicom_bytes(seed=14))["id"])
    files_before = len(product.stored_files())
    assert product.client("technologist").delete(f"/api/images/{image['id']}").status_code == 403
    assert product.client().delete(f"/api/images/{image['id']}").status_code == 204
    assert product.client().get(f"/api/images/{image['id']}").status_code == 404
    await product.end_undo()
    left = files_before - 1 - len(UPLOAD_KINDS)
    product.wait_until(lambda: len(product.stored_files()) == left, "its files are removed", 10)
    again = product.upload_one(dicom_bytes(seed=14))
    assert again["duplicate"] is False


def test_renditions_carry_etag_range_and_caching_as_their_links_promise(product: Product) -> None:
    image = product.wait_for(product.upload_one(dicom_bytes(seed=15))["id"])
    client = product.client()
    versioned = client.get(image["links"]["png"])
    assert versioned.headers["cache-control"] == "private, max-age=31536000, immutable"
    plain = client.get(f"/api/images/{image['id']}/png")
    assert plain.headers["cache-control"] == "private, no-cache"
    assert plain.headers["etag"] == versioned.headers["etag"]
    assert client.get(f"/api/images/{image['id']}/png?v=99").headers["cache-control"] == "private, no-cache"
    unchanged = client.get(image["links"]["png"], headers={"if-none-match": plain.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    part = client.get(image["links"]["png"], headers={"range": "bytes=8-15"})
    assert part.status_code == 206
    assert part.content == plain.content[8:16]
    assert part.headers["content-range"] == f"bytes 8-15/{len(plain.content)}"
    tail = client.get(image["links"]["png"], headers={"range": "bytes=-4"})
    assert tail.content == plain.content[-4:]
    beyond = client.get(image["links"]["png"], headers={"range": "bytes=999999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
    flood = client.get(image["links"]["png"], headers={"range": "bytes=" + ",".join(["0-1"] * 500)})
    assert flood.status_code == 200


def test_a_missing_rendition_says_not_ready_with_retry_after(product: Product) -> None:
    product.kill("worker")
    try:
        taken = product.upload_one(dicom_bytes(seed=16))
        waiting = product.client().get(f"/api/images/{taken['id']}/png")
        assert (waiting.status_code, waiting.json()["code"]) == (409, "not_ready")
        assert int(waiting.headers["retry-after"]) >= 1
    finally:
        product.start("worker")
    assert product.wait_for(taken["id"])["status"] == "ready"


def test_a_rejected_image_can_be_retried_and_a_ready_one_cannot(product: Product) -> None:
    rejected = product.wait_for(product.upload_one(png_bytes(seed=17)[:500], "cut.png")["id"])
    assert rejected["status"] == "rejected"
    retried = product.client().post(f"/api/jobs/{rejected['jobId']}/retry")
    assert retried.status_code == 202
    assert product.wait_for(rejected["id"])["job"]["state"] == "rejected"
    ready = product.wait_for(product.upload_one(png_bytes(seed=18), "a.png")["id"])
    refused = product.client().post(f"/api/jobs/{ready['jobId']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_retryable")


def test_no_job_payload_in_redis_names_a_file_or_a_patient(product: Product, servers: object) -> None:
    import redis

    image = product.wait_for(
        product.upload_one(dicom_bytes(seed=19, patient_name="CANARY^NAME"), "canary-file.dcm")["id"]
    )
    client = redis.Redis.from_url(product.redis_url, decode_responses=True)
    kept = client.hgetall(f"bull:dicom-conversion:{image['jobId']}")
    client.close()
    assert kept
    assert "canary" not in str(kept).lower()
    for part in ("api", "worker"):
        assert "canary" not in product.log(part).lower()


def test_a_picture_of_16_bits_is_not_confused_with_its_rendition(product: Product) -> None:
    grey = (np.arange(64 * 64, dtype=np.uint16) * 16).reshape(64, 64)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    image = product.wait_for(product.upload_one(buffer.getvalue(), "grey16.png")["id"])
    assert image["status"] == "ready", image["reason"]
    shown = np.asarray(Image.open(io.BytesIO(product.client().get(image["links"]["png"]).content)))
    assert shown.dtype == np.uint8
    assert shown[0, 0] == 0
    assert shown[-1, -1] >= 254


def test_uploads_are_refused_without_sign_in_and_for_radiologists(product: Product) -> None:
    stranger = httpx.post(f"{product.base_url}/api/images", files=[("files", ("a.dcm", b"x"))])
    assert (stranger.status_code, stranger.json()["code"]) == (401, "unauthenticated")
    reader = product.upload(("a.dcm", dicom_bytes(seed=20)), who="radiologist")
    assert (reader.status_code, reader.json()["code"]) == (403, "forbidden")
