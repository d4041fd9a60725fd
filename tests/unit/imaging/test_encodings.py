"""Every encoding that we say we read gives back the words that went in."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from mammogram_viewer.dicom.frames import read_frame
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.pixels import describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.dicom.syntaxes import JPEG_2000_LOSSLESS, JPEG_BASELINE, JPEG_LS_LOSSLESS, RLE_LOSSLESS
from mammogram_viewer.imaging.decode import decode_frame
from mammogram_viewer.imaging.render import Rejected, Rendered, render_original
from mammogram_viewer.synthetic.encode import LOSSY, encode_frame
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, stored_words, write_mammogram
from unit.dicom.builders import BIG_ENDIAN, WRITTEN_SYNTAXES, image_dataset, write, write_deflated_frame


def decoded(source: str, folder: str, index: int = 0) -> np.ndarray:
    with open_object(source, folder, RenderLimits()) as found:
        pixels = describe_pixels(found, RenderLimits())
        return decode_frame(read_frame(found, pixels, index, []), pixels, found.syntax)


@pytest.mark.parametrize("uid", WRITTEN_SYNTAXES)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_each_encoding_gives_back_its_words(uid, photometric, tmp_path):
    wanted = SyntheticMammogram(transfer_syntax_uid=uid, photometric_interpretation=photometric, rows=131, columns=103)
    source = write_mammogram(tmp_path / "image.dcm", wanted)
    words = decoded(str(source), str(tmp_path))
    difference = np.abs(words.astype(int) - stored_words(wanted))
    assert difference.max() <= ({JPEG_BASELINE: 12}.get(uid, 60) if uid in LOSSY else 0)
    rendered = render_original(str(source), str(tmp_path), "dicom", RenderLimits())
    assert isinstance(rendered, Rendered), rendered
    assert rendered.header.voi_source == "window"


def test_a_deflated_frame_gives_back_its_words(tmp_path):
    for shape, dtype in (((40, 30), np.uint16), ((7, 9), np.uint8)):
        words = np.random.default_rng(1).integers(0, 200, shape).astype(dtype)
        assert (decoded(write_deflated_frame(tmp_path / "a.dcm", words), str(tmp_path)) == words).all()


def test_signed_pixels_survive_jpeg_2000(tmp_path):
    values = (np.arange(64 * 48).reshape(64, 48) % 4096 - 2048).astype(np.int16)
    frame = imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k", reversible=True, bitspersample=12)
    ds = image_dataset(
        values, transfer_syntax_uid=JPEG_2000_LOSSLESS, frames=[frame], BitsStored=12, PixelRepresentation=1
    )
    words = decoded(write(tmp_path / "image.dcm", ds), str(tmp_path))
    assert (words.view(np.int16) == values).all()


def test_each_frame_of_a_multi_frame_object_is_found_by_fragment_offset_table_and_start_marker(tmp_path):
    stack = [np.full((20, 16), value, np.uint16) for value in (10, 20, 30)]
    frames = [bytes(encode_frame(frame, 12, JPEG_LS_LOSSLESS)) for frame in stack]
    for has_table in (True, False):
        for per_frame in (1, 2):
            ds = image_dataset(stack[0], transfer_syntax_uid=JPEG_LS_LOSSLESS, frames=frames, BitsStored=12)
            ds.NumberOfFrames = 3
            from pydicom.encaps import encapsulate

            ds.PixelData = encapsulate(frames, fragments_per_frame=per_frame, has_bot=has_table)
            source = write(tmp_path / "image.dcm", ds)
            for index, frame in enumerate(stack):
                assert (decoded(source, str(tmp_path), index) == frame).all()


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_is_shown_as_stored_in_both_planar_configurations(planar, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8)
    ds = image_dataset(rgb, PlanarConfiguration=planar)
    ds.PixelData = (np.moveaxis(rgb, -1, 0) if planar else rgb).tobytes()
    assert (decoded(write(tmp_path / "image.dcm", ds), str(tmp_path)) == rgb).all()


def test_ybr_is_shown_as_rgb_natively_subsampled_and_in_jpeg(tmp_path):
    red = np.zeros((8, 8, 3), np.uint8)
    red[:] = (200, 40, 30)
    ybr = np.zeros((8, 8, 3), np.uint8)
    ybr[:] = (0.299 * 200 + 0.587 * 40 + 0.114 * 30, 128 + 0.5 * (30 - 86.7) / 0.886, 128 + 0.5 * (200 - 86.7) / 0.701)
    full = image_dataset(ybr, PhotometricInterpretation="YBR_FULL")
    half = image_dataset(ybr, PhotometricInterpretation="YBR_FULL_422")
    half.PixelData = bytes([ybr[0, 0, 0], ybr[0, 0, 0], ybr[0, 0, 1], ybr[0, 0, 2]]) * 32
    jpeg = imagecodecs.jpeg8_encode(red, 95, subsampling="422")
    baseline = image_dataset(
        red, transfer_syntax_uid=JPEG_BASELINE, frames=[jpeg], PhotometricInterpretation="YBR_FULL_422"
    )
    for ds in (full, half, baseline):
        words = decoded(write(tmp_path / "image.dcm", ds), str(tmp_path))
        assert np.abs(words.astype(int) - red).max() <= 3


def test_palette_colours_are_looked_up(tmp_path):
    codes = np.arange(4, dtype=np.uint8).reshape(2, 2)
    ds = image_dataset(codes, PhotometricInterpretation="PALETTE COLOR")
    colours = {"Red": [0, 65535, 0, 257 * 10], "Green": [0, 0, 65535, 257 * 20], "Blue": [0, 0, 0, 257 * 30]}
    for name, entries in colours.items():
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", np.array(entries, "<u2").tobytes())
    rendered = render_original(write(tmp_path / "image.dcm", ds), str(tmp_path), "dicom", RenderLimits())
    assert isinstance(rendered, Rendered), rendered
    from PIL import Image

    shown = np.asarray(Image.open(tmp_path / "png8.png")).reshape(-1, 3).tolist()
    assert shown == [[0, 0, 0], [255, 0, 0], [0, 255, 0], [10, 20, 30]]


def test_rle_segments_that_do_not_fill_the_frame_are_refused(tmp_path):
    words = np.arange(400, dtype=np.uint16).reshape(20, 20)
    short = bytes(encode_frame(words[:19], 12, RLE_LOSSLESS))
    ds = image_dataset(words, transfer_syntax_uid=RLE_LOSSLESS, frames=[short])
    answer = render_original(write(tmp_path / "image.dcm", ds), str(tmp_path), "dicom", RenderLimits())
    assert isinstance(answer, Rejected)
    assert answer.code == "codestream_mismatch"


def test_bytes_in_big_endian_words_are_put_in_order_in_every_frame(tmp_path):
    stack = np.random.default_rng(6).integers(0, 256, (3, 5, 7), np.uint8)  # frames of odd length
    ds = image_dataset(stack[0], transfer_syntax_uid=BIG_ENDIAN)
    ds.NumberOfFrames = 3
    ds.PixelData = np.frombuffer(stack.tobytes() + b"\0", "<u2").astype(">u2").tobytes()
    ds["PixelData"].VR = "OW"
    source = write(tmp_path / "a.dcm", ds)
    for index, frame in enumerate(stack):
        assert (decoded(source, str(tmp_path), index) == frame).all()


def test_a_jpeg_that_says_its_colour_space_is_believed_over_the_header(tmp_path):
    red = np.zeros((8, 8, 3), np.uint8)
    red[:] = (200, 40, 30)
    jfif = imagecodecs.jpeg8_encode(red, 95)
    assert b"JFIF" in jfif
    ds = image_dataset(red, transfer_syntax_uid=JPEG_BASELINE, frames=[jfif], PhotometricInterpretation="RGB")
    words = decoded(write(tmp_path / "a.dcm", ds), str(tmp_path))
    assert np.abs(words.astype(int) - red).max() <= 3
