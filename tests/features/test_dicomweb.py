"""What the viewer reads: frames that decode to the stored values, and headers that fit them."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from builders import dicom_bytes, png_bytes
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, stored_words
from mammogram_viewer.synthetic.secondary_capture import SyntheticCapture, build_capture, screen
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis, slices
from product import Product
from viewer_client import JPHC, by_uids, decoded, header_of, mammogram, ready, saved, viewing, words_of

VARIANTS: dict[str, dict[str, Any]] = {
    "8 bits": {"bits_stored": 8},
    "10 bits": {"bits_stored": 10},
    "12 bits, MONOCHROME1": {"bits_stored": 12, "photometric_interpretation": "MONOCHROME1", "voi": "lut"},
    "14 bits": {"bits_stored": 14, "voi": "several"},
    "16 bits": {"bits_stored": 16},
    "signed 8 bits": {"bits_stored": 8, "signed": True},
    "signed 12 bits": {"bits_stored": 12, "signed": True},
    "signed 16 bits": {"bits_stored": 16, "signed": True, "modality_lut": True},
}


# --- frames and the headers that fit them ---------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_a_frame_decodes_to_the_stored_values_as_its_header_says(product: Product, name: str) -> None:
    wanted = SyntheticMammogram(seed=41, rows=150, columns=110, **VARIANTS[name])
    body = dicom_bytes(**vars(wanted))
    image = ready(product, body)
    samples = decoded(product.client().get(f"{by_uids(image)}/frames/1"))
    stored = stored_words(wanted)
    assert np.array_equal(samples, stored)
    header, original = header_of(product, f"/api/images/{image['id']}/metadata"), pydicom.dcmread(io.BytesIO(body))
    assert header.AvailableTransferSyntaxUID == "1.2.840.10008.1.2.4.202"
    assert (header.Rows, header.Columns, header.NumberOfFrames) == (*stored.shape, 1)
    assert header.BitsAllocated == header.BitsStored == header.HighBit + 1 == samples.dtype.itemsize * 8
    assert header.PixelRepresentation == int(samples.dtype.kind == "i") == original.PixelRepresentation
    assert header.PhotometricInterpretation == original.PhotometricInterpretation
    described_anew = {"BitsStored", "HighBit", "PixelData", "AvailableTransferSyntaxUID", "NumberOfFrames", "LUTData"}
    for element in original:
        if element.keyword not in described_anew and element.VR != "SQ":
            assert header[element.tag].value == element.value, element.keyword
    for keyword in ("VOILUTSequence", "ModalityLUTSequence"):
        for told, item in zip(header.get(keyword, []), original.get(keyword, []), strict=True):
            assert list(told.LUTDescriptor) == list(item.LUTDescriptor)
            assert told.get("LUTExplanation") == item.get("LUTExplanation")
            assert words_of(told.LUTData) == words_of(item.LUTData)


@pytest.mark.parametrize("kind", ["rgb", "palette", "ybr_full"])
def test_colour_is_served_as_rgb_of_eight_bits(product: Product, kind: Any) -> None:
    wanted = SyntheticCapture(kind=kind, seed=42)
    image = ready(product, saved(build_capture(wanted)))
    samples = decoded(product.client().get(f"/api/images/{image['id']}/frames/1"))
    assert samples.shape == (wanted.rows, wanted.columns, 3)
    assert samples.dtype == np.uint8
    shown = np.asarray(Image.open(io.BytesIO(product.client().get(image["links"]["png"]).content)).convert("RGB"))
    assert np.array_equal(samples, shown)
    if kind == "rgb":
        assert np.array_equal(samples, screen(wanted))
    header = header_of(product, f"{by_uids(image)}/metadata")
    assert (header.PhotometricInterpretation, header.SamplesPerPixel, header.PlanarConfiguration) == ("RGB", 3, 0)
    assert (header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation) == (8, 8, 7, 0)
    assert "RedPaletteColorLookupTableData" not in header
    shown_image = viewing(product, image["studyId"])["images"][0]
    assert shown_image["isColour"] is True
    assert shown_image["greyScale"] is None
    assert shown_image["links"]["greyScale"] is None


def test_each_frame_of_a_tomosynthesis_has_its_address(product: Product) -> None:
    wanted = SyntheticTomosynthesis(seed=43, rows=130, columns=90, frames=4)
    image = ready(product, saved(build_tomosynthesis(wanted)))
    path = f"/api/images/{image['id']}/frames"
    for number, words in enumerate(slices(wanted), start=1):
        assert np.array_equal(decoded(product.client().get(f"{path}/{number}")), words), number
    for beyond in (0, 5, 1_000_001, 10**30):
        answer = product.client().get(f"{path}/{beyond}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_frame"), beyond
    for unreadable in ("-1", "x", "1,2", "1.5", "", "%00"):
        answer = product.client().get(f"{path}/{unreadable}")
        assert answer.status_code == 404, unreadable
    assert header_of(product, f"/api/images/{image['id']}/metadata").NumberOfFrames == 4
    shown = viewing(product, image["studyId"])["images"][0]
    assert (shown["numberOfFrames"], shown["greyScale"]["frame"]) == (4, 3)


def test_ranges_of_a_frame_are_slices_of_it_and_never_of_its_neighbour(product: Product) -> None:
    image = ready(product, saved(build_tomosynthesis(SyntheticTomosynthesis(seed=44, rows=130, columns=90, frames=3))))
    client, path = product.client(), f"/api/images/{image['id']}/frames/2"
    whole = client.get(path)
    length = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-length"] == str(length)
    for text, start, stop in (
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, length),
        ("bytes=-50", length - 50, length),
        (f"bytes=10-{length + 999}", 10, length),
        (f"bytes={length - 1}-", length - 1, length),
    ):
        part = client.get(path, headers={"range": text})
        assert part.status_code == 206, text
        assert part.content == whole.content[start:stop], text
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{length}"
        assert part.headers["content-type"] == JPHC
        assert part.headers["etag"] == whole.headers["etag"]
    beyond = client.get(path, headers={"range": f"bytes={length}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{length}")
    assert beyond.json()["code"] == "range_not_satisfiable"
    stale = client.get(path, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert (stale.status_code, len(stale.content)) == (200, length)


def test_the_first_bytes_of_a_frame_show_the_whole_picture_small(product: Product) -> None:
    wanted = SyntheticMammogram(seed=45, rows=1024, columns=832)
    image = ready(product, dicom_bytes(**vars(wanted)))
    whole = product.client().get(f"/api/images/{image['id']}/frames/1").content
    # RPCL: all packets of the lowest resolutions come first. A decoder that does not clip lets them swing below zero.
    first, entire = (
        imagecodecs.htj2k_decode(each, skipres=2).view(np.int16) for each in (whole[: len(whole) // 8], whole)
    )
    assert first.shape == (256, 208)
    assert np.array_equal(first, entire), "an eighth of the bytes gives a quarter of the resolution, exactly"
    assert np.corrcoef(first.ravel(), stored_words(wanted)[::4, ::4].ravel())[0, 1] > 0.98


def test_frames_are_cached_as_other_renditions(product: Product) -> None:
    image = mammogram(product, seed=46)
    client = product.client()
    (shown,) = (one for one in viewing(product, image["studyId"])["images"] if one["id"] == image["id"])
    kept = client.get(shown["links"]["frames"].format(frame=1))
    assert kept.headers["cache-control"] == "private, max-age=31536000, immutable"
    path = f"/api/images/{image['id']}/frames/1"
    for version in ("", "?v=1", "?v=99"):
        assert client.get(path + version).headers["cache-control"] == "private, no-cache", version
    etag = kept.headers["etag"]
    assert not etag.startswith("W/")
    again = client.get(path, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    for headers, status, length in (({}, 200, len(kept.content)), ({"range": "bytes=5-9"}, 206, 5)):
        head = client.head(path, headers=headers)
        assert (head.status_code, head.content) == (status, b"")
        assert head.headers["content-length"] == str(length)
        assert (head.headers["etag"], head.headers["content-type"]) == (etag, JPHC)
    assert client.head(f"{by_uids(image)}/frames/1").headers["etag"] == etag
    assert client.head(f"/api/images/{image['id']}/frames/9").status_code == 404
    scale = client.get(shown["links"]["greyScale"])
    assert scale.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert scale.json() == shown["greyScale"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("image/jphc", 200),
        ('multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202', 200),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", 200),
        ("text/html, image/*;q=0.1", 200),
        ("image/png", 406),
        ("*/*, image/jphc;q=0", 406),
        ("image/jphc; transfer-syntax=1.2.840.10008.1.2.4.90", 406),
        ("multipart/related; type=application/octet-stream", 406),
        ("," * 300 + '";' * 400, 406),
    ],
)
def test_an_accept_header_that_leaves_our_form_out_is_told_so(product: Product, accept: str, status: int) -> None:
    image_id = mammogram(product, seed=47)["id"]
    answer = product.client().get(f"/api/images/{image_id}/frames/1", headers={"accept": accept})
    assert answer.status_code == status
    if status == 406:
        assert answer.json()["code"] == "not_acceptable"
    header = product.client().get(f"/api/images/{image_id}/metadata", headers={"accept": "image/png"})
    assert (header.status_code, header.json()["code"]) == (406, "not_acceptable")


# --- whose, and what is not there -----------------------------------------------------------------------------


def test_uids_lead_only_to_what_one_may_see(product: Product) -> None:
    mine = mammogram(product, seed=48)
    theirs = ready(product, dicom_bytes(seed=48, rows=150, columns=110, view="MLO"), who="other")
    assert mine["studyId"] == theirs["studyId"], "one exam, by two people"
    study = f"/api/dicomweb/studies/{mine['study']['studyInstanceUid']}"
    series = f"{study}/series/{mine['series']['seriesInstanceUid']}"

    def uids(path: str, who: str) -> set[str]:
        answer = product.client(who).get(path)
        assert answer.status_code == 200, answer.text
        return {Dataset.from_json(model).SOPInstanceUID for model in answer.json()}

    one, other = mine["dicom"]["sopInstanceUid"], theirs["dicom"]["sopInstanceUid"]
    for who in ("admin", "radiologist", "technologist"):
        assert uids(f"{study}/metadata", who) == uids(f"{series}/metadata", who) == {one, other}
    assert uids(f"{study}/metadata", "user") == uids(f"{series}/metadata", "user") == {one}
    assert uids(f"{study}/metadata", "other") == {other}
    for path in ("metadata", "frames/1"):
        for address in (by_uids(theirs), f"/api/images/{theirs['id']}"):
            answer = product.client().get(f"{address}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert [image["id"] for image in viewing(product, mine["studyId"])["images"]] == [mine["id"]]
    stranger = mammogram(product, seed=49, who="other")
    their_study = f"/api/dicomweb/studies/{stranger['study']['studyInstanceUid']}/metadata"
    for path in (f"{by_uids(stranger)}/metadata", their_study, f"/api/studies/{stranger['studyId']}/viewing"):
        assert product.client().get(path).status_code == 404
    elsewhere = by_uids(mine).replace(mine["series"]["seriesInstanceUid"], stranger["series"]["seriesInstanceUid"])
    assert product.client("admin").get(f"{elsewhere}/frames/1").status_code == 404, "not in this series"


@pytest.mark.parametrize(
    "uid",
    [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "1.2%00",
        "1" * 65,
        "1.2.3'--",
        "letters",
        "1.2%0a",
        "%ff%fe",
        "*",
        "%",
        "1 2",
    ],
)
def test_hostile_uids_lead_nowhere(product: Product, uid: str) -> None:
    good = "1.2.3"
    client = product.client("admin")
    for path in (
        f"{uid}/metadata",
        f"{good}/series/{uid}/metadata",
        f"{good}/series/{good}/instances/{uid}/metadata",
        f"{good}/series/{good}/instances/{uid}/frames/1",
        f"{uid}/series/{uid}/instances/{uid}/frames/1",
    ):
        answer = client.get(httpx.URL(f"{product.base_url}/api/dicomweb/studies/{path}"))
        assert answer.status_code in (400, 404), (path, answer.text)


def test_of_two_images_with_one_uid_the_address_gives_the_first_and_ids_give_both(product: Product) -> None:
    uid = "1.2.826.0.1.3680043.10.1.50"
    first, second = (
        ready(product, dicom_bytes(seed=50, rows=150, columns=110, instance_number=n, sop_instance_uid=uid))
        for n in (1, 2)
    )
    assert second["conflictsWith"] == first["id"]
    client = product.client()
    assert (
        client.get(f"{by_uids(first)}/frames/1").headers["etag"]
        == (client.get(f"/api/images/{first['id']}/frames/1").headers["etag"])
    )
    assert header_of(product, f"{by_uids(first)}/metadata").InstanceNumber == 1
    assert header_of(product, f"/api/images/{second['id']}/metadata").InstanceNumber == 2
    listed = client.get(f"/api/dicomweb/studies/{first['study']['studyInstanceUid']}/metadata").json()
    assert len(listed) == 2, "both are told"
    assert client.delete(f"/api/images/{first['id']}").status_code == 204
    assert header_of(product, f"{by_uids(second)}/metadata").InstanceNumber == 2, "now it is the first"
    for path in ("metadata", "frames/1", "grey-scale"):
        assert client.get(f"/api/images/{first['id']}/{path}").status_code == 404


def test_plain_pictures_are_shown_by_their_picture(product: Product) -> None:
    image = ready(product, png_bytes(seed=51), "a.png")
    for path in ("metadata", "frames/1", "grey-scale"):
        answer = product.client().get(f"/api/images/{image['id']}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_rendition"), path
    assert "picture" in product.client().get(f"/api/images/{image['id']}/metadata").json()["detail"]
    shown = product.client().get(f"/api/images/{image['id']}/viewing").json()
    assert (shown["studyId"], shown["spacing"]["basis"], shown["spacing"]["label"]) == (None, "none", "pixels")
    assert [shown["links"][name] for name in ("frames", "metadata", "greyScale", "tags")] == [None] * 4
    assert product.client().get(shown["links"]["png"]).status_code == 200
    assert product.client("other").get(f"/api/images/{image['id']}/viewing").status_code == 404


async def test_what_is_not_ready_says_so_and_what_never_will_be_gives_its_reason(product: Product) -> None:
    image = mammogram(product, seed=52)
    paths = [f"/api/images/{image['id']}/{end}" for end in ("metadata", "frames/1", "grey-scale")]
    paths += [f"{by_uids(image)}/{end}" for end in ("metadata", "frames/1")]
    paths.append(f"/api/dicomweb/studies/{image['study']['studyInstanceUid']}/metadata")
    set_status = "UPDATE images SET status = $2, recipe_version = $3, reason_code = $4, reason = $4 WHERE id = $1"
    (row,) = await product.fetch("SELECT recipe_version FROM images WHERE id = $1", image["id"])
    for status, code, reason in (("pending", 409, None), ("processing", 409, None), ("rejected", 410, "truncated")):
        await product.fetch(set_status, image["id"], status, None, reason)
        await product.fetch("UPDATE renditions SET recipe_version = -1 WHERE image_id = $1", image["id"])
        for path in paths[:3] if status == "rejected" else paths:
            if path.endswith("grey-scale"):
                continue  # an older rendition of the kind is shown meanwhile
            answer = product.client().get(path)
            assert answer.status_code == code, (path, answer.text)
            assert answer.json()["code"] == ("not_ready" if code == 409 else "truncated")
            assert ("retry-after" in answer.headers) == (code == 409)
    await product.fetch("UPDATE renditions SET recipe_version = $2 WHERE image_id = $1", image["id"], row[0])
    await product.fetch(set_status, image["id"], "ready", row[0], None)
    assert product.client().get(paths[1]).status_code == 200


def test_answers_are_json_in_the_order_of_tags(product: Product) -> None:
    image = mammogram(product, seed=73)
    (model,) = json.loads(product.client().get(f"/api/images/{image['id']}/metadata").content)
    assert list(model) == sorted(model)
    assert not [tag for tag in model if tag.startswith(("0002", "7FE0"))]
