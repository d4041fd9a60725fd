"""Children that try to reach more than their one file, by real system calls in real children; and decoders, which must
not notice that they are confined."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import dicom_bytes, jpeg_bytes, png_bytes, tiff_bytes
from mammogram_viewer.adapters.confinement import landlock, layers, seccomp, syscalls
from mammogram_viewer.adapters.confinement.layers import Layers
from mammogram_viewer.adapters.nursery import ChildDied, Nursery
from mammogram_viewer.dicom.syntaxes import DEFLATED_IMAGE_FRAME, SYNTAXES
from mammogram_viewer.foundation.errors import StartupProblem
from mammogram_viewer.foundation.settings import MIB, Settings
from mammogram_viewer.renditions.task import PRELOAD
from unit.adapters import breakout_tasks as breakout
from unit.adapters import decoding_tasks as decoding
from unit.dicom.builders import write_deflated_frame

LAYERS = layers.available()
# On a kernel without Landlock a child can open what its account can; doctor and the log say so.
NO_FILE = "EACCES" if LAYERS.landlock_version else "done"
DENIED = {"EACCES", "EPERM"}


@pytest.fixture(scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    made = Nursery(Settings(child_wall_seconds=60, child_memory_bytes=2048 * MIB), PRELOAD)
    yield made
    made.close()


@pytest.fixture
def run(nursery: Nursery, tmp_path: Path) -> Any:
    folders = iter(range(1000))

    async def go(
        task: Any, *args: Any, answer_type: Any = dict[str, str], readable: Any = (), own: bool = False
    ) -> Any:
        folder = tmp_path / f"own {next(folders)}"
        folder.mkdir()
        words = (*args, str(folder)) if own else args
        return await nursery.run(task, *words, folder=folder, readable=readable, answer_type=answer_type)

    return go


def test_this_machine_confines_decoders() -> None:
    """Where the tests run there is a filter of system calls; without one most of them would prove nothing."""
    assert LAYERS.system_calls
    assert "system calls yes" in LAYERS.told()


async def test_a_child_opens_no_socket_and_reaches_none_of_ours(run: Any, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as ours:
        path = f"/tmp/mv-{os.getpid()}.sock"  # short enough for a socket's name
        ours.bind(path)
        try:
            ours.listen()
            told = await run(breakout.open_sockets, path)
        finally:
            os.unlink(path)
    assert set(told.values()) == {"EPERM"}, told


async def test_a_child_starts_no_process(run: Any) -> None:
    told = await run(breakout.start_processes)
    assert set(told.values()) == {"EPERM"}, told


async def test_a_child_reaches_no_other_process(run: Any) -> None:
    told = await run(breakout.reach_processes, os.getpid())
    assert set(told.values()) <= DENIED, told


async def test_a_child_cannot_loosen_its_limits(run: Any) -> None:
    told = await run(breakout.loosen_limits)
    assert set(told.values()) == {"EPERM"}, told


@pytest.mark.parametrize(
    "name", ["ptrace", "process_vm_readv", "unshare", "mount", "bpf", "io_uring_setup", "keyctl", "pidfd_open"]
)
async def test_a_call_that_only_an_attacker_makes_ends_the_child(run: Any, name: str) -> None:
    column = 0 if os.uname().machine == "x86_64" else 1
    outcome = await run(breakout.call, syscalls.HOSTILE[name][column], answer_type=str)
    assert outcome == ChildDied("decoder_crash", -signal.SIGSYS)


async def test_a_child_that_starts_another_program_is_ended(run: Any) -> None:
    assert await run(breakout.execute, answer_type=str) == ChildDied("decoder_crash", -signal.SIGSYS)


async def test_calls_that_are_not_known_yet_do_not_exist(run: Any) -> None:
    assert await run(breakout.call, 1000, answer_type=str) == "ENOSYS"


async def test_a_child_reads_its_own_source_and_no_other_file(run: Any, tmp_path: Path) -> None:
    own, other = tmp_path / "own.dcm", tmp_path / "another patient.dcm"
    for file in (own, other):
        file.write_bytes(b"pixels")
    assert await run(breakout.read, str(own), answer_type=str, readable=[own]) == "done"
    for path in (str(other), "/etc/passwd", f"{own}/../{other.name}"):
        assert await run(breakout.read, path, answer_type=str, readable=[own]) in {NO_FILE, "ENOTDIR"}, path


async def test_a_link_in_storage_leads_to_the_source_it_names(run: Any, tmp_path: Path) -> None:
    """STORAGE_URL may lie behind a symbolic link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "a.dcm").write_bytes(b"pixels")
    source = tmp_path / "linked" / "a.dcm"
    assert await run(breakout.read, str(source), answer_type=str, readable=[source]) == "done"


async def test_a_child_cannot_change_its_source(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "source.dcm"
    source.write_bytes(b"pixels")
    before = source.stat()
    if LAYERS.landlock_version:
        assert await run(breakout.overwrite, str(source), answer_type=str, readable=[source]) == "EACCES"
        told = await run(breakout.act_on_file, str(source), readable=[source])
        assert set(told.values()) <= DENIED, told
        assert source.read_bytes() == b"pixels"
    after = source.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)


async def test_a_child_works_in_its_own_folder_and_makes_only_files_there(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    target = tmp_path / "another patient.dcm"
    target.write_bytes(b"pixels")
    told = await run(breakout.make_in_own_folder, str(target), str(folder))
    if LAYERS.landlock_version:
        assert set(told.values()) <= {*DENIED, "ENOENT"}, "it is another child's folder"
        assert not list(folder.iterdir())
    told = await run(breakout.make_in_own_folder, str(target), own=True)
    assert {name: told.pop(name) for name in ("file", "folder", "rename")} == dict.fromkeys(
        ("file", "folder", "rename"), "done"
    )
    assert set(told.values()) <= DENIED, told


async def test_threads_work_and_an_abort_is_still_told_as_one(run: Any) -> None:
    assert await run(breakout.work_in_threads, answer_type=int) == 28
    assert await run(breakout.abort, answer_type=int) == ChildDied("decoder_crash", -signal.SIGABRT)


async def test_what_a_child_prints_reaches_no_log(run: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert await run(breakout.shout, answer_type=int) == 1
    assert "forged" not in "".join(capfd.readouterr())


async def test_root_keeps_no_power_in_a_child_but_to_read_past_permissions(run: Any) -> None:
    assert int(await run(breakout.capabilities, answer_type=str), 16) in (0, 1 << 1)


# --- decoders do not notice --------------------------------------------------------------------------------------


async def test_every_encoding_is_rendered_in_a_confined_child(run: Any, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    for uid in SYNTAXES:
        if uid != DEFLATED_IMAGE_FRAME:
            (sources / uid).write_bytes(dicom_bytes(seed=1, transfer_syntax_uid=uid, rows=700, columns=500))
    words = np.random.default_rng(1).integers(0, 200, (64, 48)).astype(np.uint16)
    write_deflated_frame(sources / DEFLATED_IMAGE_FRAME, words)
    for name, body in (("png", png_bytes(seed=1)), ("jpeg", jpeg_bytes(seed=1)), ("tiff", tiff_bytes(seed=1))):
        (sources / name).write_bytes(body)
    wanted = [[str(file), file.name if file.name[0] in "pjt" else "dicom"] for file in sorted(sources.iterdir())]
    told = await run(decoding.render_all, wanted, readable=[Path(path) for path, _ in wanted], own=True)
    assert set(told) == {*SYNTAXES, "png", "jpeg", "tiff"}
    assert set(told.values()) == {"rendered"}, told


async def test_every_kind_of_zip_is_unpacked_in_a_confined_child(run: Any, tmp_path: Path) -> None:
    sources = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        sources.append(tmp_path / f"{method}.zip")
        with zipfile.ZipFile(sources[-1], "w", method) as archive:
            archive.writestr("a.png", png_bytes(seed=1))
    told = await run(decoding.unpack_all, [str(source) for source in sources], readable=sources, own=True)
    assert set(told.values()) == {"png"}, told


# --- when a layer is missing or fails ----------------------------------------------------------------------------

FAILING = """
import sys
from pathlib import Path
from mammogram_viewer.adapters import nursery
from mammogram_viewer.adapters.confinement import layers, seccomp, landlock, kernel
from mammogram_viewer.adapters.confinement.layers import Layers

def refuse(*args, **named):
    raise OSError(1, "refused")

if __name__ == "__main__":
    where, what, folder = sys.argv[1:]
    setattr({"seccomp": seccomp, "landlock": landlock, "kernel": kernel}[where], what, refuse)
    limits = nursery._Limits(4 << 30, 60, 60, Layers(True, 1), ())
    nursery._live(limits, folder, lambda: Path(folder, "decoded").write_text("x"), ())
"""


@pytest.mark.parametrize(("where", "what"), [("seccomp", "restrict"), ("landlock", "restrict"), ("kernel", "prctl")])
def test_a_child_that_cannot_be_confined_does_not_begin(tmp_path: Path, where: str, what: str) -> None:
    script = tmp_path / "failing.py"
    script.write_text(FAILING)
    subprocess.run([sys.executable, script, where, what, str(tmp_path)], check=True, timeout=60)
    assert not (tmp_path / "decoded").exists()
    answer = (tmp_path / "answer.json").read_text()
    assert '"raised":"PermissionError' in answer, "it is told as a fault of ours, not of the file"


def test_a_machine_without_all_layers_is_refused_when_they_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    with pytest.raises(StartupProblem, match="file system no"):
        layers.choose("require")
    assert layers.choose("auto") == Layers(system_calls=True)
    assert layers.choose("off") == Layers()
    with pytest.raises(StartupProblem, match="must be one of"):
        layers.choose("perhaps")


def test_an_unknown_processor_is_told_and_not_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.kernel, "machine", lambda: "riscv64")
    assert not seccomp.is_available()
    assert "system calls no" in layers.available().told()
    with pytest.raises(StartupProblem):
        layers.choose("require")


def test_missing_layers_are_a_warning_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, nursery: Nursery
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    Nursery(Settings(), []).close()
    record = next(record for record in caplog.records if record.message == "decoders_confined")
    assert record.levelno == logging.WARNING
    assert "file system no" in record.__dict__["layers"]


def test_libraries_never_include_a_folder_that_holds_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`sys.path` may name the checkout, where DATA_DIR lies by default."""
    monkeypatch.syspath_prepend(str(tmp_path))
    layers.library_paths.cache_clear()
    paths = layers.library_paths()
    layers.library_paths.cache_clear()
    root = Path(__file__).parents[3]
    for unwanted in (tmp_path, root, root / "data", Path.home(), Path("/"), Path("/var/lib"), Path("/etc")):
        assert not [path for path in paths if unwanted == Path(path) or Path(path) in unwanted.parents], unwanted


# --- the filter, by a machine of our own, for the processor that we do not have as well --------------------------

ALLOW, KILL, NO, UNKNOWN = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def judged(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter answers for process 4711."""
    program = seccomp.filter_program(machine, 4711)
    context = struct.pack(
        "=IIQ6Q", number, architecture or ARCHITECTURES[machine], 0, *arguments, *[0] * (6 - len(arguments))
    )
    at, register = 0, 0
    while True:
        code, when_true, when_false, operand = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            register = struct.unpack_from("=I", context, operand)[0]
            continue
        holds = {0x15: register == operand, 0x35: register >= operand, 0x45: bool(register & operand)}[code]
        at += when_true if holds else when_false


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_filter_judges_every_call_as_listed(machine: str) -> None:
    column = list(ARCHITECTURES).index(machine)
    allowed = {numbers[column] for numbers in syscalls.ALLOWED.values()} - {None}
    hostile = {numbers[column] for numbers in syscalls.HOSTILE.values()} - {None}
    special = {
        numbers[column] for numbers in (syscalls.CLONE, syscalls.KILL, syscalls.TGKILL, syscalls.FCNTL, syscalls.IOCTL)
    }
    special |= {syscalls.CLONE3[column], syscalls.PRLIMIT[column]}
    assert not allowed & hostile
    assert not special & (allowed | hostile)
    for number in set(range(600)) - special:
        expected = ALLOW if number in allowed else KILL if number in hostile else NO if number < 448 else UNKNOWN
        assert judged(machine, number) == expected, number


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_filter_looks_at_arguments(machine: str) -> None:
    column = list(ARCHITECTURES).index(machine)

    def call(numbers: syscalls.Numbers, *arguments: int) -> int:
        return judged(machine, numbers[column] or 0, *arguments)

    thread, process, new_user = 0x3D0F00, 0x01200011, 0x10000000
    assert call(syscalls.CLONE, thread) == ALLOW
    assert call(syscalls.CLONE, process) == NO
    assert call(syscalls.CLONE, thread | new_user) == NO
    assert call(syscalls.CLONE3) == UNKNOWN
    for signal_call in (syscalls.KILL, syscalls.TGKILL):
        assert call(signal_call, 4711) == ALLOW
        assert {call(signal_call, pid) for pid in (0, 1, 4710, 2**32 - 1, 2**32 - 4711)} == {NO}
    assert call(syscalls.FCNTL, 3, 1030) == ALLOW
    assert {call(syscalls.FCNTL, 3, command) for command in (8, 10, 15, 1024, 1033)} == {NO}
    assert call(syscalls.IOCTL, 1, 0x5401) == ALLOW
    assert call(syscalls.IOCTL, 1, 0x5412) == NO, "TIOCSTI types into a terminal"
    assert {call(syscalls.PRLIMIT, pid, 9, 0) for pid in (0, 4711)} == {ALLOW}
    assert {call(syscalls.PRLIMIT, 0, 9, new) for new in (1, 2**32, 2**47)} == {NO}
    assert call(syscalls.PRLIMIT, 1, 9, 0) == NO


def test_another_set_of_calls_is_no_way_around() -> None:
    assert judged("x86_64", 3, architecture=0x40000003) == KILL, "32-bit calls"
    assert judged("x86_64", 0x40000000) == KILL, "x32"
    assert judged("aarch64", 3, architecture=0x40000028) == KILL
