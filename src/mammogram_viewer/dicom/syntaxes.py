"""The transfer syntaxes that we read, and what each of them promises about the bytes (PS3.5 section 10 and
annex A)."""

from __future__ import annotations

from dataclasses import dataclass

IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_FIRST_ORDER = "1.2.840.10008.1.2.4.70"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
JPEG_XL_LOSSLESS = "1.2.840.10008.1.2.4.110"
JPEG_XL_JPEG_RECOMPRESSION = "1.2.840.10008.1.2.4.111"
JPEG_XL = "1.2.840.10008.1.2.4.112"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"
HTJ2K = "1.2.840.10008.1.2.4.203"


@dataclass(frozen=True)
class TransferSyntax:
    """`codec` is native, rle, deflated_frame, jpeg, jpegls, j2k, htj2k, jxl, or empty when we cannot decode it."""

    uid: str
    codec: str
    implicit: bool = False
    little_endian: bool = True
    deflated: bool = False
    jpeg_processes: frozenset[int] = frozenset()  # the SOF markers that may stand in the codestream

    @property
    def encapsulated(self) -> bool:
        return self.codec != "native"

    @property
    def keeps_words(self) -> bool:
        """Whether decoding gives the words as allocated, with HighBit where the header says, not bare samples."""
        return self.codec in ("native", "rle", "deflated_frame")


SYNTAXES: dict[str, TransferSyntax] = {
    syntax.uid: syntax
    for syntax in (
        TransferSyntax(IMPLICIT_LITTLE_ENDIAN, "native", implicit=True),
        TransferSyntax(EXPLICIT_LITTLE_ENDIAN, "native"),
        TransferSyntax(DEFLATED_EXPLICIT_LITTLE_ENDIAN, "native", deflated=True),
        TransferSyntax(EXPLICIT_BIG_ENDIAN, "native", little_endian=False),
        TransferSyntax(RLE_LOSSLESS, "rle"),
        TransferSyntax(DEFLATED_IMAGE_FRAME, "deflated_frame"),
        TransferSyntax(JPEG_BASELINE, "jpeg", jpeg_processes=frozenset({0xC0})),
        # A decoder of process 4 reads process 1 as well, and archives hold such files.
        TransferSyntax(JPEG_EXTENDED, "jpeg", jpeg_processes=frozenset({0xC0, 0xC1})),
        TransferSyntax(JPEG_LOSSLESS, "jpeg", jpeg_processes=frozenset({0xC3})),
        TransferSyntax(JPEG_LOSSLESS_FIRST_ORDER, "jpeg", jpeg_processes=frozenset({0xC3})),
        TransferSyntax(JPEG_LS_LOSSLESS, "jpegls"),
        TransferSyntax(JPEG_LS_NEAR_LOSSLESS, "jpegls"),
        TransferSyntax(JPEG_2000_LOSSLESS, "j2k"),
        TransferSyntax(JPEG_2000, "j2k"),
        TransferSyntax(JPEG_XL_LOSSLESS, "jxl"),
        TransferSyntax(JPEG_XL_JPEG_RECOMPRESSION, "jxl"),
        TransferSyntax(JPEG_XL, "jxl"),
        TransferSyntax(HTJ2K_LOSSLESS, "htj2k"),
        TransferSyntax(HTJ2K_LOSSLESS_RPCL, "htj2k"),
        TransferSyntax(HTJ2K, "htj2k"),
    )
}


def transfer_syntax(uid: str) -> TransferSyntax:
    """The syntax of `uid`; an unknown one has no codec and explicit little endian elements (PS3.5 annex
    A.4)."""
    return SYNTAXES.get(uid) or TransferSyntax(uid, "")
