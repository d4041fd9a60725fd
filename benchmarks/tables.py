"""Results for people at a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_results(results: dict[str, Any], console: Console) -> None:
    where = results["machine"]
    console.print(
        f"{results['commit'][:12] or 'no commit'}{' with changes' if results['uncommitted_changes'] else ''} · "
        f"{where['cores']} × {where['processor']} · {where['kernel']} · {where['file_system']}"
    )
    console.print(_uploads(results["upload"]))
    console.print(_memory(results["memory"]))
    console.print(_lists(results["lists"]))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


def _uploads(measured: dict[str, Any]) -> Table:
    title = f"One durable upload of {measured['file_bytes'] / 1e6:.1f} MB, ms"
    table = _table(
        title, "body", "api median", "api p95", "sink median", "sink p95", "ratio", "p25-p75", "target", "met"
    )
    for kind in ("raw", "multipart"):
        each = measured[kind]
        ratio = each["ratio"]
        table.add_row(
            f"{kind} × {each['runs']}",
            *(f"{each[side][figure]:.1f}" for side in ("api_ms", "sink_ms") for figure in ("median", "p95")),
            f"{ratio['median_of_pairs']:.2f}",
            f"{ratio['p25']:.2f}-{ratio['p75']:.2f}",
            f"≤ {each['target']['ratio_at_most']}, < {each['target']['median_ms_below']} ms",
            _yes(each["met"]),
        )
    return table


def _memory(measured: dict[str, Any]) -> Table:
    title = f"{measured['uploads_at_once']} uploads of {measured['file_bytes'] / 1e6:.1f} MB at once, resident MB"
    table = _table(title, "process", "before", "peak", "growth", "seconds", "target", "met")
    sizes = (f"{measured[name]:.1f}" for name in ("before_mb", "peak_mb", "growth_mb"))
    target = f"< {measured['target']['growth_mb_below']:.0f}"
    table.add_row("api", *sizes, f"{measured['seconds']:.2f}", target, _yes(measured["met"]))
    return table


def _lists(measured: dict[str, Any]) -> Table:
    title = f"A keyset page of 20 out of {measured['images']:,} images ({measured['load_generator']})"
    table = _table(
        title,
        "sign-in, connections",
        "api req/s",
        "p50 ms",
        "p95 ms",
        "Express req/s",
        "p50 ms",
        "p95 ms",
        "ratio",
        "met",
    )
    target = measured["target"]["ratio_at_least"]
    for sign_in, by_connections in measured["by_sign_in_and_connections"].items():
        for connections, each in by_connections.items():
            cells = [
                text
                for side in ("api", "express")
                for text in (
                    f"{each[side]['requests_per_second']['median']:.0f}",
                    f"{each[side]['p50_ms']:.2f}",
                    f"{each[side]['p95_ms']:.2f}",
                )
            ]
            ratio = each["ratio"]["median_of_pairs"]
            table.add_row(f"{sign_in}, {connections}", *cells, f"{ratio:.2f}", _yes(ratio >= target))
    return table


def _yes(met: bool) -> str:
    return "yes" if met else "[bold red]no[/]"
