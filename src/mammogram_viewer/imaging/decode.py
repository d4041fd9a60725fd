"""From the checked bytes of one frame to stored words: (rows, columns) or (rows, columns, 3), uint8 or
uint16.

Sign and unused bits stay as stored; `display` sorts them out in its table, at no cost per pixel. Colour comes
out as RGB. Decoders may crash on hostile input, so this runs in the disposable child only. Never gdcm
(aborts) or pylibjpeg (GPL): imagecodecs alone."""

from __future__ import annotations

import re
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from mammogram_viewer.dicom.codestreams import read_rle_segments
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.dicom.syntaxes import TransferSyntax
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.colour import unpack_422, ybr_full_to_rgb
from mammogram_viewer.imaging.jpeg2000_end import check_packets_fill
from mammogram_viewer.imaging.jpeg_end import check_bits_lasted

# APP0 JFIF (always YCbCr), or an APP14 Adobe segment of full length; libjpeg passes over a shorter one.
_COLOUR_MARKER = re.compile(rb"\xff\xe0..JFIF\0|\xff\xee\0[\x0e-\xff]Adobe", re.DOTALL)
Words = npt.NDArray[np.unsignedinteger]


def decode_frame(frame: bytes | memoryview, pixels: PixelDescription, syntax: TransferSyntax) -> Words:
    """The stored words of one frame; Refused (decoder_error) when the decoder gives up or gives another
    shape."""
    try:
        words = _decode(frame, pixels, syntax)
    except (RuntimeError, ValueError, TypeError, IndexError) as trouble:
        # imagecodecs raises one RuntimeError subclass a codec; their texts quote no file content.
        raise Refused("decoder_error", str(trouble)[:200]) from trouble
    shape = (pixels.rows, pixels.columns) + ((3,) if pixels.samples_per_pixel == 3 else ())
    if words.shape != shape:
        raise Refused("decoder_error", f"decoded to {words.shape} instead of {shape}")
    return words


def _decode(frame: bytes | memoryview, pixels: PixelDescription, syntax: TransferSyntax) -> Words:
    codec = syntax.codec
    if codec == "native":
        words = native_words(frame, pixels, little_endian=syntax.little_endian)
    else:
        stream = bytes(frame)  # no copy of bytes
        if codec == "jpeg":
            return _fitted(_jpeg(stream, pixels), pixels)
        if codec == "jxl":
            return _fitted(imagecodecs.jpegxl_decode(stream), pixels)  # undoes its own colour transforms
        if codec in ("j2k", "htj2k"):
            # OpenJPEG for HTJ2K too, though OpenJPH takes half the time: imagecodecs' binding of the latter swallows
            # its errors and returns whatever was in memory.
            words = _fitted(imagecodecs.jpeg2k_decode(stream), pixels)  # undoes its own colour transform
            check_packets_fill(stream)
            return words
        if codec == "rle":
            words = _rle(stream, pixels)
        elif codec == "deflated_frame":
            words = native_words(_inflated(stream, pixels), pixels, little_endian=True)
        else:
            words = _fitted(imagecodecs.jpegls_decode(stream), pixels)
    return _to_rgb(words, pixels) if pixels.photometric_interpretation.startswith("YBR") else words


def _to_rgb(words: Words, pixels: PixelDescription) -> Words:
    if pixels.bits_stored != 8 or words.dtype != np.uint8:
        raise Refused("unsupported_bit_depth", f"YBR with {pixels.bits_stored} bits")
    return ybr_full_to_rgb(words)


def native_words(frame: bytes | memoryview, pixels: PixelDescription, *, little_endian: bool) -> Words:
    """Uncompressed bytes as words, without a copy where order, alignment and layout allow it."""
    if pixels.bytes_per_sample == 1:
        samples: Words = np.frombuffer(frame, np.uint8)
    else:
        # A big-endian frame is swapped once here; every later step wants native words.
        samples = np.frombuffer(frame, "<u2" if little_endian else ">u2").astype(np.uint16, copy=False)
        if not samples.flags.aligned:  # a mapped file may hold an element of odd length before the pixels
            samples = samples.copy()
    if pixels.photometric_interpretation == "YBR_FULL_422":
        return unpack_422(samples, pixels.rows, pixels.columns)
    return _shaped(samples, pixels, planar=pixels.planar)


def _inflated(frame: bytes, pixels: PixelDescription) -> bytes:
    """Raw deflate of one native frame (PS3.5 A.4.13), never more than the frame's size."""
    inflater = isal_zlib.decompressobj(-15)  # twice as fast as zlib
    try:
        native = inflater.decompress(frame, pixels.native_frame_bytes + 2)
    except isal_zlib.error as trouble:  # pyright: ignore[reportGeneralTypeIssues]  # the stub names no class
        raise Refused("decoder_error", str(trouble)) from trouble
    if len(native) < pixels.native_frame_bytes:
        raise Refused("codestream_truncated")
    # A frame of odd length may have been padded before it was deflated.
    behind = inflater.unused_data.strip(b"\0")
    if not inflater.eof or behind or len(native) > pixels.native_frame_bytes + pixels.native_frame_bytes % 2:
        raise Refused("codestream_mismatch", "the deflated frame holds more pixels than the header says")
    return native[: pixels.native_frame_bytes]


def _shaped(samples: Words, pixels: PixelDescription, *, planar: bool) -> Words:
    if pixels.samples_per_pixel == 1:
        return samples.reshape(pixels.rows, pixels.columns)
    if planar:
        return np.ascontiguousarray(np.moveaxis(samples.reshape(3, pixels.rows, pixels.columns), 0, -1))
    return samples.reshape(pixels.rows, pixels.columns, 3)


def _rle(frame: bytes, pixels: PixelDescription) -> Words:
    """Each segment holds one byte plane, the most significant first (PS3.5 G.2)."""
    area = pixels.rows * pixels.columns
    width = pixels.bytes_per_sample
    planes = np.empty((pixels.samples_per_pixel, area, width), np.uint8)
    segments = read_rle_segments(frame, pixels.samples_per_pixel * width)
    for index, segment in enumerate(segments):
        # Bounded by 64 × the segment: PackBits writes at most 128 bytes for 2.
        unpacked = np.frombuffer(imagecodecs.packbits_decode(bytes(segment)), np.uint8)
        if not area <= len(unpacked) <= area + 1:
            raise Refused("codestream_mismatch", "an RLE segment holds another number of pixels")
        sample, byte = divmod(index, width)
        planes[sample, :, width - 1 - byte] = unpacked[:area]
    samples = planes.reshape(-1) if width == 1 else planes.view("<u2").reshape(-1).astype(np.uint16, copy=False)
    return _shaped(samples, pixels, planar=True)


def _jpeg(frame: bytes, pixels: PixelDescription) -> Words:
    """libjpeg-turbo. A JFIF or Adobe marker says the colour space; where there is none, the header does."""
    options: dict[str, Any] = {}
    if pixels.samples_per_pixel == 3 and not _COLOUR_MARKER.search(frame, 0, 4096):
        colour = "RGB" if pixels.photometric_interpretation == "RGB" else "YCBCR"
        options = {"colorspace": colour, "outcolorspace": "RGB"}

    def decode(stream: bytes) -> Words:
        return np.asarray(imagecodecs.jpeg8_decode(stream, **options))

    samples = decode(frame)
    check_bits_lasted(frame, samples, decode)
    return samples


def _fitted(decoded: Any, pixels: PixelDescription) -> Words:
    """Decoder output as words of BitsAllocated; Refused when a value needs more than BitsStored bits."""
    array = np.asarray(decoded)
    if array.dtype not in (np.uint8, np.int8, np.uint16, np.int16):
        raise Refused("decoder_error", f"decoded to {array.dtype}")
    wanted = np.dtype(np.uint8 if pixels.bits_allocated == 8 else np.uint16)
    if pixels.bits_stored < array.dtype.itemsize * 8:
        _check_range(array, pixels)
    if array.dtype.itemsize == wanted.itemsize:
        return array.view(wanted)
    return array.astype(wanted)


def _check_range(array: Any, pixels: PixelDescription) -> None:
    """What does not fit BitsStored would be cut by the mask and shown wrong without a word."""
    low, high = int(array.min()), int(array.max())
    least, most = 0, (1 << pixels.bits_stored) - 1
    if array.dtype.kind == "i":
        least, most = -(1 << (pixels.bits_stored - 1)), (1 << (pixels.bits_stored - 1)) - 1
    if pixels.signed and array.dtype.kind == "u" and high > most:
        # Signed samples in an unsigned codestream may come sign-extended over the whole word.
        extended = array.view(np.dtype(f"i{array.dtype.itemsize}"))
        low, high = int(extended.min()), int(extended.max())
        least, most = -(1 << (pixels.bits_stored - 1)), (1 << (pixels.bits_stored - 1)) - 1
    if low < least or high > most:
        raise Refused("codestream_mismatch", f"pixels need more than {pixels.bits_stored} bits")
