"""One small file of every kind that this package makes, by name: for tests that ask something of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydicom.dataset import FileDataset

from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    SYNTAXES,
)
from mammogram_viewer.synthetic.dose_report import SyntheticDoseReport, build_dose_report
from mammogram_viewer.synthetic.encode import EIGHT_BIT
from mammogram_viewer.synthetic.mammogram import SCREENING_VIEWS, build_mammogram
from mammogram_viewer.synthetic.secondary_capture import CaptureKind, SyntheticCapture, build_capture
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis
from mammogram_viewer.synthetic.wanted import SyntheticMammogram

_MAMMOGRAM = SyntheticMammogram(rows=64, columns=48)
_TOMOSYNTHESIS = SyntheticTomosynthesis(rows=64, columns=48, frames=3)
Wanted = SyntheticMammogram | SyntheticTomosynthesis | SyntheticCapture | SyntheticDoseReport


def sheet() -> dict[str, Wanted]:
    """Every kind: mammograms, tomosynthesis, secondary captures, a dose report."""
    return {
        **dict(_encodings()),
        **dict(_grey_scales()),
        **dict(_header_variants()),
        **dict(_tomosyntheses()),
        **dict(_captures()),
        "dose report": SyntheticDoseReport(seed=1),
    }


def build(wanted: Wanted) -> FileDataset:
    """The data set of any kind, with its file meta group."""
    match wanted:
        case SyntheticMammogram():
            return build_mammogram(wanted)
        case SyntheticTomosynthesis():
            return build_tomosynthesis(wanted)
        case SyntheticCapture():
            return build_capture(wanted)
        case SyntheticDoseReport():
            return build_dose_report(wanted)


def _encodings() -> Iterator[tuple[str, SyntheticMammogram]]:
    for uid in SYNTAXES:
        yield f"syntax {uid}", replace(_MAMMOGRAM, transfer_syntax_uid=uid)
        if uid not in EIGHT_BIT:
            yield f"syntax {uid} signed", replace(_MAMMOGRAM, transfer_syntax_uid=uid, signed=True)


def _grey_scales() -> Iterator[tuple[str, SyntheticMammogram]]:
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        one = replace(_MAMMOGRAM, photometric_interpretation=photometric)
        for voi in ("linear", "linear_exact", "sigmoid", "lut", "several"):
            yield f"{photometric} {voi}", replace(one, voi=voi)
        yield f"{photometric} for processing", replace(one, for_processing=True)
        yield f"{photometric} padding range", replace(one, padding_range=True)
        yield f"{photometric} signed", replace(one, signed=True, voi="several", padding_range=True)
        yield f"{photometric} rescaled", replace(one, rescale_slope=0.5, rescale_intercept=-1024, voi="several")
        yield f"{photometric} modality lut", replace(one, modality_lut=True, voi="several")
    yield "no padding", replace(_MAMMOGRAM, padding=False)
    yield "lut data ow", replace(_MAMMOGRAM, voi="several", lut_data_ow=True)
    big = replace(_MAMMOGRAM, transfer_syntax_uid=EXPLICIT_BIG_ENDIAN)
    yield "lut data ow big endian", replace(big, voi="several", lut_data_ow=True)
    for bits in (8, 10, 14, 16):
        yield f"{bits} bits", replace(_MAMMOGRAM, bits_stored=bits, voi="several")


def _header_variants() -> Iterator[tuple[str, SyntheticMammogram]]:
    for laterality, view in (*SCREENING_VIEWS, ("R", "ML"), ("L", "LM"), ("R", "XCCL")):
        yield f"{laterality}{view}", replace(_MAMMOGRAM, laterality=laterality, view=view)
    for spacing in ("detector", "magnification", "calibrated", "none"):
        yield f"spacing {spacing}", replace(_MAMMOGRAM, spacing=spacing)
    enlarged = replace(_MAMMOGRAM, spacing="magnification", view_modifiers=("magnification", "spot_compression"))
    yield "magnified spot", enlarged
    implant = replace(_MAMMOGRAM, implant=True)
    yield "implant", implant
    yield "implant displaced", replace(implant, view_modifiers=("implant_displaced",))
    yield "partial view", replace(_MAMMOGRAM, partial_view=True)
    yield "quality control", replace(_MAMMOGRAM, quality_control=True)
    yield "overlays", replace(_MAMMOGRAM, overlays=2)


def _tomosyntheses() -> Iterator[tuple[str, SyntheticTomosynthesis]]:
    for uid, syntax in SYNTAXES.items():
        if uid not in EIGHT_BIT and not syntax.deflated:
            yield f"tomosynthesis {uid}", replace(_TOMOSYNTHESIS, transfer_syntax_uid=uid)
    oblique = replace(_TOMOSYNTHESIS, laterality="L", view="MLO")
    yield "tomosynthesis with a window a frame", replace(oblique, voi_per_frame=True)


def _captures() -> Iterator[tuple[str, SyntheticCapture]]:
    small = SyntheticCapture(rows=60, columns=44)
    always: tuple[CaptureKind, ...] = ("rgb", "rgb_planar", "palette", "ybr_full", "grey8", "film")
    for kind in always:
        for uid in (EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN, RLE_LOSSLESS):
            yield f"{kind} {uid}", replace(small, kind=kind, transfer_syntax_uid=uid)
    coded: tuple[tuple[CaptureKind, str], ...] = (
        ("rgb", JPEG_LOSSLESS_FIRST_ORDER),
        ("rgb", JPEG_LS_LOSSLESS),
        ("rgb", JPEG_2000_LOSSLESS),
        ("ybr_full_422", JPEG_BASELINE),
        ("ybr_rct", JPEG_2000_LOSSLESS),
        ("ybr_ict", JPEG_2000),
        ("ybr_rct", HTJ2K_LOSSLESS),
    )
    for kind, uid in coded:
        yield f"{kind} {uid}", replace(small, kind=kind, transfer_syntax_uid=uid)
    yield "palette of 8 bits", replace(small, kind="palette", palette_bits=8)
