"""Results for people at a terminal, each figure beside its target."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_results(results: dict[str, Any], console: Console) -> None:
    where = results["machine"]
    console.print(
        f"{results['commit'][:12] or 'no commit'}{' with changes' if results['uncommitted_changes'] else ''} · "
        f"{where['cores']} × {where['processor']} · load {where['load_average_before']} · "
        f"{results['users']:,} users, {results['images']:,} images, {results['views']:,} views, "
        f"{results['activities']:,} activities over {results['days']} days"
    )
    console.print(_times(results))
    if "charts" in results:
        console.print(_charts(results["charts"]))
    console.print(_others(results))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


def _times(results: dict[str, Any]) -> Table:
    table = _table("Answers, ms", "what", "median", "p95", "target of p95", "met")
    rows: dict[str, Any] = {}
    if "dashboard" in results:
        one = results["dashboard"]
        rows |= {f"dashboard, {name}": each for name, each in one["windows"].items()}
        rows["dashboard, 365 days"] = one["365_days"]
        rows["dashboard, a range of one's own"] = one["custom"]
        rows["dashboard, the first time of either"] = one["first_time"]
    if "most_viewed" in results:
        one = results["most_viewed"]
        rows |= {f"most viewed, {name}": each for name, each in one["standard"].items()}
        rows["most viewed, a range of one's own, first"] = one["custom_first"]
        rows["most viewed, a range of one's own, again"] = one["custom_again"]
    rows |= {f"feed, {each['filter']}, page {each['page']:,}": each for each in results.get("feed", [])}
    if "statistics" in results:
        rows["update_system_stats, a day"] = results["statistics"]
    if "paint" in results:
        rows["/analytics painted with its numbers"] = results["paint"]
    for name, each in rows.items():
        ms = each["ms"]
        target = each["target"]["p95_ms_at_most"]
        table.add_row(name, f"{ms['median']:.2f}", f"{ms['p95']:.2f}", f"≤ {target:g}", _yes(each["met"]))
    return table


def _charts(charts: list[dict[str, Any]]) -> Table:
    table = _table("Beside the naive SQL", "chart", "ours, ms", "naive, ms", "times faster", "target", "met")
    for each in charts:
        ratio = each["times_faster"]
        table.add_row(
            f"{each['chart']}, {each['days']} days",
            f"{each['ours_ms']['median']:.2f}",
            f"{each['naive_ms']['median']:.1f}",
            f"{ratio['median_of_pairs']:.0f} ({ratio['p25']:.0f}-{ratio['p75']:.0f})",
            f"≥ {each['target']['times_faster_at_least']:g}" if each["target"] else "-",
            _yes(each["met"]) if each["target"] else "-",
        )
    return table


def _others(results: dict[str, Any]) -> Table:
    table = _table("The rest", "what", "result", "target", "met")
    seeding = results["seeding"]
    table.add_row("making the data", f"{seeding['seconds']:.0f} s", "≤ 600 s", _yes(seeding["met"]))
    if "folding" in results:
        one = results["folding"]
        table.add_row(
            "events folded a second",
            f"{one['folded_per_second']['median']:,.0f}",
            f"≥ {one['target']['folded_per_second_at_least']:,.0f}",
            _yes(one["met"]),
        )
        table.add_row("events that arrive a second, by COPY", f"{one['copied_per_second']['median']:,.0f}", "-", "-")
    if "tracking" in results:
        one = results["tracking"]
        table.add_row(
            f"tracking adds to a picture ({one['untracked_ms']['median']:.2f} ms without), p95",
            f"{one['added_ms']['of_p95']:.2f} ms, {one['added_ms']['median_of_pairs']:.2f} in the middle",
            f"≤ {one['target']['added_p95_ms_at_most']:g} ms",
            _yes(one["met"]),
        )
    if "csv" in results:
        one = results["csv"]
        memory = one["memory_mb"]
        table.add_row(
            f"CSV of {one['rows']:,} rows, {one['rows_per_second']['median']:,.0f} a second: memory",
            f"{memory['before']:.0f} MB, {memory['peak']:.0f} at most, {memory['after']:.0f} after",
            f"≤ +{one['target']['growth_mb_at_most']:g} MB",
            _yes(one["met"]),
        )
    return table


def _yes(met: bool) -> str:
    return "yes" if met else "[bold red]no[/]"
