"""Hostile text in every field that people see: no reason to refuse the picture, and none of it may work."""

from __future__ import annotations

from collections.abc import Iterator

from hostile.clean import PLAIN
from hostile.files import HARMLESS, SAME_OR_REFUSED, HostileFile
from hostile.parts import element, parts

PAYLOADS: dict[str, bytes] = {
    "script": b"<script>alert(1)</script>",
    "image_onerror": b'"><img src=x onerror=alert(1)>',
    "template": b"{{constructor.constructor('alert(1)')()}}${7*7}",
    "formula": b'=HYPERLINK("http://example.org","x")',
    "formula_at": b"@SUM(1+1)*cmd|' /C calc'!A0",
    "sql": b"'; DROP TABLE images; --",
    "climbing": b"../../../../etc/passwd",
    "climbing_back": b"..\\..\\..\\windows\\win.ini",
    "nul": b"before\0after",
    "nul_only": b"\0\0\0\0",
    "control": bytes(range(1, 32)),
    "escape": b"\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "line_breaks": b"a\r\nSet-Cookie: session=1\r\n\r\n<html>",
    "log_line": b'x"}\n{"level":"error","event":"forged"}',
    "right_to_left": "\u202egnp.exe\u2066\u200f".encode(),
    "zero_width": "a\u200b\u200c\u200d\ufeffb".encode(),
    "combining": ("Z" + "\u0335\u0321\u0322" * 20).encode(),
    "astral": "😀𝕏𐍈".encode(),
    "not_utf_8": b"\xff\xfe\xc3\x28\xa0\xa1\xe2\x28\xa1",
    "overlong": b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",
    "surrogates": b"\xed\xa0\x80\xed\xbf\xbf",
    "iso_2022": b"\x1b$B;3ED\x1b(B^\x1b$)C\xb1\xe8",
    "percent": b"%00%2e%2e%2f%n%s%x",
    "spaces": b" " * 64,
    "carets": b"^" * 60 + b"===^=^",
    "long": b"A" * 65_000,
    "long_multi_byte": "ü".encode() * 32_000,
    "many_values": b"x\\" * 30_000,
}
# Tag, VR: what the gallery, the image's page, file names, logs and statistics show.
_FIELDS = {
    "patient_name": (0x00100010, "PN"),
    "patient_id": (0x00100020, "LO"),
    "study_description": (0x00081030, "LO"),
    "series_description": (0x0008103E, "LO"),
    "station": (0x00081010, "SH"),
    "study_uid": (0x0020000D, "UI"),
}
_CHARACTER_SETS = {
    "unknown": b"ISO_IR 999",
    "climbing": b"../../x",
    "several_unknown": b"\\ISO 2022 IR 999\\x",
    "python_codec": b"rot_13",
    "zlib_codec": b"zlib_codec",
    "japanese": b"\\ISO 2022 IR 87",
    "korean": b"\\ISO 2022 IR 149",
    "gb18030": b"GB18030 ",
    "latin_5": b"ISO_IR 148",
    "twenty": b"\\".join([b"ISO 2022 IR 87"] * 20),
    "utf_16": b"UTF-16LE",
    "empty": b"",
    "nul": b"\0\0",
    "long": b"ISO_IR 100" * 900,
}
# Numbers and dates as text; the picture does not depend on them.
_NUMBERS = {
    "instance_number_huge": (0x00200013, "IS", b"9" * 4000),
    "instance_number_60000_digits": (0x00200013, "IS", b"9" * 60_000),
    "instance_number_float": (0x00200013, "IS", b"1e99"),
    "series_number_text": (0x00200011, "IS", b"; --"),
    "kvp_nan": (0x00180060, "DS", b"NaN "),
    "kvp_infinite": (0x00180060, "DS", b"1e99999 "),
    "thickness_minus": (0x001811A0, "DS", b"-1e308"),
    "dose_60000_digits": (0x00400316, "DS", b"1" * 60_000),
    "spacing_zero": (0x00181164, "DS", b"0\\0 "),
    "spacing_minus": (0x00181164, "DS", b"-1\\-1 "),
    "spacing_nan": (0x00181164, "DS", b"nan\\inf "),
    "spacing_one": (0x00181164, "DS", b"0.07"),
    "magnification_zero": (0x00181114, "DS", b"0 "),
    "study_date_year_0": (0x00080020, "DA", b"00000101"),
    "study_date_text": (0x00080020, "DA", b"<script>"),
    "study_date_month_99": (0x00080020, "DA", b"20249999"),
    "study_time_99": (0x00080030, "TM", b"999999"),
    "birth_date_future": (0x00100030, "DA", b"99991231"),
    "acquired_zone": (0x0008002A, "DT", b"20240101000000.000000+9999"),
    "sop_uid_climbing": (0x00080018, "UI", b"../../../../../etc/cron.d/x\0"),
    "sop_uid_long": (0x00080018, "UI", b"1." * 400),
    "sop_uid_empty": (0x00080018, "UI", b""),
    "sop_uid_two": (0x00080018, "UI", b"1.2.3\\4.5.6 "),
    "sop_class_unknown": (0x00080016, "UI", b"1.2.3.4 "),
    "laterality_text": (0x00200062, "CS", b"<b>"),
    "view_text": (0x00185101, "CS", b"../CC "),
    "modality_script": (0x00080060, "CS", b"<svg/onload=1>"),
}  # fmt: skip


def string_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for place, (tag, vr) in _FIELDS.items():
        for name, payload in PAYLOADS.items():
            if place in ("series_description", "station") and name not in ("script", "nul", "not_utf_8", "long"):
                continue  # they travel the same way as the study's description
            yield _harmless(f"{place}/{name}", tag, vr, payload)
    for name, value in _CHARACTER_SETS.items():
        yield _harmless(f"character_set/{name}", 0x00080005, "CS", value)
    for name, (tag, vr, value) in _NUMBERS.items():
        yield _harmless(f"value/{name}", tag, vr, value)
    for name, file_name in {
        "climbing": "../../../../tmp/x.dcm", "script": "<script>alert(1)</script>.dcm", "null": "a\0b.dcm",
        "line_break": "a\r\nX-Injected: 1.dcm", "long": "n" * 3000 + ".dcm", "right_to_left": "\u202emcd.exe",
        "formula": "=1+1.dcm", "dots": "..", "nothing": " ", "quotes": 'a";filename="b.dcm',
    }.items():  # fmt: skip
        yield HostileFile(
            name=f"string/file_name/{name}",
            allowed=HARMLESS,
            make=lambda name=name: _with(0x00081030, "LO", f"named {name}".encode()),
            file_name=file_name,
            twin=PLAIN,
        )
    # Elements of the meta group are read before anything else is known.
    for name, payload in PAYLOADS.items():
        if len(payload) < 200:
            yield HostileFile(
                name=f"string/implementation/{name}",
                allowed=SAME_OR_REFUSED,
                make=lambda payload=payload: _in_meta(payload),
                twin=PLAIN,
            )


def _harmless(name: str, tag: int, vr: str, value: bytes) -> HostileFile:
    return HostileFile(name=f"string/{name}", allowed=HARMLESS, make=lambda: _with(tag, vr, value), twin=PLAIN)


def _with(tag: int, vr: str, value: bytes) -> bytes:
    return parts().with_element(tag, element(tag, vr, value + b" " * (len(value) % 2))).to_bytes()


def _in_meta(payload: bytes) -> bytes:
    made = parts()
    encoded = element(0x00020013, "SH", payload + b" " * (len(payload) % 2))
    meta = made.meta_bytes() + encoded
    return made.preamble + meta[:8] + (len(meta) - 12).to_bytes(4, "little") + meta[12:] + made.body()


def overlay_files(seed: int) -> Iterator[HostileFile]:
    """Overlay planes that lie. They are drawn on request only, so the picture stays as it is."""
    del seed
    full = bytes(128 * 96 // 8)

    def plane(group: int = 0x6000, **lies: bytes) -> list[tuple[int, bytes]]:
        tags = {
            "rows": (0x0010, "US", b"\x80\0"), "columns": (0x0011, "US", b"\x60\0"), "type": (0x0040, "CS", b"G "),
            "origin": (0x0050, "SS", b"\1\0\1\0"), "bits": (0x0100, "US", b"\1\0"),
            "position": (0x0102, "US", b"\0\0"), "data": (0x3000, "OW", full),
        }  # fmt: skip
        return [
            ((group << 16 | low), element(group << 16 | low, vr, lies.get(name, value)))
            for name, (low, vr, value) in tags.items()
            if lies.get(name) != b"-"
        ]

    cases = {
        "right": plane(),
        "short_data": plane(data=full[:100]),
        "long_data": plane(data=full * 40),
        "no_data": plane(data=b"-"),
        "empty_data": plane(data=b""),
        "rows_most": plane(rows=b"\xff\xff", columns=b"\xff\xff"),
        "rows_0": plane(rows=b"\0\0"),
        "rows_missing": plane(rows=b"-"),
        "rows_odd": plane(rows=b"\x80\0\0"),
        "origin_far": plane(origin=b"\xff\x7f\xff\x7f"),
        "origin_minus": plane(origin=b"\0\x80\0\x80"),
        "origin_one_number": plane(origin=b"\1\0"),
        "bits_16": plane(bits=b"\x10\0"),
        "position_15": plane(position=b"\x0f\0", bits=b"\x10\0", data=b"-"),
        "type_unknown": plane(type=b"<b>x"),
        "sixteen_planes": [pair for group in range(0x6000, 0x6020, 2) for pair in plane(group)],
        "odd_group": plane(0x6001),
        "group_60ff": plane(0x60FE),
    }
    for name, elements in cases.items():

        def make(elements: list[tuple[int, bytes]] = elements) -> bytes:
            made = parts()
            for tag, encoded in elements:
                made = made.with_element(tag, encoded)
            return made.to_bytes()

        yield HostileFile(name=f"overlay/{name}", allowed=HARMLESS, make=make, twin=PLAIN)
