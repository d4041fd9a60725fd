"""Whatever combination is asked for: the file holds the words, and its padding and LUTs fit them."""

from __future__ import annotations

import io

import numpy as np
import pydicom
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mammogram_viewer.dicom.syntaxes import EXPLICIT_BIG_ENDIAN, EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN
from mammogram_viewer.synthetic.anatomy import MODIFIER_CODES, VIEW_CODES
from mammogram_viewer.synthetic.grey_scale import VOI_KINDS, modality_output
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram, stored_words
from mammogram_viewer.synthetic.phantom import NOISY_AIR, breast_phantom

MAMMOGRAMS = st.builds(
    SyntheticMammogram,
    seed=st.integers(0, 2**31),
    laterality=st.sampled_from("RL"),
    view=st.sampled_from(sorted(VIEW_CODES)),
    rows=st.integers(16, 48),
    columns=st.integers(16, 48),
    transfer_syntax_uid=st.sampled_from([IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN]),
    photometric_interpretation=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    bits_stored=st.sampled_from([8, 10, 12, 13, 14, 16]),
    signed=st.booleans(),
    rescale_slope=st.sampled_from([1, 0.25, 0.5]),
    rescale_intercept=st.sampled_from([0, -1024, 100]),
    modality_lut=st.booleans(),
    voi=st.sampled_from(sorted(VOI_KINDS)),
    lut_data_ow=st.booleans(),
    padding_range=st.booleans(),
    for_processing=st.booleans(),
    view_modifiers=st.lists(st.sampled_from(sorted(MODIFIER_CODES)), max_size=2, unique=True).map(tuple),
    implant=st.booleans(),
    partial_view=st.booleans(),
    overlays=st.integers(0, 2),
)


def read_back(wanted: SyntheticMammogram) -> pydicom.Dataset:
    buffer = io.BytesIO()
    build_mammogram(wanted).save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


@settings(max_examples=60, deadline=None)
@given(wanted=MAMMOGRAMS)
def test_the_file_holds_the_words(wanted):
    words = stored_words(wanted)
    assert np.array_equal(read_back(wanted).pixel_array, words)
    assert words.min() >= wanted.offset
    assert words.max() <= wanted.offset + wanted.largest


@settings(max_examples=60, deadline=None)
@given(wanted=MAMMOGRAMS)
def test_every_lut_begins_below_and_ends_above_what_goes_into_it(wanted):
    header = read_back(wanted)
    lowest, highest = wanted.offset, wanted.offset + wanted.largest
    ends = modality_output(wanted, np.array([lowest, highest]))
    for item in header.get("VOILUTSequence", []):
        entries, first, bits = item.LUTDescriptor
        entries = entries or 65536
        assert first <= ends.min()
        assert first + entries - 1 >= ends.max()
        curve = _lut_data(item, header)
        assert len(curve) == entries
        assert curve.max() < 1 << bits
        assert (np.diff(curve) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(wanted=MAMMOGRAMS)
@example(wanted=SyntheticMammogram(rows=16, columns=16, padding_range=True, for_processing=True))
def test_padding_is_the_air_and_nothing_else(wanted):
    header = read_back(wanted)
    ends = sorted([header.PixelPaddingValue, header.get("PixelPaddingRangeLimit", header.PixelPaddingValue)])
    words = stored_words(wanted).astype(int)
    padded = (words >= ends[0]) & (words <= ends[1])
    if not (wanted.view_modifiers or wanted.partial_view or wanted.implant):
        air = breast_phantom(
            wanted.seed, wanted.laterality, wanted.view, wanted.rows, wanted.columns, noisy_air=wanted.padding_range
        )
        assert np.array_equal(padded, air <= NOISY_AIR)


def _lut_data(item: pydicom.Dataset, header: pydicom.Dataset) -> np.ndarray:
    if isinstance(item.LUTData, bytes):
        big = header.file_meta.TransferSyntaxUID == EXPLICIT_BIG_ENDIAN
        return np.frombuffer(item.LUTData, ">u2" if big else "<u2").astype(int)
    return np.asarray(item.LUTData, int)
