import asyncio
import threading
from unittest.mock import patch

import pytest

from mammogram_viewer.accounts import passwords
from mammogram_viewer.foundation.errors import Invalid, Unavailable
from mammogram_viewer.foundation.settings import Settings

SETTINGS = Settings()


def refusal_of(password: str, about: tuple[str, ...] = ()) -> str | None:
    try:
        passwords.check_new_password(SETTINGS, password, about=about)
    except Invalid as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    "password",
    [
        "seven quiet lighthouses",
        "xK9#mQ2$vL5n",
        "ein Löwe, drei Tulpen",
        "薄暮の灯台と七羽の鳥たち",
        "🦊🐢🦉🐝🦋🐙🦀🐳🦜🐌🦔🐿",
        "correct horse lighthouse",
    ],
)
def test_long_enough_and_uncommon_passwords_are_accepted_without_composition_rules(password: str) -> None:
    assert refusal_of(password) is None


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "PassWord1234",
        "passwordpassword",
        "administrator",
        "Administrator1!",
        "qwertyuiop12",
        "aaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "12341234123412341",
        "abcdefghijklmn",
        "987654321zyxwv"[:9] + "000",
        "nmlkjihgfedcba",
        "mammogram-viewer",
        "MammogramViewer2024",
        "correct horse battery staple",
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    assert refusal_of(password) == "password_common"


def test_password_made_of_the_owners_address_or_name_is_refused() -> None:
    about = ("florence@clinic.example", "Florence Nightingale")
    assert refusal_of("florence@clinic.example", about) == "password_common"
    assert refusal_of("Nightingale-2024", about) == "password_common"
    assert refusal_of("nightingale sang in berkeley square", about) is None


def test_length_counts_characters_after_normalisation() -> None:
    assert refusal_of("xK9#mQ2$vL5") == "password_too_short"
    # Eleven letters; the twelfth code point is a combining mark that NFC folds away.
    assert refusal_of("xK9#mQ2$vLu\u0308") == "password_too_short"
    assert refusal_of("xK9#mQ2$vL5n" * 86) == "password_too_long"


def test_every_listed_common_password_is_long_enough_to_matter() -> None:
    common = passwords._common_passwords()
    assert len(common) > 400
    assert all(len(word) >= 12 and word == word.casefold() for word in common)


async def test_hash_is_salted_argon2id_with_the_parameters_we_promise() -> None:
    one, other = [await passwords.hash_password(SETTINGS, "seven quiet lighthouses") for _ in range(2)]
    assert one.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert one != other
    assert await passwords.verify_password(SETTINGS, one, "seven quiet lighthouses")
    assert not await passwords.verify_password(SETTINGS, one, "seven quiet lighthouseS")


async def test_same_keys_on_two_systems_give_the_same_password() -> None:
    composed, decomposed = "caf\u00e9 lighthouse", "cafe\u0301 lighthouse"
    stored = await passwords.hash_password(SETTINGS, composed)
    assert await passwords.verify_password(SETTINGS, stored, decomposed)


async def test_account_without_password_admits_nobody() -> None:
    assert not await passwords.verify_password(SETTINGS, None, "seven quiet lighthouses")
    assert not await passwords.verify_password(SETTINGS, None, "")


async def test_overlong_password_is_wrong_even_if_it_begins_right() -> None:
    stored = await passwords.hash_password(SETTINGS, "x" * passwords.MAX_LENGTH)
    assert not await passwords.verify_password(SETTINGS, stored, "x" * (passwords.MAX_LENGTH + 1))


def test_guess_at_an_unknown_account_costs_what_one_at_a_known_account_costs() -> None:
    # The same parameters are the same work: memory, passes and lanes are all that argon2's time depends on.
    assert not passwords.needs_rehash(passwords.DUMMY_HASH)
    assert passwords.needs_rehash("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43)


async def test_at_most_two_hashes_run_at_once_and_the_queue_is_bounded() -> None:
    running, most, lock = 0, 0, threading.Lock()
    gate, two_are_running = threading.Event(), threading.Event()

    def slow_hash(_password: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if most == 2:
            two_are_running.set()
        gate.wait(5)
        with lock:
            running -= 1
        return "hash"

    settings = Settings(password_hashes_waiting=5)
    with patch.object(passwords, "_HASHER") as hasher:
        hasher.hash.side_effect = slow_hash
        tasks = [asyncio.create_task(passwords.hash_password(settings, "x")) for _ in range(6)]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in done] == [Unavailable]
        assert await asyncio.to_thread(two_are_running.wait, 5)
        gate.set()
        assert await asyncio.gather(*waiting) == ["hash"] * 5
    assert most == 2
