"""What one order makes: kinds, frames, names, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import UID

from mammogram_viewer.imaging.order import UPLOAD_KINDS, RenderOrder
from mammogram_viewer.imaging.render import RECIPE_VERSION, Rendered, RenderLimits, render_original
from unit.dicom.builders import image_dataset, item, sequence, write
from unit.imaging.rendering import rejection, rendered

WORDS = np.arange(256, dtype=np.uint8).reshape(16, 16)


def three_frames():
    """Frames that are 50, 100 and 150 everywhere, shown as they are."""
    ds = image_dataset(np.zeros((8, 8), np.uint8), WindowCenter=128, WindowWidth=256)
    ds.NumberOfFrames = 3
    ds.PixelData = b"".join(bytes([grey]) * 64 for grey in (50, 100, 150))
    return ds


def test_an_upload_gets_all_its_kinds_from_one_call_and_the_same_ones_again(tmp_path):
    source = write(tmp_path / "a.dcm", image_dataset(WORDS, WindowCenter=128, WindowWidth=256))
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        found = render_original(source, str(folder), "dicom", RenderLimits())
        assert isinstance(found, Rendered)
        assert {file.kind for file in found.files} == set(UPLOAD_KINDS)
        assert {path.name for path in folder.iterdir()} == {file.file_name for file in found.files}
        for file in found.files:
            path = folder / file.file_name
            assert path.stat().st_size == file.byte_count
            assert file.file_name == Path(file.file_name).name
        contents.append([(folder / file.file_name).read_bytes() for file in found.files])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("kind", ["png8", "png16", "thumbnail512", "thumbnail256", "htj2k", "greyscale", "tags"])
def test_an_order_makes_nothing_but_what_it_names(kind):
    with rendered(image_dataset(WORDS, WindowCenter=128, WindowWidth=256), kind) as found:
        assert set(found.files) == {kind}
        assert (found.files[kind].frame_offsets is not None) == (kind == "htj2k")


def test_a_frame_is_counted_from_one_and_the_middle_one_stands_for_all():
    ds = three_frames()
    for frame, grey in ((1, 50), (2, 100), (3, 150), (None, 100)):
        suffix = f".frame-{frame}" if frame else ""
        with rendered(ds, "png8", "png16", "thumbnail256", frame=frame) as found:
            assert (found.picture(f"png8{suffix}") == grey).all()
            assert (found.picture(f"png16{suffix}") == grey).all()
            assert np.abs(found.picture(f"thumbnail256{suffix}").astype(int) - grey).max() <= 2


@pytest.mark.parametrize("frame", [0, -1, 4, 10**9])
def test_a_frame_that_is_not_there_is_rejected_as_such(frame):
    found = rejection(three_frames(), frame=frame)
    assert found.code == "no_such_frame"
    assert found.header is not None and found.header.number_of_frames == 3


def test_rescale_and_windows_are_those_of_the_frame():
    ds = three_frames()
    ds.PerFrameFunctionalGroupsSequence = sequence(
        *(
            item(
                PixelValueTransformationSequence=sequence(item(RescaleSlope=slope, RescaleIntercept=slope)),
                FrameVOILUTSequence=sequence(item(WindowCenter=128 * slope, WindowWidth=256)),
            )
            for slope in (1, 2, 3)
        )
    )
    with rendered(ds, "png16", "png8", frame=3) as found:
        assert (found.picture("png16.frame-3") == 150 * 3 + 3).all()
        assert (found.picture("png8.frame-3") == 150 * 3 + 3 - 128 * 3 + 128).all()


def test_tags_alone_need_no_pixels():
    ds = image_dataset(WORDS)
    ds.PixelData = b""
    with rendered(ds, "tags") as found:
        assert json.loads(found.bytes_of("tags"))["00280010"]["Value"] == [16]


def dose_report():
    ds = image_dataset(WORDS)
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel"):
        delattr(ds, keyword)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.88.67")
    ds.Modality = "SR"
    return ds


def test_a_dose_report_has_tags_and_no_picture():
    with rendered(dose_report(), *UPLOAD_KINDS) as found:
        assert set(found.files) == {"tags"}
        assert found.header.object_kind == "dose_report"
        assert found.header.voi_source is None
    assert rejection(dose_report(), "png8").code == "no_such_rendition"


def test_a_plain_picture_has_neither_tags_nor_codestream_nor_grey_scales(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(WORDS).save(path)
    with rendered(str(path), *UPLOAD_KINDS, file_type="png") as found:
        assert set(found.files) == {"png8", "thumbnail512", "thumbnail256"}
    assert rejection(str(path), "htj2k", file_type="png").code == "no_such_rendition"
    assert rejection(str(path), voi="window-1", file_type="png").code == "no_such_voi"
    assert rejection(str(path), frame=2, file_type="png").code == "no_such_frame"


def test_names_of_renditions_tell_the_choices_that_matter_to_them():
    order = RenderOrder(voi="window-2", frame=3, overlays=True)
    assert order.kind("png8") == "png8.voi-window-2.frame-3.overlays"
    assert order.kind("png16") == "png16.frame-3"
    assert order.kind("htj2k") == "htj2k"
    assert order.kind("greyscale") == "greyscale"
    assert RECIPE_VERSION == 3
