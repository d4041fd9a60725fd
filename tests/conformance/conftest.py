"""Storage adapters meet real servers."""

from s3_server import bucket, s3_server  # noqa: F401 - fixtures are found by name
