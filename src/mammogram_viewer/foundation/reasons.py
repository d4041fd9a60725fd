"""Why an original is rejected: a closed set of stable codes, each with one sentence for people.

The pure pixel code raises `Refused` with one of these; the worker stores code and sentence on the image.
`docs/reasons.md` lists the same codes, and a test holds the two together."""

from __future__ import annotations

from typing import Any

REASONS: dict[str, str] = {
    # what it is
    "not_dicom": "This is not a DICOM file, although it was sent as one.",
    "not_an_image_object": "This DICOM object is no image, but a report, a presentation state or the like.",
    "no_pixel_data": "The DICOM object holds no pixels.",
    "truncated": "The file ends before its contents do; it was probably cut off on the way. Send it again.",
    "bad_header": "The DICOM header contradicts itself or lacks what is needed to show the image.",
    # what this version cannot show
    "unsupported_transfer_syntax": "The pixels are encoded in a way that this version does not decode.",
    "unsupported_photometric_interpretation": "The colour model of the pixels is not shown by this version.",
    "unsupported_bit_depth": "The number of bits per pixel is none that this version shows.",
    # budgets
    "over_megapixels": "One frame of the image has more pixels than the limit allows.",
    "over_frames": "The image has more frames than the limit allows.",
    "too_many_elements": "The DICOM header has more elements than the limit allows.",
    "nested_too_deep": "The sequences in the DICOM header are nested deeper than the limit allows.",
    "over_tiles": "The compressed image is cut into more tiles or packets than the limit allows.",
    "inflated_too_large": "The compressed contents would grow beyond the limit.",
    # header against pixels
    "pixel_form_mismatch": "The form of the pixel data does not match the declared transfer syntax.",
    "pixel_length_mismatch": "The file holds another number of pixels or frames than its header says.",
    "codestream_mismatch": "The compressed image differs in kind, size or depth from the DICOM header.",
    "codestream_truncated": "The compressed image ends early; showing it would show a wrong picture.",
    # decoders
    "decoder_error": "The pixels could not be decoded; the compressed image is damaged.",
    "decoder_crash": "The decoder crashed on this file; it is damaged in a way that decoders do not survive.",
    "decoder_timeout": "Decoding took longer than the limit allows.",
    "out_of_memory": "Decoding needed more memory than the limit allows.",
    # plain pictures
    "picture_broken": "The picture cannot be read; it is damaged or not of the kind that it claims.",
    "picture_unsupported": "The picture is of a kind that this version does not show.",
    # orders that an original cannot fill; the original itself stays as it is
    "no_such_voi": "The image offers no such grey scale.",
    "no_such_frame": "The image has no such frame.",
    "no_such_rendition": "There can be no such rendition of this file.",
}


class Refused(Exception):
    """Expected trouble with an original. `detail` adds to the code's sentence and names no patient.

    `header` is what could be read so far (an ImageHeader), so that the image can still be filed."""

    def __init__(self, code: str, detail: str = "", *, header: Any = None) -> None:
        sentence = REASONS[code]
        self.code = code
        self.detail = f"{sentence} ({detail})" if detail else sentence
        self.header = header
        super().__init__(self.detail)
