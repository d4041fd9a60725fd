"""Which storage STORAGE_URL asks for. S3's credentials stand in the usual AWS_* variables, or in `.env`."""

from __future__ import annotations

import os
from pathlib import Path

from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.settings import Settings, read_dotenv

# The first that is set counts, as in Amazon's own tools.
_ENDPOINT_NAMES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def open_storage(settings: Settings) -> Storage:
    """The adapter for STORAGE_URL; asks no server yet."""
    if not settings.storage_on_s3:
        return LocalStorage(settings.storage_dir)
    from mammogram_viewer.adapters.storage.s3 import S3Storage  # 20 MB that a local folder does not need

    for name, value in read_dotenv(Path(".env")).items():
        if name.startswith("AWS_"):
            os.environ.setdefault(name, value)  # where obstore looks; decoder children get an empty environment
    return S3Storage(settings.storage_url, settings, endpoint=s3_endpoint())


def s3_endpoint() -> str:
    """The address of a store other than Amazon's, or empty."""
    return next((os.environ[name] for name in _ENDPOINT_NAMES if os.environ.get(name)), "")
