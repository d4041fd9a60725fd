"""The 16-bit PNG: modality values, or samples whose pCAL chunk leads to them."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unit.dicom.builders import image_dataset, lut_item, sequence
from unit.imaging import standard
from unit.imaging.rendering import png_chunks, rejection, rendered
from unit.imaging.test_display import depths, described, every_word, stored_values

settings.register_profile("grey16", max_examples=60, deadline=None, derandomize=True)


def samples_and_calibration(ds) -> tuple[list[int], bytes]:
    with rendered(ds, "png16") as found:
        content = found.bytes_of("png16")
        read = found.picture("png16")
        assert read.dtype == np.uint16
        # Three readers that do not know of pCAL see the same samples.
        assert (np.asarray(Image.open(BytesIO(content))) == read).all()
        assert (imagecodecs.png_decode(content) == read).all()
        chunks = png_chunks(content)
        assert [kind for kind, _ in chunks][:2] == [b"IHDR", b"pCAL"]
        return read.reshape(-1).tolist(), chunks[1][1]


@settings(settings.get_profile("grey16"))
@given(
    depth=depths(),
    slope=st.sampled_from([1, 2, 0.5, -1, -0.25, 3, 0.1, 1e-7, 65_536, -12.75]),
    intercept=st.sampled_from([0, 1, -1, 1024, -1024.5, 1e6, 0.3]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
)
def test_every_sample_stands_for_the_modality_value_of_its_pixel(depth, slope, intercept, photometric):
    words = every_word(depth)
    ds = image_dataset(
        words, RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="OD", WindowCenter=1, WindowWidth=5,
        PhotometricInterpretation=photometric, **described(depth)
    )  # fmt: skip
    samples, calibration = samples_and_calibration(ds)
    values = [value * Fraction(str(slope)) + Fraction(str(intercept)) for value in stored_values(words, depth)]
    if all(value.denominator == 1 and 0 <= value <= 65_535 for value in values):
        assert samples == values
    assert len(set(samples)) == len(set(values))  # nothing is lost
    for sample, value in zip(samples, values, strict=True):
        found, unit = standard.physical_value(sample, calibration)
        assert found == pytest.approx(float(value), rel=1e-12, abs=1e-12 * (abs(intercept) + 1))
        assert unit == "OD"


@pytest.mark.parametrize("intercept", [0, 7])
@pytest.mark.parametrize("signed", [False, True])
def test_all_65536_words_survive(signed, intercept):
    words = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    ds = image_dataset(words, PixelRepresentation=int(signed), RescaleSlope=1, RescaleIntercept=intercept)
    samples, calibration = samples_and_calibration(ds)
    stored = words.view(np.int16) if signed else words
    for sample, value in list(zip(samples, stored.reshape(-1).tolist(), strict=True))[::97]:
        assert standard.physical_value(sample, calibration)[0] == value + intercept
    assert sorted(samples) == list(range(65_536))


def test_a_modality_lut_gives_its_own_numbers_and_padding_stays_as_it_is():
    words = np.arange(16, dtype=np.uint16).reshape(4, 4)
    entries = [60_000 - 4_000 * index for index in range(16)]
    ds = image_dataset(words, ModalityLUTSequence=sequence(lut_item(entries, 0, 16)), PixelPaddingValue=3)
    assert samples_and_calibration(ds)[0] == entries


def test_neither_voi_nor_inversion_is_in_it():
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    ds = image_dataset(words, PhotometricInterpretation="MONOCHROME1", WindowCenter=10, WindowWidth=2)
    assert samples_and_calibration(ds)[0] == list(range(256))


def test_a_hostile_unit_stays_within_its_field():
    words = np.arange(16, dtype=np.uint16).reshape(4, 4)
    ds = image_dataset(words, RescaleSlope=1, RescaleIntercept=0, RescaleType="H\0U\0\u4e2d" + "x" * 300)
    _, calibration = samples_and_calibration(ds)
    _, unit = standard.physical_value(1, calibration)
    assert "\0" not in unit and len(unit) <= 64


def test_colour_has_none_and_says_so():
    ds = image_dataset(np.zeros((4, 4, 3), np.uint8))
    assert rejection(ds, "png16").code == "no_such_rendition"
    assert rejection(ds, "png8", "png16").code == "no_such_rendition"


def test_a_deep_plain_picture_gives_its_own_samples(tmp_path):
    values = (np.arange(60 * 80, dtype=np.uint32).reshape(60, 80) * 13).astype(np.uint16)
    for file_type in ("png", "tiff"):
        path = tmp_path / f"a.{file_type}"
        Image.fromarray(values).save(path)
        with rendered(str(path), "png16", file_type=file_type) as found:
            assert (found.picture("png16") == values).all()
    Image.new("RGB", (4, 4)).save(Path(tmp_path) / "b.png")
    assert rejection(str(tmp_path / "b.png"), "png16", file_type="png").code == "no_such_rendition"
