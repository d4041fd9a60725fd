"""`mammogram-viewer import PATH…` against the running product: once, again, over odd folders, stopped."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import tus
from builders import dicom_bytes, png_bytes
from mammogram_viewer.cli.import_walk import FoundFile, Trouble, shown, walk
from product import Product

LARGE_BYTES = 9 * 1024 * 1024


def run_import(product: Product, *arguments: str | Path, user: str = "technologist") -> tuple[int, str]:
    process = start_import(product, *arguments, user=user)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def start_import(product: Product, *arguments: str | Path, user: str = "technologist") -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "mammogram_viewer",
        "import",
        "--user",
        f"{user}@example.org",
        *map(str, arguments),
    ]
    return subprocess.Popen(
        command,
        env=product.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell's background job has Ctrl-C switched off, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def large_mammogram(seed: int) -> bytes:
    body = dicom_bytes(seed=seed)
    return body + hashlib.shake_256(str(seed).encode()).digest(LARGE_BYTES - len(body))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    """A folder as they are: sub-folders, a large file, a ZIP, what is no image, and a link that leads back."""
    folder = tmp_path / "old archive"
    (folder / "ann" / "2024").mkdir(parents=True)
    (folder / "ann" / "2024" / "R MLO.dcm").write_bytes(dicom_bytes(seed=500))
    (folder / "ann" / "R MLO.dcm").write_bytes(dicom_bytes(seed=501))
    (folder / "[bold]large\x1b[31m.dcm").write_bytes(large_mammogram(502))
    with zipfile.ZipFile(folder / "two.zip", "w") as packed:
        packed.writestr("a.png", png_bytes(seed=503))
        packed.writestr("b.png", png_bytes(seed=504))
        packed.writestr("letter.pdf", b"%PDF-1.7 ...")
    (folder / "report.pdf").write_bytes(b"%PDF-1.7" + bytes(2000))
    (folder / "empty.dcm").touch()
    (folder / "Thumbs.db").write_bytes(b"clutter")
    (folder / "ann" / "back").symlink_to(folder)
    (folder / "nowhere.dcm").symlink_to(folder / "gone.dcm")
    yield folder


async def test_a_folder_is_imported_once_however_often_one_asks(product: Product, archive: Path) -> None:
    code, told = run_import(product, archive, "--dry-run")
    assert code == 1
    assert "4 would be sent, 0 new, 0 already there" in told
    assert await product.fetch("SELECT id FROM images") == []

    code, told = run_import(product, archive)
    assert code == 1, told
    assert "5 new, 0 already there, 4 not taken." in told
    assert "PDF document" in told
    assert "report.pdf" in told
    assert "two.zip: letter.pdf" in told
    assert "The file is empty" in told
    assert "a link leads nowhere" in told
    assert "Thumbs.db" not in told
    images = await product.fetch("SELECT encode(sha256, 'hex') AS sha256, original_name FROM images")
    assert {row["sha256"] for row in images} == {
        hashlib.sha256(body).hexdigest()
        for body in (
            dicom_bytes(seed=500),
            dicom_bytes(seed=501),
            large_mammogram(502),
            png_bytes(seed=503),
            png_bytes(seed=504),
        )
    }
    jobs = await product.fetch("SELECT DISTINCT priority FROM job_queue WHERE image_id IS NOT NULL")
    assert [row["priority"] for row in jobs] == [5]

    for _ in range(2):
        code, told = run_import(product, archive)
        assert code == 1
        assert "0 new, 5 already there, 4 not taken." in told
    # Without the memory of this machine nothing is sent twice either.
    for file in (product.data_dir / "import").iterdir():
        file.unlink()
    code, told = run_import(product, archive)
    assert "0 new, 5 already there, 4 not taken." in told
    assert len(await product.fetch("SELECT id FROM images")) == 5
    assert await product.fetch("SELECT id FROM api_tokens WHERE name = 'import' AND revoked_at IS NULL") == []


async def test_what_the_server_has_lost_is_sent_again(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "again.png"
    file.write_bytes(png_bytes(seed=510))
    code, told = run_import(product, file)
    assert (code, "1 new, 0 already there" in told) == (0, True), told
    (row,) = await product.fetch("SELECT id FROM images WHERE original_name = 'again.png'")
    answer = product.client("technologist").delete(f"/api/images/{row['id']}")
    assert answer.is_success
    code, told = run_import(product, file)
    assert (code, "1 new, 0 already there" in told) == (0, True), told


def test_a_large_file_goes_on_where_an_earlier_run_stopped(product: Product, tmp_path: Path) -> None:
    body = large_mammogram(520)
    (tmp_path / "large.dcm").write_bytes(body)
    client = product.client("technologist")
    path = tus.create(client, len(body), filename="large.dcm", sha256=hashlib.sha256(body).hexdigest())
    assert tus.send(client, path, 0, body[:5_000_000]).status_code == 204
    code, told = run_import(product, tmp_path)
    assert (code, "1 new" in told) == (0, True), told
    # The upload of before was finished, no other one was begun.
    assert tus.outcome(client, path)["images"][0]["sha256"] == hashlib.sha256(body).hexdigest()


async def test_ctrl_c_ends_it_cleanly_and_the_next_run_goes_on(product: Product, tmp_path: Path) -> None:
    for number in range(150):  # of one name, so that each goes by itself
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "ctrl-c.png").write_bytes(png_bytes(seed=1000 + number, side=8))
    count = "SELECT count(*) FROM images WHERE original_name = 'ctrl-c.png'"
    process = start_import(product, tmp_path, "--parallel", "1")
    while not (await product.fetch(count))[0][0]:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Run the same command again" in told
    assert "Traceback" not in told
    before = (await product.fetch(count))[0][0]
    assert before < 150
    code, told = run_import(product, tmp_path)
    assert (code, (await product.fetch(count))[0][0]) == (0, 150), told
    assert f"{150 - before} new, {before} already there" in told


def test_a_server_that_is_away_is_said_in_one_line(product: Product, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(seed=530))
    token = tmp_path / "token"
    token.write_text("mv_never_asked\n")
    nobody = ("--url", "http://127.0.0.1:9", "--token-file", token, "--wait", "2")
    code, told = run_import(product, tmp_path / "a.png", *nobody)
    assert code == 69
    assert "does not answer" in told
    assert "Traceback" not in told
    code, told = run_import(product, tmp_path / "a.png", "--url", "http://127.0.0.1:9")
    assert (code, "--token-file" in told) == (2, True)


def test_a_radiologist_may_not_import(product: Product, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(seed=531))
    code, told = run_import(product, tmp_path, user="radiologist")
    assert (code, "does not allow" in told) == (3, True), told


def test_a_walk_meets_each_file_once_and_never_opens_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.dcm").write_bytes(b"1")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "also one.dcm").symlink_to(tmp_path / "a" / "one.dcm")
    os.mkfifo(tmp_path / "pipe")
    os.close(os.open(os.fsencode(tmp_path) + b"/broken\xff.dcm", os.O_CREAT | os.O_WRONLY))
    met = list(walk([tmp_path, tmp_path / "a", tmp_path / "gone"]))
    files = [what.path for what in met if isinstance(what, FoundFile)]
    assert len(files) == 2
    assert {what.path.name for what in met if isinstance(what, Trouble)} == {"pipe", "gone"}
    assert all(shown(path).isprintable() for path in files)
