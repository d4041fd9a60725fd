"""Passwords: what is accepted, how they are kept (argon2id), and how a guess costs the same for every account.

At most two hashes run at once, each 46 MiB, on two threads of their own (argon2 lets go of the interpreter); a queue
longer than the setting allows is refused rather than grown. Composition rules are absent on purpose: length and a
block list are what helps (NIST SP 800-63B-4, 3.1.1.2)."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mammogram_viewer.foundation.errors import Invalid, Unavailable
from mammogram_viewer.foundation.settings import Settings

Answer = TypeVar("Answer")

MAX_LENGTH = 1024
_HASHES_AT_ONCE = 2
_HASHER = PasswordHasher(memory_cost=47104, time_cost=1, parallelism=1)
# Of a random password that nobody kept: what a guess at an unknown account is checked against, so that it takes as
# long as at a known one. Made with the parameters above; a test holds the two together.
DUMMY_HASH = "$argon2id$v=19$m=47104,t=1,p=1$vctwDnY7QNMOVsTXl2w4Fg$1Ru2wyOJHydTCdJXHD0WlGcSzc/q4UBEIs7Hz4vnhjk"

_threads = ThreadPoolExecutor(_HASHES_AT_ONCE, thread_name_prefix="argon2")
_waiting = 0


async def hash_password(settings: Settings, password: str) -> str:
    """The argon2id hash to store; about 50 ms of a core."""
    return await _on_thread(settings, lambda: _HASHER.hash(normalised(password)))


async def verify_password(settings: Settings, stored_hash: str | None, password: str) -> bool:
    """Whether it is the right password. False for an account without one, after the same work."""
    text = normalised(password)
    right = await _on_thread(settings, lambda: _verify(stored_hash or DUMMY_HASH, text[:MAX_LENGTH]))
    return right and stored_hash is not None and len(text) <= MAX_LENGTH


def needs_rehash(stored_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored_hash)


def normalised(password: str) -> str:
    """NFC, so that the same keys pressed on two systems give the same bytes."""
    return unicodedata.normalize("NFC", password)


def _verify(stored_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def _on_thread(settings: Settings, work: Callable[[], Answer]) -> Answer:
    global _waiting
    if _waiting >= settings.password_hashes_waiting:
        raise Unavailable("Too many people are signing in at this moment. Try again.", retry_after_seconds=2)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1


# --- what is accepted -----------------------------------------------------------------------------------------


def check_new_password(settings: Settings, password: str, *, about: Sequence[str]) -> None:
    """Refuse what is too short, too long or among the first that are guessed; `about`: the owner's e-mail and name."""
    text = normalised(password)
    if len(text) < settings.password_min_length:
        raise Invalid(
            f"A password needs at least {settings.password_min_length} characters. A few words in a row do well.",
            code="password_too_short",
        )
    if len(text) > MAX_LENGTH:
        raise Invalid(f"A password has at most {MAX_LENGTH} characters.", code="password_too_long")
    if _is_common(text.casefold(), about):
        raise Invalid(
            "This password is among the first that are guessed. Choose one that is not a well-known word, a pattern "
            "of keys, or made of your own or the program's name.",
            code="password_common",
        )


def _is_common(text: str, about: Sequence[str]) -> bool:
    without_tail = re.sub(r"[\W\d_]+$", "", text)  # "administrator1!" is "administrator"
    return (
        text in _common_passwords()
        or without_tail in _common_passwords()
        or _repeats_itself(text)
        or _is_a_run(text)
        or _little_is_left(text, about)
    )


def _repeats_itself(text: str) -> bool:
    """A unit of at most eight characters over and over: `dragondragon`, `1234123412`."""
    return any((text[:length] * len(text)).startswith(text) for length in range(1, min(8, len(text) - 1) + 1))


def _is_a_run(text: str) -> bool:
    """Each character one more, or each one less, than the one before: `cdefghijklmn`."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})


def _little_is_left(text: str, about: Sequence[str]) -> bool:
    """Whether fewer than six letters and digits remain without the words that an attacker would try first."""
    words = {"mammogram", "mammography", "viewer", "password"}
    for source in about:
        words.update(word for word in re.split(r"[\W_]+", source.casefold()) if len(word) >= 4)
    left = text
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return left != text and sum(character.isalnum() for character in left) < 6


@cache
def _common_passwords() -> frozenset[str]:
    lines = files("mammogram_viewer.accounts").joinpath("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("# "))
