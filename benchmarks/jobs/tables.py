"""Results for people at a terminal, each figure beside its target."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_results(results: dict[str, Any], console: Console) -> None:
    where = results["machine"]
    console.print(
        f"{results['commit'][:12] or 'no commit'}{' with changes' if results['uncommitted_changes'] else ''} · "
        f"{where['cores']} × {where['processor']} · load {where['load_average_before']} · {where['file_system']}"
    )
    table = _table("The queue", "what", "ours", "beside it", "result", "target", "met")
    _answers(table, results["answers"])
    _bookkeeping(table, results["bookkeeping"])
    for name, seconds in results.get("recovery", {}).get("seconds", {}).items():
        _recovery(table, name, seconds, results["recovery"])
    _lists(table, results["lists"])
    _retry(table, results["retry"])
    console.print(table)
    console.print(_slowest(results["lists"]))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


def _answers(table: Table, each: dict[str, Any]) -> None:
    table.add_row(
        f"answer to an upload of {each['file_bytes'] / 1e6:.1f} MB, beside one without a job",
        f"{each['with_job_ms']['median']:.2f} ms",
        f"{each['without_job_ms']['median']:.2f} ms",
        _spread(each["ratio"]),
        f"≤ {each['target']['ratio_at_most']}",
        _yes(each["met"]),
    )


def _bookkeeping(table: Table, each: dict[str, Any]) -> None:
    table.add_row(
        f"{each['jobs']} jobs that do nothing, beside BullMQ's worker alone",
        f"{each['ours_per_second']['median']:.0f} /s",
        f"{each['bullmq_per_second']['median']:.0f} /s",
        _spread(each["share"]),
        f"≥ {each['target']['share_at_least']}",
        _yes(each["met"]),
    )


def _recovery(table: Table, name: str, seconds: dict[str, Any], each: dict[str, Any]) -> None:
    target = each["target"][name.split(":")[0]]
    judged = "until all" not in name
    table.add_row(
        f"{name}, {seconds['count']} times",
        f"{seconds['median']:.1f} s",
        "",
        f"longest {seconds['max']:.1f} s",
        f"≤ {target:g} s" if judged else "-",
        _yes(seconds["max"] <= target) if judged else "-",
    )


def _lists(table: Table, each: dict[str, Any]) -> None:
    table.add_row(
        f"{each['pages']} pages of {each['rows']:,} jobs, at the database",
        f"{each['median_ms']:.2f} ms",
        "",
        f"slowest {each['slowest_ms']:.2f} ms, {each['over_target']} over",
        f"≤ {each['target']['ms_at_most']:g} ms",
        _yes(each["met"]),
    )
    counts = each["counts"]
    table.add_row(f"counting {each['rows']:,} jobs", f"{counts['all_together_ms']:.0f} ms", "", "", "-", "-")


def _retry(table: Table, each: dict[str, Any]) -> None:
    table.add_row(
        f"retrying {each['jobs']:,} failed jobs at once",
        f"{each['seconds']['median']:.2f} s",
        "",
        f"longest {each['seconds']['max']:.2f} s",
        f"≤ {each['target']['seconds_at_most']:g} s",
        _yes(each["met"]),
    )


def _slowest(each: dict[str, Any]) -> Table:
    table = _table("The slowest pages", "filters", "page", "ms", "plan")
    for figure in each["slowest"]:
        table.add_row(figure["filters"], figure["page"], f"{figure['ms']:.2f}", ", ".join(figure["plan"]))
    return table


def _spread(ratio: dict[str, float]) -> str:
    return f"{ratio['median_of_pairs']:.2f} ({ratio['p25']:.2f}-{ratio['p75']:.2f})"


def _yes(met: bool) -> str:
    return "yes" if met else "[bold red]no[/]"
