"""ZIP archives are taken as the files inside them, and hostile ones cost nothing."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from builders import dicom_bytes, png_bytes
from product import Product


def zip_bytes(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def quiet(product: Product) -> bool:
    return not [p for p in product.spool_files() if p.is_file() or p.name.startswith("unpack-")]


def test_the_files_of_an_archive_are_taken_as_if_they_had_come_alone(product: Product) -> None:
    bodies = {
        "exam/R CC.dcm": dicom_bytes(seed=401),
        "exam/L CC.dcm": dicom_bytes(seed=402),
        "a.png": png_bytes(seed=1),
    }
    junk = {
        "__MACOSX/._a.png": b"x",
        ".DS_Store": b"x",
        "DICOMDIR": b"x" * 200,
        "exam/": b"",
        "notes.txt": b"hello" * 99,
    }
    answer = product.upload(("exam.zip", zip_bytes({**bodies, **junk})))
    assert answer.status_code == 202, answer.text
    assert [i["name"] for i in answer.json()["images"]] == ["R CC.dcm", "L CC.dcm", "a.png"]
    assert [(r["name"], r["code"]) for r in answer.json()["rejected"]] == [("notes.txt", "not_an_image")]
    for image, body in zip(answer.json()["images"], bodies.values(), strict=True):
        assert product.wait_for(image["id"])["status"] == "ready"
        assert product.client().get(f"/api/images/{image['id']}/file").content == body
    assert quiet(product)
    again = product.upload(("exam.zip", zip_bytes(bodies))).json()["images"]
    assert all(image["duplicate"] for image in again)


def slip() -> bytes:
    return zip_bytes({"../../../../tmp/slipped.dcm": dicom_bytes(seed=403), "/etc/slipped.dcm": dicom_bytes(seed=404)})


def test_names_that_climb_out_stay_inside(product: Product) -> None:
    answer = product.upload(("slip.zip", slip()))
    assert answer.status_code == 202
    assert [i["name"] for i in answer.json()["images"]] == ["slipped.dcm", "slipped.dcm"]
    assert all(len(p.name) == 32 for p in product.stored_files())


def bomb() -> bytes:
    """200 MB of zeros that begin as a mammogram does, in 200 kB, and a central directory that says 1 kB."""
    body = zip_bytes({"a.dcm": b"\0" * 128 + b"DICM" + b"\0" * 200_000_000})
    where = body.rindex(b"PK\x01\x02")
    return body[: where + 24] + struct.pack("<I", 1000) + body[where + 28 :]


def encrypted() -> bytes:
    body = bytearray(zip_bytes({"a.dcm": dicom_bytes(seed=405)}))
    body[body.index(b"PK\x03\x04") + 6] |= 1
    body[body.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (zip_bytes({}), {"archive_empty"}),
        (zip_bytes({"a.dcm": dicom_bytes(seed=406)})[:-40], {"archive_broken"}),
        (b"PK\x03\x04" + bytes(range(256)) * 4, {"archive_broken"}),
        (zip_bytes({"inner.zip": zip_bytes({"a.dcm": dicom_bytes(seed=407)})}), {"archive_nested"}),
        (encrypted(), {"archive_encrypted"}),
        (bomb(), {"archive_broken", "archive_too_large", "too_large"}),
        (zip_bytes({"a.svg": b"<svg onload='alert(1)'/>" + b" " * 200}), {"svg_refused"}),
    ],
    ids=["empty", "truncated", "garbage", "nested", "encrypted", "bomb", "svg"],
)
def test_hostile_archives_are_refused_with_a_code_and_leave_nothing(
    product: Product, body: bytes, codes: set[str]
) -> None:
    answer = product.upload(("a.zip", body))
    assert answer.status_code in (413, 415), answer.text
    assert answer.json()["code"] in codes
    assert quiet(product)


def test_an_archive_of_too_many_files_is_refused_whole(product: Product) -> None:
    body = zip_bytes({f"{n}.png": b"x" for n in range(10_001)}, zipfile.ZIP_STORED)
    answer = product.upload(("many.zip", body))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_files")
    assert quiet(product)
