# SPDX-License-Identifier: MIT
"""How latency is distributed, and how cost grows."""
from pictures import style
from pictures.results import by_subject, cpu, median, single
from pictures.style import pyplot, ticker


def _lines(axes, curves):
    for subject, (xs, ys) in curves.items():
        axes.plot(xs, ys, label=subject, **style.look(subject))


def _points(series_list, over):
    return sorted({series[over] for series in series_list})


def _pair(series_list, over, left, right):
    """Two plots of the same curves beside each other. A side is its title, its axis, and its value of a series."""
    figure, axes_pair = pyplot.subplots(1, 2, figsize=(10, 4.3))
    for axes, (title, axis, value) in zip(axes_pair, (left, right)):
        _lines(axes, by_subject(series_list, lambda series: series[over], value))
        axis(axes)
        axes.set_title(title)
    style.legend(figure, axes_pair, 6)
    return figure, axes_pair


def sizes(results):
    """Latency, and bytes per second, against the size of a body."""
    curves = results.scaling and results.scaling.get("bodies")
    if not curves:
        return None
    figure, axes_pair = _pair(
        curves["series"], "size",
        ("Round trip of an echo", style.time_axis, lambda series: median(series, "median_ns")),
        ("Bytes per second, there and back together", style.count_axis,
         lambda series: 2 * series["size"] * median(series, "calls_per_second")))
    for axes in axes_pair:
        style.point_axis(axes, _points(curves["series"], "size"), style.size_text)
        axes.tick_params(axis="x", rotation=30)
        axes.set_xlabel("bytes of the body")
    return figure


def _growth(results, name, over, label):
    curves = results.scaling and results.scaling.get(name)
    if not curves:
        return None
    figure, axes_pair = _pair(
        curves["series"], over,
        ("Calls per second", style.count_axis, lambda series: median(series, "calls_per_second")),
        ("Processor time of both sides per call", style.time_axis, cpu))
    for axes in axes_pair:
        style.point_axis(axes, _points(curves["series"], over))
        axes.set_xlabel(label)
    return figure


def depth(results):
    return _growth(results, "depth", "depth", "calls in flight on one connection")


def clients(results):
    return _growth(results, "clients", "connections", "clients, each with a connection and a thread")


def threads(results):
    return _growth(results, "threads", "threads", "threads that share one client")


def _order(subject):
    return style.is_floor(subject), subject


def distributions(results, placement):
    """Which share of the calls took how long: the tail is stretched, so that each nine has as much room as the next."""
    for source in (results.goals, results.compare):
        series_list = [series for series in source["series"] if single(series) and series["placement"] == placement and
                       series["subject"] not in style.PEERS] if source else []
        if series_list:
            break
    else:
        return None
    transports = (("shm", "Shared memory"), ("pipe", "FIFO"), ("unix", "Unix-domain socket"), ("tcp", "TCP"))
    figure, panels = pyplot.subplots(1, len(transports), figsize=(13, 4.6), sharex=True)
    for axes, (transport, title) in zip(panels, transports):
        for series in sorted(series_list, key=lambda series: _order(series["subject"])):
            if style.transport_of(series["subject"]) != transport:
                continue
            # the longest call has no share that exceeds it; it stands where one call of all does
            points = [(min(share, 1 - 1 / series["calls"]), ns) for share, ns in series["distribution"]]
            axes.plot([1 / (1 - share) for share, _ in points], [ns for _, ns in points], label=series["subject"],
                      **{**style.look(series["subject"]), "marker": ""})
        axes.set_title(title)
        axes.set_yscale("log")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(ticker.FixedLocator([1, 10, 100, 1e3, 1e4, 1e5, 1e6]))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(_share_text))
        axes.tick_params(axis="x", rotation=30)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", fontsize=7.5)
            _room_above(axes)
            style.time_axis(axes)
        else:
            axes.set_axis_off()
    panels[0].set_ylabel("no more than")
    figure.supxlabel("share of the calls", fontsize=9)
    return figure


def _room_above(axes):
    """So that the legend covers no line."""
    low, high = axes.get_ylim()
    labels = len(axes.get_legend_handles_labels()[1])
    axes.set_ylim(low, high * (high / low) ** (0.085 * labels / (1 - 0.085 * labels)) if labels else high)


def _share_text(value, _):
    return {1: "0 %", 10: "90 %", 100: "99 %", 1e3: "99.9 %", 1e4: "99.99 %", 1e5: "99.999 %", 1e6: "99.9999 %"}[value]
