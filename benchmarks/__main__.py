"""`make bench`: every measurement, one after the other."""

from __future__ import annotations

from benchmarks import upload

if __name__ == "__main__":
    upload.main()
