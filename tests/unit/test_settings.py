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
