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
        f"{results['images']:,} images, {results['exams']:,} exams, {results['users']:,} users"
    )
    console.print(_lists(results["lists"]["rows"]))
    console.print(_indexes(results["indexes"]))
    console.print(_others(results))
    never = results["unused"]
    console.print(f"Indexes that nothing here walked: {', '.join(never['indexes']) or 'none'}")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


def _lists(rows: list[dict[str, Any]]) -> Table:
    table = _table("Pages, ms", "list and filters", "database", "slowest place", "API median", "p95, its place", "met")
    for row in rows:
        target = row["target"]
        slowest = _largest(row["database_ms"]) if row["database_ms"] else ("", None)
        place, p95 = _largest(row["api_p95_ms"])
        at_most = target["database_ms_at_most"]
        table.add_row(
            f"{row['list'].removeprefix('/api/')} {row['filters']}",
            "-" if slowest[1] is None else f"{slowest[1]:.2f}{'' if at_most is None else f' ≤ {at_most:g}'}",
            slowest[0],
            f"{row['api_median_ms']:.2f}",
            f"{p95:.2f} ≤ {target['api_p95_ms_at_most']:g}, {place}",
            _yes(row["database_met"] and row["api_met"]),
        )
    return table


def _largest(by_place: dict[str, float]) -> tuple[str, float]:
    return max(by_place.items(), key=lambda item: item[1])


def _indexes(indexes: list[dict[str, Any]]) -> Table:
    table = _table("Indexes", "index", "MB", "pages", "of them, the one that gains most", "with, ms", "without, ms")
    for index in indexes:
        best = next(iter(index["with_and_without"]), None)
        without = best and (best["without_ms"] or f"> {best['without_ms_more_than']}")
        table.add_row(
            index["index"],
            f"{index['megabytes']:.1f}",
            str(index["pages_that_walk_it"]),
            f"{best['filters']}, {best['page']}" if best else "-",
            f"{best['with_ms']:.2f}" if best else "-",
            "-" if without is None else f"{without:.2f}" if isinstance(without, float) else str(without),
        )
    return table


def _others(results: dict[str, Any]) -> Table:
    table = _table("Beside others", "what", "ours", "beside it", "result", "target", "met")
    deep = results["depth"]
    ours, first = (deep["api_ms"][place]["median"] for place in ("last", "first"))
    table.add_row(
        f"page {deep['page']:,}, beside page 1",
        f"{ours:.2f} ms",
        f"{first:.2f} ms",
        _spread(deep["ratio"]),
        f"≤ {deep['target']['ratio_at_most']}",
        _yes(deep["met"]),
    )
    table.add_row(
        "the same by OFFSET, at the database",
        f"{deep['database_ms']['last']:.2f} ms",
        f"{deep['offset']['database_ms']:.0f} ms",
        f"{deep['offset']['times_slower']:.0f} times slower",
        "-",
        "-",
    )
    express = results["express"]
    for sign_in, by_connections in express["by_sign_in_and_connections"].items():
        for connections, each in by_connections.items():
            ratio = each["ratio"]
            target = express["target"]["ratio_at_least"]
            table.add_row(
                f"requests a second, {sign_in}, {connections} connections, beside Express + pg",
                f"{each['api']['requests_per_second']['median']:.0f}",
                f"{each['express']['requests_per_second']['median']:.0f}",
                _spread(ratio),
                f"≥ {target}",
                _yes(ratio["median_of_pairs"] >= target),
            )
    if "browser" in results:
        _browser(table, results["browser"])
    return table


def _browser(table: Table, measured: dict[str, Any]) -> None:
    opened, walked, sent = (measured[part] for part in ("opening", "journey", "upload"))
    table.add_row(
        f"{opened['pictures']['large']} thumbnails painted, beside an archive of a hundred",
        f"{opened['large_ms']['median']:.0f} ms",
        f"{opened['small_ms']['median']:.0f} ms",
        _spread(opened["ratio"]),
        f"≤ {opened['target']['ratio_at_most']}",
        _yes(opened["met"]),
    )
    table.add_row(
        f"{sent['files']} files sent from the page in {sent['seconds']:.0f} s: longest task",
        f"{sent['longest_task_ms']:.0f} ms",
        "",
        f"{sent['long_tasks']} over 50 ms, longest on the processor {sent['longest_task_cpu_ms']:.0f} ms",
        f"≤ {sent['target']['longest_task_ms_at_most']:g} ms",
        _yes(sent["met"]),
    )
    wrong = [name.replace("_", " ") for name, held in walked["verdicts"].items() if not held]
    table.add_row(
        f"{walked['screens']} screens down and back, {walked['images_seen']:,} images: heap",
        f"{walked['heap_mb'].get('down', 0):.1f} MB",
        f"{walked['heap_mb'].get('early', 0):.1f} MB early",
        "fails: " + ", ".join(wrong) if wrong else "all in its place",
        f"≤ +{walked['target']['heap_growth_mb_at_most']:g} MB",
        _yes(walked["met"]),
    )


def _spread(ratio: dict[str, float]) -> str:
    return f"{ratio['median_of_pairs']:.2f} ({ratio['p25']:.2f}-{ratio['p75']:.2f})"


def _yes(met: bool) -> str:
    return "yes" if met else "[bold red]no[/]"
