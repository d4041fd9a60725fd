"""What settings refuse before anything starts."""

from __future__ import annotations

import pytest

from mammogram_viewer.foundation.errors import StartupProblem
from mammogram_viewer.foundation.settings import load_settings


@pytest.mark.parametrize("size", ["1", "0", "-3"])
def test_a_pool_in_which_the_reconciler_would_wait_for_itself_is_refused(size: str) -> None:
    with pytest.raises(StartupProblem, match="MAMMOGRAM_VIEWER_DATABASE_POOL_SIZE"):
        load_settings({"MAMMOGRAM_VIEWER_DATABASE_POOL_SIZE": size})


def test_two_connections_are_enough() -> None:
    assert load_settings({"MAMMOGRAM_VIEWER_DATABASE_POOL_SIZE": "2"}).database_pool_size == 2


@pytest.mark.parametrize("url", ["file:///srv/my files", "s3://mammograms", "s3://mammograms/archive/2026", ""])
def test_storage_is_a_folder_or_a_bucket(url: str) -> None:
    assert load_settings({"STORAGE_URL": url}).storage_on_s3 is url.startswith("s3://")


@pytest.mark.parametrize(
    "url", ["/srv/files", "file://srv/files", "https://s3.example/mammograms", "s3://", "s3://KEY:secret@bucket/x"]
)
def test_other_places_for_storage_are_refused_without_telling_what_they_were(url: str) -> None:
    with pytest.raises(StartupProblem, match="STORAGE_URL") as refused:
        load_settings({"STORAGE_URL": url})
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(("name", "value"), [("S3_PART_BYTES", "1048576"), ("S3_ADOPT_SECONDS", "3600")])
def test_limits_of_s3_that_could_lose_a_file_are_refused(name: str, value: str) -> None:
    with pytest.raises(StartupProblem, match=name):
        load_settings({f"MAMMOGRAM_VIEWER_{name}": value})
