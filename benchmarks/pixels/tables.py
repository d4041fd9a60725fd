"""Results for people at a terminal, each figure beside its target."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_results(results: dict[str, Any], console: Console) -> None:
    where, image = results["machine"], results["image"]
    console.print(
        f"{results['commit'][:12] or 'no commit'}{' with changes' if results['uncommitted_changes'] else ''} · "
        f"{where['cores']} × {where['processor']} · load {where['load_average_before']} · "
        f"{image['rows']} × {image['columns']}, {image['bits']} bits · {results['rounds']} rounds"
    )
    console.print(_jobs(results["job"]))
    for name, file in results["files"].items():
        if not file["decoder_of_naive"].startswith("pydicom"):
            console.print(f"  {name}: the naive pipeline decodes by {file['decoder_of_naive']}")
    console.print(_ratios(results["job"]))
    console.print(_thumbnails(results["thumbnail"]))
    console.print(_uploads(results["upload"]))
    console.print(_others(results))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


def _jobs(measured: dict[str, Any]) -> Table:
    title = "File to 8-bit PNG, 16-bit PNG and 512-px thumbnail, median ms: wall / CPU"
    sides = ("ours", "naive", "dcmtk", "floor")
    table = _table(title, "encoding", *sides)
    for name, each in measured.items():
        cells = [
            f"{each[side]['wall_ms']['median']:.0f} / {each[side]['cpu_ms']['median']:.0f}" if side in each else "-"
            for side in sides
        ]
        table.add_row(name, *cells)
    return table


def _ratios(measured: dict[str, Any]) -> Table:
    table = _table("Ratios, medians of pairs", "encoding", "ratio", "wall", "p25-p75", "CPU", "target", "met")
    for name, each in measured.items():
        for ratio, verdict in each["targets"].items():
            wall, cpu = verdict["wall"], verdict["cpu"]
            table.add_row(
                name,
                ratio.replace("_over_", " / "),
                f"{wall['median_of_pairs']:.2f}",
                f"{wall['p25']:.2f}-{wall['p75']:.2f}",
                f"{cpu['median_of_pairs']:.2f}",
                _target(verdict["target"]),
                _yes(verdict["met"]),
            )
    return table


def _thumbnails(measured: dict[str, Any]) -> Table:
    table = _table("Thumbnail alone, ms", "encoding", "CPU of the task", "wall with the child", "target", "met")
    for name, each in measured.items():
        medians = (each[figure]["median"] for figure in ("cpu_ms", "wall_with_child_ms"))
        table.add_row(name, *(f"{median:.1f}" for median in medians), _target(each["target"]), _yes(each["met"]))
    return table


def _uploads(measured: dict[str, Any]) -> Table:
    table = _table("What every upload gets", "encoding", "wall ms", "CPU ms", "peak MB")
    for name, each in measured.items():
        medians = (each[figure]["median"] for figure in ("wall_ms", "cpu_ms"))
        table.add_row(name, *(f"{median:.0f}" for median in medians), f"{each['peak_rss_mb']:.0f}")
    return table


def _others(results: dict[str, Any]) -> Table:
    table = _table("Size, memory, throughput", "figure", "ours", "beside it", "result", "target", "met")
    for kind, each in results["png_size"].items():
        sizes = (f"{each[side] / 1e6:.2f} MB" for side in ("ours_bytes", "pillow_bytes"))
        table.add_row(
            f"{kind}, Pillow's default", *sizes, f"{each['ratio']:.2f}", _target(each["target"]), _yes(each["met"])
        )
    memory = results["memory"]
    peak = max(memory["child_peak_mb"].values())
    table.add_row(
        "peak memory of a child, naive",
        f"{peak:.0f} MB",
        f"{memory['naive_peak_mb']:.0f} MB",
        "",
        _target(memory["target"]),
        _yes(memory["met"]),
    )
    through = results["throughput"]
    table.add_row(
        f"{through['files']} files, two at once, one by one",
        f"{through['two_at_once_s']['median']:.2f} s",
        f"{through['one_at_a_time_s']['median']:.2f} s",
        f"{through['ratio']['median_of_pairs']:.2f}",
        _target(through["target"]),
        _yes(through["met"]),
    )
    return table


def _target(target: dict[str, float | None]) -> str:
    ((name, value),) = target.items()
    if value is None:
        return "-"
    return f"{'≥' if name.endswith('at_least') else '≤'} {value:g}"


def _yes(met: bool | None) -> str:
    return "-" if met is None else "yes" if met else "[bold red]no[/]"
