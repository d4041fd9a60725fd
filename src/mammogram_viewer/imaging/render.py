"""From one original to its renditions: the whole job of the disposable child, file in, files out.

Expected trouble comes back as `Rejected` with a code of `foundation/reasons.py`; what escapes as an exception
or a crash is the decoder's or ours, and the caller judges it. Safe to repeat: the same original and order give the
same bytes."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from mammogram_viewer.dicom.extract import image_header
from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.reader import DicomObject, open_object
from mammogram_viewer.dicom.tags import tags_json
from mammogram_viewer.foundation.reasons import REASONS, Refused
from mammogram_viewer.imaging.files import OutputFolder, RenderedFile
from mammogram_viewer.imaging.grey16 import Grey16
from mammogram_viewer.imaging.object_renderer import ObjectRenderer
from mammogram_viewer.imaging.order import RECIPE_VERSION, RenderOrder
from mammogram_viewer.imaging.picture import read_picture

__all__ = ["RECIPE_VERSION", "Rejected", "RenderLimits", "Rendered", "RenderedFile", "render_original"]

UPLOAD = RenderOrder()
# Several children share few cores, so what counts is the time of processors, and threads only add to it.
cv2.setNumThreads(1)


@dataclass(frozen=True)
class Rendered:
    """All renditions that were ordered of one original, and what its header tells."""

    files: tuple[RenderedFile, ...]
    header: ImageHeader


@dataclass(frozen=True)
class Rejected:
    """The original cannot be shown, or not as ordered (codes no_such_…).

    `header` is what could be read of it, so that it can be filed all the same."""

    code: str
    detail: str
    header: ImageHeader | None = None


def _nothing() -> None:
    pass


def render_original(
    source: str,
    output_folder: str,
    file_type: str,
    limits: RenderLimits,
    order: RenderOrder = UPLOAD,
    when_many_frames: Callable[[], None] = _nothing,
) -> Rendered | Rejected:
    """Render the file at `source` ('dicom', 'png', 'jpeg' or 'tiff') into `output_folder` as `order` says.

    Plain pictures have neither tags nor htj2k, and dose reports have tags only: what the order of every upload names
    beyond that is passed over. A kind that can never be, such as png16 of a colour image, is rejected.
    `when_many_frames` is called before decoding, once the header says that there is more than one."""
    # Libraries warn about what we judge ourselves; their texts may quote patient data.
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        output = OutputFolder(Path(output_folder), order)
        try:
            if file_type == "dicom":
                header = _render_dicom(source, output, limits, when_many_frames)
            else:
                header = _render_picture(source, file_type, output, limits)
            if not output.files:
                raise Refused("no_such_rendition", header=header)
        except Refused as refused:
            return Rejected(code=refused.code, detail=refused.detail, header=refused.header)
        except MemoryError:
            return Rejected(code="out_of_memory", detail=REASONS["out_of_memory"])
        return Rendered(tuple(output.files), header)


def _render_picture(source: str, file_type: str, output: OutputFolder, limits: RenderLimits) -> ImageHeader:
    order = output.order
    picture = read_picture(source, file_type, limits)
    if order.voi is not None:
        raise Refused("no_such_voi", header=picture.header)
    if order.frame not in (None, 1):
        raise Refused("no_such_frame", header=picture.header)
    if "png16" in order.kinds:
        if picture.samples is None:
            raise Refused("no_such_rendition", "the picture is in colour", header=picture.header)
        words = 1 << 8 * picture.samples.dtype.itemsize
        output.write_png16(picture.samples, Grey16(np.arange(words, dtype=np.uint16), 0.0, 1.0, ""))
    output.write_shown(picture.shown)
    return picture.header


def _render_dicom(
    source: str, output: OutputFolder, limits: RenderLimits, when_many_frames: Callable[[], None]
) -> ImageHeader:
    with open_object(source, str(output.path), limits) as found:
        header = image_header(found)
        if header.object_kind == "image" and output.order.kinds != ("tags",):
            header = _render_image(found, output, limits, header, when_many_frames)
        if "tags" in output.order.kinds:
            output.write_tags(tags_json(found, limits))
        return header


def _render_image(
    found: DicomObject,
    output: OutputFolder,
    limits: RenderLimits,
    header: ImageHeader,
    when_many_frames: Callable[[], None],
) -> ImageHeader:
    try:
        renderer = ObjectRenderer(found, output, limits, when_many_frames)
        renderer.render()
    except Refused as refused:
        refused.header = header
        raise
    except MemoryError as trouble:
        raise Refused("out_of_memory", header=header) from trouble
    return replace(
        header,
        voi_source=renderer.voi_source,
        voi_candidates=renderer.voi_candidates,
        has_overlays=bool(renderer.overlays),
        warnings=tuple(dict.fromkeys((*header.warnings, *renderer.doubts))),
    )
