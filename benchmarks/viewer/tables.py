"""Results for people at a terminal, each figure beside its target."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

_LINES = {"loopback": "loopback", "line": "100 Mbit/s"}


def print_results(results: dict[str, Any], console: Console) -> None:
    where, size = results["machine"], results["images"]
    console.print(
        f"{results['commit'][:12] or 'no commit'}{' with changes' if results['uncommitted_changes'] else ''} · "
        f"{where['cores']} × {where['processor']} · load {where['load_average_before']} · "
        f"{size['views']} views of {size['columns']} × {size['rows']} · {results['seconds']:.0f} s"
    )
    table = Table(title="The viewer", title_justify="left")
    for column in ("what", "ours", "OHIF", "ratio", "target", "met"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for part, name in _LINES.items():
        if part in results:
            _openings(table, name, results[part])
    _alone(table, results)
    console.print(table)


def _openings(table: Table, name: str, told: dict[str, Any]) -> None:
    for part, figure, words in (("first", "first_ms", "first picture"), ("full", "full_ms", "all four at full size")):
        judged = told[part]
        ratio = judged["ratio"]
        table.add_row(
            f"{words}, {name} (OHIF {told['ohif_source']})",
            f"{told['ours'][figure]['median']:.0f} ms",
            f"{told['ohif'][figure]['median']:.0f} ms",
            f"{ratio['of_medians']:.2f} ({ratio['p25']:.2f}-{ratio['p75']:.2f})",
            f"≤ {judged['target']}",
            _yes(judged["met"]),
        )
    new = told["new_browser"]
    cells = [f"{new[side]['first_ms']:.0f}, {new[side]['full_ms']:.0f} ms" for side in ("ours", "ohif")]
    table.add_row(f"both in a browser that knows nothing, {name}", *cells, "", "-", "-")
    if "uncompressed" in told:
        raw = told["uncompressed"]
        beside = f"{raw['milliseconds']['median']:.0f} ms"
        words = f"all four, beside our pixels uncompressed, {name}"
        ours = f"{told['ours']['full_ms']['median']:.0f} ms"
        table.add_row(words, ours, beside, f"{raw['ratio']:.2f}", f"≤ {raw['target']}", _yes(raw["met"]))


def _alone(table: Table, results: dict[str, Any]) -> None:
    for part, words in (("next", "next exam, fetched ahead: first picture"), ("drag", "a frame of a window drag")):
        if part in results:
            told = results[part]
            median = f"{told['milliseconds']['median']:.0f} ms"
            table.add_row(words, median, "", "", f"≤ {told['target']:g} ms", _yes(told["met"]))
    if "memory" in results:
        told = results["memory"]
        grown = told["last_third_by_first"]
        last = told["samples"][-1]
        table.add_row(
            f"memory over {told['exams']} exams: heap, renderer with GPU process",
            f"{last['heap_mb']:.0f}, {last['processes_mb']:.0f} MB",
            "",
            f"{grown['heap_mb']:.2f}, {grown['processes_mb']:.2f}",
            f"≤ {told['target']['ratio_to']:g}",
            _yes(told["met"]),
        )
    if "gallery" in results:
        told = results["gallery"]
        table.add_row(
            f"the gallery's first load: {told['files']} files, {told['files_with_the_viewer']} with the viewer",
            f"{told['kilobytes']:.0f} kB",
            "",
            "",
            f"≤ {told['target']['kilobytes_at_most']:g} kB, 0",
            _yes(told["met"]),
        )


def _yes(met: bool) -> str:
    return "yes" if met else "[bold red]no[/]"
