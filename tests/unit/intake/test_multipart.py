"""Multipart bodies, however the network cuts them into pieces and however they are broken."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import png_bytes
from mammogram_viewer.foundation.errors import Malformed, MammogramViewerError, TooLarge
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.multipart import MultipartReceiver

BOUNDARY = b"x-boundary"
TYPE = "multipart/form-data; boundary=x-boundary"


def part(name: str, body: bytes, *, field: str = "files") -> bytes:
    head = f'--x-boundary\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + body + b"\r\n"


def body_of(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x-boundary--\r\n"


async def pieces(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    for start, stop in itertools.pairwise(places):
        yield body[start:stop]


async def receive(
    body: bytes, chosen: Settings, cuts: list[int] | None = None
) -> tuple[list[tuple[str, bytes]], list[tuple[str, str]]]:
    """What was spooled, with the bytes on disk, and what was refused; the spool must be empty afterwards."""
    receiver = MultipartReceiver(TYPE, chosen)
    try:
        await receiver.receive(pieces(body, cuts or []))
        for spool in receiver.spooled:
            assert spool.sha256 == hashlib.sha256(spool.path.read_bytes()).digest()
        return (
            [(spool.name, spool.path.read_bytes()) for spool in receiver.spooled],
            [(refused.name, refused.error.code) for refused in receiver.refused],
        )
    finally:
        for spool in receiver.spooled:
            await spool.discard()
        assert list(chosen.spool_dir.iterdir()) == []


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path, max_upload_bytes=5000, max_files_per_request=3, max_request_bytes=100_000)
    made.spool_dir.mkdir()
    return made


FILES = [("a.png", png_bytes(seed=1, side=8)), ("b.png", png_bytes(seed=2, side=30)), ("c.png", png_bytes(seed=3))]


@given(cuts=st.lists(st.integers(0, 6500), max_size=30))
@settings(max_examples=40, deadline=None)
def test_the_places_where_the_network_cuts_do_not_matter(cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chosen = Settings(data_dir=Path(folder), max_upload_bytes=5000)
        chosen.spool_dir.mkdir()
        body = body_of(*(part(name, content) for name, content in FILES), part("bad.txt", b"hello " * 50))
        spooled, refused = asyncio.run(receive(body, chosen, cuts))
    assert spooled == FILES
    assert refused == [("bad.txt", "not_an_image")]


@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0, 700), max_size=5), place=st.integers(0, 600))
@settings(max_examples=80, deadline=None)
def test_broken_bodies_end_in_an_error_of_ours_and_an_empty_spool(body: bytes, cuts: list[int], place: int) -> None:
    whole = body_of(part("a.png", FILES[0][1]), part("b.png", FILES[0][1]))
    broken = whole[:place] + body + whole[place + len(body) :]
    with tempfile.TemporaryDirectory() as folder:
        chosen = Settings(data_dir=Path(folder))
        chosen.spool_dir.mkdir()
        try:
            asyncio.run(receive(broken, chosen, cuts))
        except MammogramViewerError as problem:
            assert problem.code in ("malformed_multipart", "incomplete_upload", "too_many_files")


async def test_limits_of_a_form(chosen: Settings) -> None:
    large = b"\x89PNG\r\n\x1a\n" + bytes(6000)
    spooled, refused = await receive(body_of(part("l.png", large), part(*FILES[0])), chosen)
    assert [name for name, _ in spooled] == ["a.png"]
    assert refused == [("l.png", "too_large")]
    with pytest.raises(TooLarge) as too_many:
        await receive(body_of(*[part(f"{n}.png", FILES[0][1]) for n in range(4)]), chosen)
    assert too_many.value.code == "too_many_files"
    with pytest.raises(TooLarge) as too_large:
        await receive(body_of(part("l.png", bytes(200_000))), chosen, list(range(0, 200_000, 20_000)))
    assert too_large.value.code == "too_large"
    assert "100000 bytes" in too_large.value.detail


async def test_refused_files_count_towards_the_most_files(chosen: Settings) -> None:
    with pytest.raises(TooLarge):
        await receive(body_of(*[part(f"{n}.txt", b"no image at all" * 20) for n in range(4)]), chosen)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "multipart/",
        "text/plain",
    ],
)
def test_what_has_no_boundary_is_malformed(chosen: Settings, content_type: str) -> None:
    with pytest.raises(Malformed) as malformed:
        MultipartReceiver(content_type, chosen)
    assert malformed.value.code == "malformed_multipart"


async def test_other_fields_and_files_of_other_fields_are_passed_over(chosen: Settings) -> None:
    plain = b'--x-boundary\r\nContent-Disposition: form-data; name="files"\r\n\r\nno file name\r\n'
    spooled, refused = await receive(body_of(plain, part("x.png", b"x", field="other"), part(*FILES[0])), chosen)
    assert spooled == FILES[:1]
    assert refused == []


async def test_a_body_that_ends_early_is_incomplete(chosen: Settings) -> None:
    whole = body_of(part(*FILES[0]))
    for end in (0, 10, 60, len(whole) - 20):
        with pytest.raises(Malformed) as broken:
            await receive(whole[:end], chosen)
        assert broken.value.code == "incomplete_upload"


async def test_a_part_with_an_endless_header_is_refused(chosen: Settings) -> None:
    for head in (b"X: " + b"a" * 50_000, b"\r\n".join(b"X%d: a" % n for n in range(1000)), b"a" * 50_000 + b": x"):
        with pytest.raises(Malformed):
            await receive(b"--x-boundary\r\n" + head + b"\r\n\r\nx" + body_of(), replace(chosen))
