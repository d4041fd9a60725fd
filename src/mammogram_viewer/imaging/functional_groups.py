"""Functional group macros of enhanced multi-frame objects (PS3.3 C.7.6.16)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values


def frame_group(dataset: Dataset, keyword: str, frame_index: int) -> Dataset | None:
    """The macro `keyword` of this frame (from 0), else the one shared by all; None where there is neither."""
    per_frame = values.items(dataset, "PerFrameFunctionalGroupsSequence")[frame_index : frame_index + 1]
    for group in (*per_frame, *values.items(dataset, "SharedFunctionalGroupsSequence")[:1]):
        for item in values.items(group, keyword)[:1]:
            return item
    return None
