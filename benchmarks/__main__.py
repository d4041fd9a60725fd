"""`make bench`: every measurement, one after the other."""

from __future__ import annotations

from benchmarks import upload
from benchmarks.analytics import run as analytics
from benchmarks.gallery import run as gallery
from benchmarks.jobs import run as jobs
from benchmarks.pixels import run as pixels
from benchmarks.viewer import run as viewer

if __name__ == "__main__":
    upload.main()
    pixels.main()
    jobs.main()
    gallery.main()
    analytics.main()
    viewer.main()
