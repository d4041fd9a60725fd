"""What only a bucket can get wrong: cut connections, refusals, slow readers, ETags that are no digests, copies."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import logging
import os
from pathlib import Path

import obstore
import pytest

from mammogram_viewer.adapters.storage.keys import new_original_key
from mammogram_viewer.adapters.storage.s3 import S3Storage
from mammogram_viewer.foundation.errors import MammogramViewerError, NotFound, StorageFull, Unavailable
from mammogram_viewer.foundation.settings import MIB
from s3_server import ACCESS_KEY, QUICK, SECRET, Bucket, Relay, refusing


def spooled(folder: Path, body: bytes, name: str = "spooled") -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("size", [3 * MIB, 12 * MIB], ids=["in one request", "in parts"])
async def test_an_upload_that_is_cut_off_leaves_nothing_that_can_be_seen(
    bucket: Bucket, tmp_path: Path, size: int
) -> None:
    key, body = new_original_key(), os.urandom(size)
    source = spooled(tmp_path, body)
    async with Relay(cut_after=2 * size // 3).to(bucket.endpoint) as relay:
        with pytest.raises(Unavailable, match="does not answer"):
            await bucket.storage(endpoint=relay.endpoint).adopt([(source, key)])
    assert relay.sent > size // 2
    assert bucket.objects() == []
    assert source.read_bytes() == body  # still there for another attempt
    await bucket.storage().adopt([(source, key)])
    assert await bucket.storage().read(key) == body


async def test_one_failing_file_ends_the_others_and_is_told_as_itself(bucket: Bucket, tmp_path: Path) -> None:
    sources = [spooled(tmp_path, os.urandom(1000), f"spooled-{n}") for n in range(20)]
    with refusing(403, "AccessDenied") as endpoint, pytest.raises(Unavailable, match="AccessDenied"):
        await bucket.storage(endpoint=endpoint).adopt([(source, new_original_key()) for source in sources])
    assert all(source.exists() for source in sources)


async def test_files_that_take_too_long_are_refused_before_a_sweep_could_take_them_for_lost(
    bucket: Bucket, tmp_path: Path
) -> None:
    settings = dataclasses.replace(QUICK, s3_adopt_seconds=0.05)
    sources = [spooled(tmp_path, os.urandom(2 * MIB), f"spooled-{n}") for n in range(30)]
    with pytest.raises(Unavailable, match="fewer at once"):
        await bucket.storage(settings).adopt([(source, new_original_key()) for source in sources])
    assert sum(source.exists() for source in sources) + len(bucket.objects()) >= len(sources)


async def test_a_slow_reader_is_not_fetched_ahead_of(bucket: Bucket, tmp_path: Path) -> None:
    key = new_original_key()
    await bucket.storage().adopt([(spooled(tmp_path, os.urandom(12 * MIB)), key)])
    async with Relay().to(bucket.endpoint) as relay:
        chunks = bucket.storage(endpoint=relay.endpoint).open_range(key, 0, 12 * MIB)
        first = await anext(chunks)
        assert len(first) == MIB
        await asyncio.sleep(0.5)  # time enough for all of it to come
        assert relay.received < 3 * MIB
        await anext(chunks)
        await asyncio.sleep(0.5)
        assert relay.received < 4 * MIB
        await chunks.aclose()  # pyright: ignore[reportAttributeAccessIssue] - an async generator


@pytest.mark.parametrize("told", [{"byte_count": 4}, {"byte_count": 6}, {"byte_count": 5, "sha256": b"\0" * 32}])
async def test_a_copy_that_is_not_the_file_that_was_received_is_never_given_out(
    bucket: Bucket, tmp_path: Path, told: dict[str, object]
) -> None:
    key = new_original_key()
    await bucket.storage().adopt([(spooled(tmp_path, b"bytes"), key)])
    folder = tmp_path / "spool"
    folder.mkdir()
    with pytest.raises(Unavailable, match="verify"):
        async with bucket.storage().on_disk(key, folder, **told):  # pyright: ignore[reportArgumentType] - of two kinds
            pytest.fail("given out")
    assert list(folder.iterdir()) == []


async def test_a_copy_goes_when_the_block_ends_however_it_ends(bucket: Bucket, tmp_path: Path) -> None:
    key = new_original_key()
    await bucket.storage().adopt([(spooled(tmp_path, b"bytes"), key)])
    folder = tmp_path / "spool"
    folder.mkdir()
    with pytest.raises(ZeroDivisionError):
        async with bucket.storage().on_disk(key, folder, byte_count=5) as path:
            assert path.parent == folder
            assert path.stat().st_mode & 0o077 == 0
            raise ZeroDivisionError
    assert list(folder.iterdir()) == []


async def test_a_move_that_was_interrupted_is_finished_by_moving_again(bucket: Bucket, tmp_path: Path) -> None:
    storage, old = bucket.storage(), new_original_key()
    new = f"quarantine/2026-01-31/{old}"
    await storage.adopt([(spooled(tmp_path, b"bytes"), old)])
    await obstore.copy_async(bucket.store, old, new)  # as far as it got
    await storage.move(old, new)
    assert bucket.objects() == [new]
    assert await storage.read(new) == b"bytes"


async def test_etags_that_are_no_digests_are_made_sure_of_by_reading_once(bucket: Bucket, tmp_path: Path) -> None:
    body = os.urandom(4 * MIB)
    async with Relay().to(bucket.endpoint) as relay:
        strange = _StrangeEtags(bucket.url, QUICK, endpoint=relay.endpoint)
        await strange.adopt([(spooled(tmp_path, body), "originals/aa/first")])
        assert relay.received > 4 * MIB
        before = relay.received
        await strange.adopt([(spooled(tmp_path, body), "originals/aa/second")])
        assert relay.received - before < MIB
    assert await bucket.storage().read("originals/aa/second") == body


class _StrangeEtags(S3Storage):
    """Stands before a bucket whose ETags are no digests: moto has none."""

    def _expected_etag(self, source: Path) -> str:
        return "made with a key of KMS"


async def test_bytes_that_s3_keeps_otherwise_than_they_were_sent_are_not_taken(bucket: Bucket, tmp_path: Path) -> None:
    storage, key = bucket.storage(), new_original_key()
    await obstore.put_async(bucket.store, key, b"other bytes")
    source = spooled(tmp_path, b"these bytes")
    with pytest.raises(Unavailable, match="other bytes"):
        await storage._compare(source, key)
    assert source.exists()


REFUSALS = [
    (403, "AccessDenied", Unavailable, "s3:PutObject"),
    (403, "SignatureDoesNotMatch", Unavailable, "AWS_SECRET_ACCESS_KEY"),
    (403, "InvalidAccessKeyId", Unavailable, "AWS_ACCESS_KEY_ID"),
    (403, "RequestTimeTooSkewed", Unavailable, "clock"),
    (400, "ExpiredToken", Unavailable, "credentials"),
    (400, "AuthorizationHeaderMalformed", Unavailable, "AWS_REGION"),
    (404, "NoSuchBucket", Unavailable, "create it"),
    (503, "SlowDown", Unavailable, "MAMMOGRAM_VIEWER_S3_TRANSFERS"),
    (500, "InternalError", Unavailable, "doctor"),
    (403, "QuotaExceeded", StorageFull, "quota"),
    (507, "XMinioStorageFull", StorageFull, "quota"),
]


@pytest.mark.parametrize(("status", "code", "kind", "mend"), REFUSALS, ids=[row[1] for row in REFUSALS])
async def test_every_refusal_names_its_mend_and_tells_no_secret(
    tmp_path: Path,
    s3_server: str,  # for the credentials in the environment
    caplog: pytest.LogCaptureFixture,
    status: int,
    code: str,
    kind: type[MammogramViewerError],
    mend: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    source = spooled(tmp_path, b"x")
    with refusing(status, code) as endpoint:
        storage = Bucket(endpoint, "mammograms").storage()
        with pytest.raises(kind) as refused:
            await storage.adopt([(source, new_original_key())])
        for act in (storage.read("originals/aa/x"), storage.check_writable(), storage.move("a/b", "c/d")):
            with pytest.raises(kind):
                await act
        with pytest.raises(kind):
            list(storage.list_keys("originals", older_than_seconds=0))
    assert mend in refused.value.detail
    assert code in refused.value.detail
    told = refused.value.detail + caplog.text + repr([record.__dict__ for record in caplog.records])
    assert ACCESS_KEY not in told
    assert SECRET not in told
    assert "originals" not in told


async def test_a_bucket_that_is_not_there_is_never_taken_for_missing_files(s3_server: str) -> None:
    storage = Bucket(s3_server, "never-made").storage()
    for act in (storage.byte_count("originals/aa/x"), storage.read("originals/aa/x"), storage.delete(["a", "b"])):
        with pytest.raises(Unavailable, match="NoSuchBucket"):
            await act
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        async with storage.on_disk("originals/aa/x", Path("/nowhere"), byte_count=1):
            pytest.fail("given out")


async def test_an_address_that_is_no_s3_at_all_takes_nothing(tmp_path: Path, s3_server: str) -> None:
    with refusing(404, "") as endpoint, pytest.raises(Unavailable, match="AWS_ENDPOINT_URL"):
        await Bucket(endpoint, "mammograms").storage().adopt([(spooled(tmp_path, b"x"), new_original_key())])


async def test_a_silent_server_is_given_up_on_in_time(tmp_path: Path, s3_server: str) -> None:
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(0), "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(15):
        with pytest.raises(Unavailable, match="does not answer"):
            await Bucket(endpoint, "mammograms").storage().read("originals/aa/x")
    silent.close()


async def test_a_probe_costs_one_write_in_a_while(bucket: Bucket) -> None:
    async with Relay().to(bucket.endpoint) as relay:
        storage = bucket.storage(endpoint=relay.endpoint)
        await storage.check_writable()
        sent = relay.sent
        assert sent > 0
        await storage.check_writable()
        assert relay.sent == sent
    assert bucket.objects() == []


async def test_two_archives_in_one_bucket_do_not_see_each_other(bucket: Bucket, tmp_path: Path) -> None:
    mine = bucket.storage()
    other = S3Storage(f"s3://{bucket.name}/archive-2", QUICK, endpoint=bucket.endpoint)
    whole = S3Storage(f"s3://{bucket.name}", QUICK, endpoint=bucket.endpoint)
    await mine.adopt([(spooled(tmp_path, b"mine"), "originals/aa/x")])
    await other.adopt([(spooled(tmp_path, b"other"), "originals/aa/x")])
    assert await mine.read("originals/aa/x") == b"mine"
    assert list(mine.list_keys("", older_than_seconds=-2)) == ["originals/aa/x"]
    assert sorted(whole.list_keys("", older_than_seconds=-2)) == ["archive-2/originals/aa/x", "archive/originals/aa/x"]
    with pytest.raises(NotFound):
        await whole.read("originals/aa/x")


async def test_what_is_sent_carries_a_digest_that_s3_compares(bucket: Bucket, tmp_path: Path) -> None:
    body = os.urandom(1000)
    async with Relay().to(bucket.endpoint) as relay:
        await bucket.storage(endpoint=relay.endpoint).adopt([(spooled(tmp_path, body), "originals/aa/x")])
    digest = hashlib.sha256(body)
    assert b"x-amz-checksum-sha256: " + base64.b64encode(digest.digest()) in relay.beginning
    assert b"x-amz-content-sha256: " + digest.hexdigest().encode() in relay.beginning
    assert SECRET.encode() not in relay.beginning
