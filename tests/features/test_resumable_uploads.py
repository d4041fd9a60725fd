"""Uploads that break off and go on, over tus 1.0.0: what is kept, what is refused, and that an image is made once."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

import tus
from builders import dicom_bytes, png_bytes
from product import Product


def padded(seed: int, byte_count: int = 300_000) -> bytes:
    """A valid mammogram, made longer behind its end, so that it goes in several requests."""
    body = dicom_bytes(seed=seed)
    return body + hashlib.shake_256(str(seed).encode()).digest(max(0, byte_count - len(body)))


def test_the_server_tells_what_it_speaks(product: Product) -> None:
    answer = product.client().options(tus.PATH)
    assert answer.status_code == 204
    assert answer.headers["tus-resumable"] == answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert int(answer.headers["tus-max-size"]) == 2048 * 1024 * 1024
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


def test_a_file_in_pieces_becomes_the_same_image_as_in_one(product: Product) -> None:
    client, body = product.client(), dicom_bytes(seed=1)
    path = tus.create(client, len(body), filename="Süd/R MLO.dcm", relativePath="exam/R MLO.dcm")
    half = len(body) // 2
    first = tus.send(client, path, 0, body[:half])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(half))
    assert first.headers["tus-resumable"] == "1.0.0"
    assert first.headers["upload-expires"].endswith("GMT")
    told = client.head(path, headers=tus.VERSION)
    assert told.headers["upload-offset"] == str(half)
    assert told.headers["upload-length"] == str(len(body))
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["upload-metadata"] == tus.metadata(filename="Süd/R MLO.dcm", relativePath="exam/R MLO.dcm")
    assert tus.outcome(client, path)["images"] == []
    assert tus.send(client, path, half, body[half:]).status_code == 204

    ended = tus.outcome(client, path)
    assert ended["status"] == "finished"
    (image,) = ended["images"]
    assert image["sha256"] == hashlib.sha256(body).hexdigest()
    assert (image["name"], image["duplicate"]) == ("R MLO.dcm", False)
    assert product.wait_for(image["id"])["status"] == "ready"
    assert client.get(f"/api/images/{image['id']}/file").content == body
    # A lost answer may be asked again, in every way, and nothing is made twice.
    assert tus.offset(client, path) == len(body)
    assert tus.send(client, path, len(body), b"").status_code == 204
    assert tus.outcome(client, path) == ended
    assert product.upload_one(body)["id"] == image["id"]


def test_the_first_bytes_may_come_with_the_creation(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=2)
    headers = {**tus.BODY, "upload-length": str(len(body)), "upload-metadata": tus.metadata(filename="a.png")}
    answer = client.post(tus.PATH, headers=headers, content=body)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(body)))
    assert tus.outcome(client, answer.headers["location"])["images"][0]["name"] == "a.png"


async def test_a_cut_line_loses_nothing_that_came_and_the_rest_makes_the_file_whole(product: Product) -> None:
    client, body = product.client(), padded(3, 3_000_000)
    path = tus.create(client, len(body), filename="cut.dcm", sha256=hashlib.sha256(body).hexdigest())
    with tus.begin_sending(product, path, 0, len(body), body[:2_000_000]):
        product.wait_until(lambda: tus.outcome(client, path)["offset"] >= 1024 * 1024, "a part is on disk")
        busy = tus.send(client, path, 0, body)
        assert (busy.status_code, busy.json()["code"]) == (423, "locked")
        assert client.head(path, headers=tus.VERSION).status_code == 423
        assert client.delete(path, headers=tus.VERSION).status_code == 423
        assert [u["busy"] for u in client.get(tus.PATH).json()["uploads"] if path.endswith(u["id"])] == [True]
    product.wait_until(lambda: not tus.outcome(client, path)["busy"], "the cut is noticed")
    come = tus.offset(client, path)
    assert come == 2_000_000
    assert tus.send(client, path, come, body[come:]).status_code == 204
    (image,) = tus.outcome(client, path)["images"]
    assert client.get(f"/api/images/{image['id']}/file").content == body
    assert not list((product.data_dir / "resumable").glob("[!.]*"))


def test_another_offset_is_refused_with_the_right_one(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=4)
    path = tus.create(client, len(body))
    assert tus.send(client, path, 0, body[:100]).status_code == 204
    for wrong in (0, 99, 101, len(body)):
        answer = tus.send(client, path, wrong, body[wrong : wrong + 1])
        assert (answer.status_code, answer.json()["code"], answer.json()["offset"]) == (409, "wrong_offset", 100)
    assert tus.offset(client, path) == 100


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_body_that_arrives_changed_is_not_kept_and_can_be_sent_again(product: Product, algorithm: str) -> None:
    client, body = product.client(), padded(5 if algorithm == "sha1" else 55)
    path = tus.create(client, len(body))
    assert tus.send(client, path, 0, body[:1000]).status_code == 204
    right = tus.checksum(body[1000:200_000], algorithm)
    answer = tus.send(client, path, 1000, b"x" * 199_000, upload_checksum=right)
    assert (answer.status_code, answer.json()["code"]) == (460, "checksum_mismatch")
    assert tus.offset(client, path) == 1000
    assert tus.send(client, path, 1000, body[1000:200_000], upload_checksum=right).status_code == 204
    last = tus.checksum(body[200_000:], algorithm)
    assert tus.send(client, path, 200_000, body[200_000:], upload_checksum=last).status_code == 204
    assert tus.outcome(client, path)["images"][0]["sha256"] == hashlib.sha256(body).hexdigest()


def test_of_a_cut_body_with_a_checksum_nothing_counts(product: Product) -> None:
    client, body = product.client(), padded(6, 3_000_000)
    path = tus.create(client, len(body))
    piece = product.data_dir / "resumable" / f"{path.rsplit('/', 1)[1]}.piece"
    with tus.begin_sending(product, path, 0, len(body), body[:2_000_000], upload_checksum=tus.checksum(body)):
        product.wait_until(lambda: piece.exists() and piece.stat().st_size >= 1024 * 1024, "a part is on disk")
    product.wait_until(lambda: not tus.outcome(client, path)["busy"], "the cut is noticed")
    assert not piece.exists()
    assert tus.offset(client, path) == 0


def test_a_resumed_upload_with_other_bytes_is_refused_and_nothing_of_it_is_kept(product: Product) -> None:
    client, body = product.client(), padded(7)
    path = tus.create(client, len(body), filename="other.dcm", sha256=hashlib.sha256(body).hexdigest())
    assert tus.send(client, path, 0, body[:150_000]).status_code == 204
    answer = tus.send(client, path, 150_000, padded(8)[150_000:])
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")
    ended = tus.outcome(client, path)
    assert ended["status"] == "refused"
    assert [(r["name"], r["code"]) for r in ended["rejected"]] == [("other.dcm", "digest_mismatch")]
    assert client.head(path, headers=tus.VERSION).status_code == 410
    again = tus.send(client, path, 150_000, body[150_000:])
    assert (again.status_code, again.json()["code"]) == (410, "digest_mismatch")


def test_what_is_no_image_is_refused_as_soon_as_its_beginning_is_there(product: Product) -> None:
    client = product.client()
    path = tus.create(client, 50_000_000, filename="report.pdf")
    answer = tus.send(client, path, 0, b"%PDF-1.7" + bytes(70_000))
    assert (answer.status_code, answer.json()["code"]) == (415, "not_an_image")
    assert answer.json()["rejected"][0]["name"] == "report.pdf"
    assert tus.outcome(client, path)["rejected"] == answer.json()["rejected"]
    small = tus.create(client, 5000)
    assert tus.send(client, small, 0, b"<svg>" + bytes(4995)).json()["code"] == "svg_refused"


def test_a_zip_is_unpacked_and_what_is_refused_inside_is_listed(product: Product) -> None:
    client, buffer = product.client(), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("one.png", png_bytes(seed=9))
        archive.writestr("two.dcm", dicom_bytes(seed=9))
        archive.writestr("notes.pdf", b"%PDF-1.7 ....")
    body = buffer.getvalue()
    path = tus.create(client, len(body), filename="exam.zip")
    assert tus.send(client, path, 0, body).status_code == 204
    ended = tus.outcome(client, path)
    assert sorted(image["name"] for image in ended["images"]) == ["one.png", "two.dcm"]
    assert [refused["name"] for refused in ended["rejected"]] == ["notes.pdf"]

    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("notes.pdf", b"%PDF-1.7 ....")
    path = tus.create(client, len(buffer.getvalue()), filename="no.zip")
    assert tus.send(client, path, 0, buffer.getvalue()).status_code == 415
    assert tus.outcome(client, path)["status"] == "refused"


async def test_a_discarded_upload_is_gone_and_its_image_would_have_stayed(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=10)
    path = tus.create(client, len(body))
    assert tus.send(client, path, 0, body[:500]).status_code == 204
    assert client.delete(path, headers=tus.VERSION).status_code == 204
    assert client.head(path, headers=tus.VERSION).status_code == 404
    assert tus.send(client, path, 500, body[500:]).status_code == 404
    assert not (product.data_dir / "resumable" / path.rsplit("/", 1)[1]).exists()
    acts = await product.fetch("SELECT act FROM audit_log WHERE act = 'upload_discarded'")
    assert len(acts) == 1
    finished = tus.create(client, len(body))
    assert tus.send(client, finished, 0, body).status_code == 204
    image_id = tus.outcome(client, finished)["images"][0]["id"]
    assert client.delete(finished, headers=tus.VERSION).status_code == 204
    assert product.image(image_id)["id"] == image_id


def test_somebody_elses_upload_does_not_exist_not_even_for_an_administrator(product: Product) -> None:
    owner, body = product.client(), png_bytes(seed=11)
    path = tus.create(owner, len(body))
    for who in ("other", "admin"):
        stranger = product.client(who)
        answers = [
            stranger.head(path, headers=tus.VERSION),
            stranger.get(path),
            tus.send(stranger, path, 0, body),
            stranger.delete(path, headers=tus.VERSION),
            stranger.post(path, headers={**tus.VERSION, "x-http-method-override": "DELETE"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        assert path.rsplit("/", 1)[1] not in stranger.get(tus.PATH).text
    assert tus.offset(owner, path) == 0


def test_a_page_of_another_site_cannot_send_or_discard(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=12)
    path = tus.create(client, len(body))
    foreign = {"sec-fetch-site": "cross-site"}
    headers = {**tus.VERSION, "upload-length": "10", **foreign}
    assert client.post(tus.PATH, headers=headers).json()["code"] == "cross_site"
    assert tus.send(client, path, 0, body, sec_fetch_site="cross-site").json()["code"] == "cross_site"
    assert client.delete(path, headers={**tus.VERSION, **foreign}).json()["code"] == "cross_site"


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"tus-resumable": "0.2.2"}, 412, "tus_version"),
        ({"tus-resumable": None}, 412, "tus_version"),
        ({"upload-length": None}, 400, "no_length"),
        ({"upload-length": None, "upload-defer-length": "1"}, 400, "no_length"),
        ({"upload-length": "-5"}, 400, "no_length"),
        ({"upload-length": "1e9"}, 400, "no_length"),
        ({"upload-length": "9" * 30}, 400, "no_length"),
        ({"upload-length": "0"}, 415, "empty_file"),
        ({"upload-length": str(3 * 1024**3)}, 413, "too_large"),
        ({"upload-concat": "partial"}, 400, "no_concatenation"),
        ({"upload-metadata": "filename !!!"}, 400, "invalid_metadata"),
        ({"upload-metadata": f"filename {encoded(b'a')},filename {encoded(b'b')}"}, 400, "invalid_metadata"),
        ({"upload-metadata": f"filename {encoded(bytes([0xFF, 0xFE]))}"}, 400, "invalid_metadata"),
        ({"upload-metadata": f"sha256 {encoded(b'short')}"}, 400, "invalid_metadata"),
        ({"upload-metadata": "a " + "A" * 5000}, 400, "invalid_metadata"),
        ({"upload-checksum": "md5 AAAA"}, 400, "unknown_checksum"),
        ({"upload-checksum": "sha1 AAAA"}, 400, "invalid_checksum"),
    ],
)
def test_a_creation_that_cannot_be_is_refused_with_a_code(
    product: Product, headers: dict[str, str | None], status: int, code: str
) -> None:
    wanted = {**tus.VERSION, "upload-length": "1000", **headers}
    answer = product.client().post(tus.PATH, headers={k: v for k, v in wanted.items() if v is not None})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["tus-resumable"] == answer.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"tus-resumable": "2"}, 412, "tus_version"),
        ({"content-type": "application/octet-stream"}, 415, "unsupported_content_type"),
        ({"content-encoding": "gzip"}, 415, "content_encoding"),
        ({"upload-offset": None}, 400, "invalid_offset"),
        ({"upload-offset": "-1"}, 400, "invalid_offset"),
        ({"upload-checksum": "sha256"}, 400, "invalid_checksum"),
    ],
)
def test_bytes_that_cannot_be_placed_are_refused_with_a_code(
    product: Product, headers: dict[str, str | None], status: int, code: str
) -> None:
    path = tus.create(product.client(), 1000)
    wanted = {**tus.BODY, "upload-offset": "0", **headers}
    sent = {k: v for k, v in wanted.items() if v is not None}
    answer = product.client().patch(path, headers=sent, content=b"abc")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert tus.offset(product.client(), path) == 0
    product.client().delete(path, headers=tus.VERSION)


def test_more_bytes_than_announced_are_not_taken(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=13)
    path = tus.create(client, len(body))
    answer = tus.send(client, path, 0, body + b"x")
    assert (answer.status_code, answer.json()["code"]) == (413, "more_than_announced")
    assert tus.offset(client, path) == 0


def test_callers_that_know_only_post_can_send_and_discard(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=14)
    path = tus.create(client, len(body))
    headers = {**tus.BODY, "upload-offset": "0", "x-http-method-override": "PATCH"}
    assert client.post(path, content=body[:10], headers=headers).status_code == 204
    assert tus.offset(client, path) == 10
    assert client.post(path, headers=tus.VERSION).json()["code"] == "unknown_method"
    assert client.post(path, headers={**tus.VERSION, "x-http-method-override": "DELETE"}).status_code == 204
    assert client.head(path, headers=tus.VERSION).status_code == 404


async def test_bulk_uploads_wait_behind_what_people_have_just_sent(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=15)
    path = tus.create(client, len(body), query="?bulk=true")
    assert tus.send(client, path, 0, body).status_code == 204
    one = tus.outcome(client, path)["images"][0]
    files = [("files", ("b.png", png_bytes(seed=16)))]
    other = client.post("/api/images?bulk=true", files=files).json()["images"][0]
    plain = product.upload_one(png_bytes(seed=17))
    rows = await product.fetch(
        "SELECT id, priority FROM job_queue WHERE id = ANY($1)", [i["jobId"] for i in (one, other, plain)]
    )
    assert {row["id"]: row["priority"] for row in rows} == {one["jobId"]: 5, other["jobId"]: 5, plain["jobId"]: 0}


def test_files_that_one_has_sent_already_are_known_by_their_digest(product: Product) -> None:
    body, foreign = png_bytes(seed=18), png_bytes(seed=19)
    image_id = product.upload_one(body)["id"]
    product.upload_one(foreign, who="other")
    asked = [hashlib.sha256(b).hexdigest() for b in (body, foreign, b"never sent")]
    answer = product.client().post("/api/uploads/known", json={"sha256": asked})
    assert [(known["sha256"], known["id"]) for known in answer.json()["known"]] == [(asked[0], image_id)]
    for digests, code in ((["x"], "invalid_metadata"), (["0" * 64] * 1001, "too_many_digests")):
        assert product.client().post("/api/uploads/known", json={"sha256": digests}).json()["code"] == code


async def test_files_of_another_machine_are_told_apart_from_files_that_are_lost(product: Product) -> None:
    client, body = product.client(), png_bytes(seed=20)
    path = tus.create(client, len(body))
    upload_id = path.rsplit("/", 1)[1]
    await product.fetch(
        "UPDATE resumable_uploads SET folder_id = gen_random_uuid() WHERE id = $1 RETURNING id", upload_id
    )
    elsewhere = tus.send(client, path, 0, body)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "upload_elsewhere")
    assert tus.outcome(client, path)["offset"] is None
    assert client.delete(path, headers=tus.VERSION).status_code == 204
    lost = tus.create(client, len(body))
    Path(product.data_dir / "resumable" / lost.rsplit("/", 1)[1]).unlink()
    answer = tus.send(client, lost, 0, body)
    assert (answer.status_code, answer.json()["code"]) == (410, "upload_lost")
