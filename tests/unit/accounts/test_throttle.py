import asyncio

import pytest

from mammogram_viewer.accounts.throttle import Throttle
from mammogram_viewer.foundation.errors import TooManyRequests, Unavailable
from mammogram_viewer.foundation.settings import Settings

OWNER, STRANGER = "203.0.113.7", "198.51.100.9"
ACCOUNT = "ada@clinic.example"


def throttle_with(**limits: int) -> Throttle:
    return Throttle(Settings(**limits))


async def known() -> bool:
    return True


async def unknown() -> bool:
    return False


async def fail(throttle: Throttle, ip: str, *, account: str = ACCOUNT, times: int = 1) -> None:
    for _ in range(times):
        async with throttle.sign_in(account, ip, unknown) as attempt:
            attempt.failed()


async def test_failures_of_one_guesser_are_bounded_and_the_wait_is_told() -> None:
    throttle = throttle_with(login_attempts_per_minute=3)
    await fail(throttle, STRANGER, times=3)
    with pytest.raises(TooManyRequests) as refusal:
        await fail(throttle, STRANGER)
    assert refusal.value.retry_after_seconds is not None
    assert 1 <= refusal.value.retry_after_seconds <= 60


async def test_right_passwords_never_count() -> None:
    throttle = throttle_with(login_attempts_per_minute=3)
    for _ in range(10):
        async with throttle.sign_in(ACCOUNT, OWNER, unknown):
            pass


async def test_neighbouring_addresses_and_other_spellings_share_one_count() -> None:
    throttle = throttle_with(login_attempts_per_minute=2)
    await fail(throttle, "198.51.100.9", account="Ada@Clinic.example ")
    await fail(throttle, "198.51.100.200", account=ACCOUNT)
    with pytest.raises(TooManyRequests):
        await fail(throttle, "198.51.100.77")


async def test_stranger_elsewhere_does_not_slow_the_owner() -> None:
    throttle = throttle_with(login_attempts_per_minute=3)
    await fail(throttle, STRANGER, times=3)
    await fail(throttle, OWNER, times=3)


async def test_one_guesser_at_many_accounts_is_bounded() -> None:
    throttle = throttle_with(address_login_failures_per_minute=5)
    for number in range(5):
        await fail(throttle, STRANGER, account=f"user{number}@clinic.example")
    with pytest.raises(TooManyRequests):
        await fail(throttle, STRANGER, account="user9@clinic.example")
    await fail(throttle, OWNER, account="user9@clinic.example")


async def test_account_under_attack_from_everywhere_stays_open_to_its_owner() -> None:
    throttle = throttle_with(login_attempts_per_minute=5, login_failures_per_hour=20)
    for number in range(10):
        await fail(throttle, f"10.0.{number}.1", times=2)
    # A network the account signed in from keeps all its attempts, a new one has two a minute: nobody is shut out.
    for _ in range(4):
        async with throttle.sign_in(ACCOUNT, OWNER, known) as attempt:
            attempt.failed()
    await fail(throttle, "192.0.2.1", times=2)
    with pytest.raises(TooManyRequests):
        await fail(throttle, "192.0.2.1")
    async with throttle.sign_in(ACCOUNT, OWNER, known):
        pass


async def test_many_guesses_at_once_are_no_way_round() -> None:
    throttle = throttle_with(login_attempts_per_minute=10)
    gate = asyncio.Event()

    async def guess() -> bool:
        try:
            async with throttle.sign_in(ACCOUNT, STRANGER, unknown) as attempt:
                await gate.wait()
                attempt.failed()
        except TooManyRequests:
            return False
        return True

    guesses = [asyncio.create_task(guess()) for _ in range(100)]
    await asyncio.sleep(0)
    gate.set()
    assert sum(await asyncio.gather(*guesses)) == 10


async def test_colleagues_who_sign_in_at_the_same_moment_wait_for_each_other() -> None:
    throttle = throttle_with(login_attempts_per_minute=2, address_login_failures_per_minute=3)

    async def come_in(number: int) -> None:
        async with throttle.sign_in(f"user{number}@clinic.example", OWNER, unknown):
            await asyncio.sleep(0)

    await asyncio.gather(*(come_in(number) for number in range(40)))


async def test_queue_of_those_who_wait_is_bounded() -> None:
    throttle = throttle_with(login_attempts_per_minute=1, password_hashes_waiting=2)
    gate = asyncio.Event()

    async def come_in() -> bool:
        try:
            async with throttle.sign_in(ACCOUNT, OWNER, known):
                await gate.wait()
        except Unavailable:
            return False
        return True

    arrivals = [asyncio.create_task(come_in()) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    assert sum(await asyncio.gather(*arrivals)) == 3


async def test_places_are_given_back_when_a_check_ends_in_trouble() -> None:
    throttle = throttle_with(login_attempts_per_minute=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="trouble"):
            async with throttle.sign_in(ACCOUNT, OWNER, unknown):
                raise ValueError("trouble")


async def test_registrations_from_one_network_are_bounded() -> None:
    throttle = throttle_with(register_attempts_per_hour=2)
    throttle.demand_registration(STRANGER)
    throttle.demand_registration(STRANGER)
    with pytest.raises(TooManyRequests):
        throttle.demand_registration(STRANGER)
    throttle.demand_registration(OWNER)
