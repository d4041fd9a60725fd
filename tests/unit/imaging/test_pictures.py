"""Plain pictures: upright, over black, scaled, bounded, and without what they carried along."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from mammogram_viewer.imaging.png import encode_png
from mammogram_viewer.imaging.render import Rejected, Rendered, RenderLimits, render_original

GREY = np.arange(60 * 80, dtype=np.uint32).reshape(60, 80)


def answer(path, file_type: str, limits: RenderLimits | None = None) -> Rendered | Rejected:
    started = time.monotonic()
    found = render_original(str(path), str(path.parent), file_type, limits or RenderLimits())
    assert time.monotonic() - started < 2
    return found


def shown(path, file_type: str) -> tuple[np.ndarray, Rendered]:
    found = answer(path, file_type)
    assert isinstance(found, Rendered), found
    assert [file.kind for file in found.files] == ["png8", "thumbnail512", "thumbnail256"]
    return np.asarray(Image.open(path.parent / "png8.png")), found


@pytest.mark.parametrize("file_type", ["png", "tiff"])
@pytest.mark.parametrize(("most", "bits"), [(1000, 10), (4095, 12), (60_000, 16)])
def test_deep_grey_is_scaled_by_the_least_bits_that_hold_it(file_type, most, bits, tmp_path):
    values = (GREY * most // GREY.max()).astype(np.uint16)
    path = tmp_path / f"a.{file_type}"
    Image.fromarray(values).save(path)
    picture, found = shown(path, file_type)
    expected = np.floor(values * (255 / ((1 << bits) - 1)) + 0.5)
    assert (picture == expected).all()
    assert (found.header.voi_source, found.header.bits_stored) == ("full_range", bits)


def test_a_tiff_whose_zero_is_white_is_turned(tmp_path):
    values = (GREY % 4096).astype(np.uint16)
    path = tmp_path / "a.tiff"
    Image.fromarray(values).save(path, tiffinfo={262: 0})
    picture, _ = shown(path, "tiff")
    reference = np.floor((4095 - values.astype(int)) * (255 / 4095) + 0.5)
    assert np.abs(picture - reference).max() <= 1


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected_at_every_depth(orientation, deep, tmp_path):
    values = (GREY % 251).astype(np.uint16 if deep else np.uint8)
    source = Image.fromarray(values)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    source.save(path, exif=exif)
    picture, found = shown(path, "png")
    turns = {
        1: values, 2: values[:, ::-1], 3: values[::-1, ::-1], 4: values[::-1],
        5: values.T, 6: np.rot90(values, -1), 7: values[::-1, ::-1].T, 8: np.rot90(values),
    }  # fmt: skip
    assert (picture == turns[orientation]).all()
    assert (found.header.rows, found.header.columns) == picture.shape


def test_transparency_lies_over_black(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[:2, :, 3] = 255
    rgba[2, :, 3] = 128
    Image.fromarray(rgba).save(tmp_path / "a.png")
    picture, found = shown(tmp_path / "a.png", "png")
    assert picture[0, 0].tolist() == [200, 0, 0]
    assert abs(int(picture[2, 0, 0]) - 100) <= 1
    assert picture[3].max() == 0
    assert found.header.photometric_interpretation == "RGB"


def test_a_colour_profile_is_applied_and_a_broken_one_left_out_with_a_warning(tmp_path):
    red = Image.new("RGB", (8, 8), (200, 60, 50))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red.save(tmp_path / "a.png", icc_profile=lab)
    picture, found = shown(tmp_path / "a.png", "png")
    assert np.abs(picture[0, 0].astype(int) - (200, 60, 50)).max() <= 2
    assert found.header.warnings == ()
    red.save(tmp_path / "a.png", icc_profile=b"no profile")
    _, found = shown(tmp_path / "a.png", "png")
    assert found.header.warnings == ("unusable_colour_profile",)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "CMYK"])
def test_common_modes_are_shown(mode, tmp_path):
    picture = Image.fromarray((GREY % 256).astype(np.uint8)).convert(mode)
    file_type = "tiff" if mode == "CMYK" else "png"
    picture.save(tmp_path / "a.x", file_type)
    _, found = shown(tmp_path / "a.x", file_type)
    assert (found.header.rows, found.header.columns) == (60, 80)


def test_what_a_jpeg_carried_along_is_gone(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "canary-name"
    Image.new("L", (600, 900), 90).save(tmp_path / "a.jpg", exif=exif, comment=b"canary-name")
    _, found = shown(tmp_path / "a.jpg", "jpeg")
    for file in found.files:
        assert b"canary" not in (tmp_path / file.file_name).read_bytes()
    assert [(file.width, file.height) for file in found.files] == [(600, 900), (341, 512), (171, 256)]


def _png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def test_a_small_file_that_claims_a_huge_picture_is_refused_by_its_header(tmp_path):
    (tmp_path / "a.png").write_bytes(_png_of(65_500, 65_500))
    jpeg = io.BytesIO()
    Image.new("L", (16, 16)).save(jpeg, "JPEG")
    start = jpeg.getvalue().index(b"\xff\xc0") + 5
    huge = jpeg.getvalue()[:start] + struct.pack(">HH", 65_500, 65_500) + jpeg.getvalue()[start + 4 :]
    (tmp_path / "a.jpg").write_bytes(huge)
    for name, file_type in (("a.png", "png"), ("a.jpg", "jpeg")):
        found = answer(tmp_path / name, file_type)
        assert isinstance(found, Rejected)
        assert found.code == "over_megapixels"


@pytest.mark.parametrize("file_type", ["png", "jpeg", "tiff"])
def test_damaged_pictures_are_broken_not_half_shown(file_type, tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8))
    path = tmp_path / "a.x"
    picture.save(path, file_type)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:20], b"", b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 50):
        path.write_bytes(content)
        found = answer(path, file_type)
        assert isinstance(found, Rejected), content[:20]
        assert found.code == "picture_broken"


def test_another_kind_than_the_sniffed_one_is_not_opened(tmp_path):
    (tmp_path / "a.x").write_bytes(encode_png(np.zeros((4, 4), np.uint8)))
    found = answer(tmp_path / "a.x", "jpeg")
    assert isinstance(found, Rejected)
    assert found.code == "picture_broken"


def test_floating_point_tiffs_are_refused(tmp_path):
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tiff")
    found = answer(tmp_path / "a.tiff", "tiff")
    assert isinstance(found, Rejected)
    assert found.code == "picture_unsupported"


def test_mutated_pictures_never_raise(tmp_path):
    random = np.random.default_rng(4)
    source = Image.fromarray(random.integers(0, 256, (30, 30), np.uint8))
    for file_type in ("png", "jpeg", "tiff"):
        path = tmp_path / "a.x"
        source.save(path, file_type)
        whole = path.read_bytes()
        for _ in range(60):
            mutant = bytearray(whole)
            for position in random.integers(0, len(whole), 3):
                mutant[position] = random.integers(256)
            path.write_bytes(mutant)
            assert isinstance(answer(path, file_type), Rendered | Rejected)
