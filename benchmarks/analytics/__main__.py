"""`make bench-analytics`."""

from __future__ import annotations

from benchmarks.analytics.run import main

if __name__ == "__main__":
    main()
