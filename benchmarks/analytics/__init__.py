"""`make bench-analytics`: dashboards, feeds, folding and CSV over ten million activities, beside the naive SQL."""
