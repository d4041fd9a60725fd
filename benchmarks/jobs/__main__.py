"""`python -m benchmarks.jobs`."""

from __future__ import annotations

from benchmarks.jobs.run import main

if __name__ == "__main__":
    main()
