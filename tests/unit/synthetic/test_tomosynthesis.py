"""Synthetic tomosynthesis: frames in order, each like its neighbours and no two alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN, JPEG_LS_LOSSLESS, RLE_LOSSLESS
from mammogram_viewer.synthetic.phantom import AIR
from mammogram_viewer.synthetic.tomosynthesis import (
    SyntheticTomosynthesis,
    build_tomosynthesis,
    slices,
    write_tomosynthesis,
)

SMALL = SyntheticTomosynthesis(rows=64, columns=48, frames=5)


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE_ENDIAN, RLE_LOSSLESS])
def test_pydicom_reads_the_same_frames(syntax, tmp_path):
    wanted = replace(SMALL, transfer_syntax_uid=syntax)
    read = pydicom.dcmread(write_tomosynthesis(tmp_path / "a.dcm", wanted)).pixel_array
    assert np.array_equal(read, np.stack(list(slices(wanted))))


def test_frames_differ_and_share_their_air():
    frames = np.stack(list(slices(SMALL)))
    assert frames.shape == (5, 64, 48)
    assert frames.dtype == np.uint16
    assert len({frame.tobytes() for frame in frames}) == 5
    assert ((frames == AIR) == (frames[0] == AIR)).all()
    assert frames.max() < 4096


def test_every_frame_has_its_groups_and_its_place():
    header = build_tomosynthesis(replace(SMALL, transfer_syntax_uid=JPEG_LS_LOSSLESS, voi_per_frame=True))
    groups = header.PerFrameFunctionalGroupsSequence
    assert len(groups) == header.NumberOfFrames == 5
    heights = [group.PlanePositionSequence[0].ImagePositionPatient[2] for group in groups]
    assert np.diff(heights).tolist() == [-1.0] * 4
    assert len({group.FrameVOILUTSequence[0].WindowWidth[0] for group in groups}) == 5
    shared = header.SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.1, 0.1]
    assert shared.FrameAnatomySequence[0].FrameLaterality == "R"


def test_sixty_frames_are_the_rule():
    assert SyntheticTomosynthesis().frames == 60
