# SPDX-License-Identifier: MIT
"""Ours beside other frameworks, and the paper's figures beside ours."""
import re

from pictures import style
from pictures.results import by_subject, median, single
from pictures.style import pyplot


def _bars(axes, rows, parts, axis):
    """A bar for each row; `parts` are functions of a row, drawn one after the other."""
    places = range(len(rows))
    for row in places:
        left = 0
        for part, alpha in zip(parts, (1, 0.55)):
            width = part(rows[row])
            axes.barh(row, width, left=left, height=0.66, color=style.look(rows[row]["subject"])["color"], alpha=alpha)
            left += width
    axes.set_xscale("log")
    axes.set_xlim(min(sum(part(row) for part in parts) for row in rows) / 3, None)
    axis(axes, "x")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(places, [row["subject"] for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", rotation=30)
    axes.grid(False, axis="y")


def _annotate(axes, rows, value, text):
    for row, series in enumerate(rows):
        axes.annotate(text(value(series)), (value(series), row), xytext=(4, 0), textcoords="offset points", va="center",
                      fontsize=8)
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * (high / low) ** 0.2)


def hello(results):
    """SayHello: the time of a round trip, and what it costs both sides' processors."""
    source = results.peers or results.goals
    rows = [series for series in source["series"] if single(series) and series["placement"] == "unpinned"] if source else []
    rows = [series for series in rows if not style.is_floor(series["subject"])]
    if not any(series["subject"] in style.PEERS for series in rows):
        return None
    rows = sorted({series["subject"]: series for series in rows}.values(), key=lambda series: median(series, "median_ns"))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 0.27 * len(rows) + 1.3))

    def time(series):
        return median(series, "median_ns")

    def client(series):
        return median(series, "client_cpu_ns_per_call")

    def server(series):
        return median(series, "server_cpu_ns_per_call")

    _bars(left, rows, [time], style.time_axis)
    _annotate(left, rows, time, style.time_text)
    left.set_title("Round trip of SayHello, median")
    _bars(right, rows, [lambda series: client(series) + server(series)], style.time_axis)
    _annotate(right, rows, lambda series: client(series) + server(series), style.time_text)
    right.set_title("Processor time of both sides per call")
    right.set_yticklabels([])
    return figure


def many(results):
    """SayHello with 64 calls in flight, and the memory of both sides with one."""
    source = results.peers["series"] if results.peers else []
    deep = [series for series in source if series["depth"] > 1 and median(series, "calls_per_second")]
    light = [series for series in source if single(series)]
    if not deep:
        return None
    deep.sort(key=lambda series: -median(series, "calls_per_second"))
    light.sort(key=_memory)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 0.27 * max(len(deep), len(light)) + 1.3))
    _bars(left, deep, [lambda series: median(series, "calls_per_second")], style.count_axis)
    _annotate(left, deep, lambda series: median(series, "calls_per_second"), style.count_text)
    left.set_title("Calls per second, 64 in flight")
    _bars(right, light, [_memory], style.memory_axis)
    _annotate(right, light, _memory, style.memory_text)
    right.set_title("Memory of both sides, one at a time")
    return figure


def _memory(series):
    return series["server_memory_bytes"] + series["client_memory_bytes"]


def operations(results):
    """The paper's operations at their sizes, beside all peers."""
    if not results.peers:
        return None
    figure, panels = pyplot.subplots(1, 3, figsize=(10, 5), sharey=True)
    for axes, (operation, label) in zip(panels, (("Average", "numbers there"), ("GetRandNums", "numbers back"),
                                                 ("SendRcvLargeData", "members there and back"))):
        series_list = [series for series in results.peers["series"] if series["operation"] == operation and
                       series["depth"] == 1]
        for subject, (xs, ys) in by_subject(series_list, lambda series: series["size"],
                                            lambda series: median(series, "median_ns")).items():
            axes.plot(xs, ys, label=subject, **style.look(subject))
        style.time_axis(axes)
        style.point_axis(axes, sorted({series["size"] for series in series_list}))
        axes.set_title(operation)
        axes.set_xlabel(label)
    panels[0].set_ylabel("median round trip")
    style.legend(figure, panels, 5)
    return figure


def _reported(text):
    """How many times as long as the paper's HPRPC its gRPC took: "305 ms : 279 ms", "8.5 %" longer, or "2.7×"."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", text)]
    if not numbers:
        return None
    if ":" in text:
        return numbers[1] / numbers[0]
    return 1 + numbers[0] / 100 if "%" in text else numbers[0]


def paper(results):
    """Figures 9a to 9d: above, the total time of 1,000 calls here; below, how many times as long gRPC takes, here and there."""
    if not results.paper:
        return None
    names = {"tcp adaptive": "tcp adaptive", "tcp block": "tcp block", "shm adaptive": "shm adaptive", "gRPC TCP": "gRPC TCP"}
    figure, grid = pyplot.subplots(2, 4, figsize=(10, 5.6), sharex="col", sharey="row", width_ratios=[1, 2, 2, 2.6])
    for column, (title, operation) in enumerate((("9a SayHello", "SayHello"), ("9b Average", "Average"),
                                                 ("9c GetRandNums", "GetRandNums"),
                                                 ("9d SendRcvLargeData", "SendRcvLargeData"))):
        rows = [row for row in results.paper["paper"] if row["operation"].split(" ")[0] == operation]
        sizes = [float((row["operation"].split(" ") + ["1"])[1]) for row in rows]
        above, below = grid[0][column], grid[1][column]
        for name in names:
            _line(above, sizes, [row["total_ms"].get(name) and row["total_ms"][name] * 1e6 for row in rows], name,
                  style.look(name))
            _line(below, sizes, [row["grpc_ratio"].get(name) for row in rows], name, style.look(name))
        _line(below, sizes, [_reported(row["paper"]) for row in rows], "the paper's HPRPC against its gRPC",
              {"color": style.colour("ink"), "marker": "*", "markersize": 9, "linestyle": ":", "linewidth": 1})
        style.time_axis(above)
        style.count_axis(below)
        below.yaxis.set_major_formatter(lambda value, _: f"{value:g}×")
        below.axhline(1, color=style.colour("dim"), linewidth=0.8)
        above.set_title(title)
        style.point_axis(below, sizes)
        below.tick_params(axis="x", rotation=30)
        if operation == "SayHello":
            below.set_xticks([])
        below.set_xlabel({"SayHello": "", "SendRcvLargeData": "members"}.get(operation, "numbers"))
    grid[0][0].set_ylabel("1,000 calls take")
    grid[1][0].set_ylabel("gRPC takes so many\ntimes as long")
    style.legend(figure, grid.flat, 5)
    return figure


def _line(axes, xs, ys, label, look):
    points = [(x, y) for x, y in zip(xs, ys) if y]
    if points:
        axes.plot(*zip(*points), label=label, **look)
