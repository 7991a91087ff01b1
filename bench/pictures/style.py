# SPDX-License-Identifier: MIT
"""How pictures look: colours that follow the reader's light or dark scheme, text that stays text, axes for time and counts.

Matplotlib writes fixed colours. Each colour of the pictures therefore has a stand-in, a hexadecimal number that matplotlib writes
and `svg` then replaces by a CSS variable; a style in the SVG gives the variable one value for light pages and one for dark ones.
"""
import io
import re

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker  # noqa: E402  (the backend is chosen first)

# name: (stand-in, on light pages, on dark pages)
COLOURS = {
    "ink": ("#010101", "#1f2328", "#e6edf3"),
    "dim": ("#010102", "#59636e", "#9198a1"),
    "grid": ("#010103", "#d8dee4", "#30363d"),
    "paper": ("#010104", "#ffffff", "#0d1117"),
    "shm": ("#010105", "#0969da", "#58a6ff"),
    "pipe": ("#010106", "#1a7f37", "#3fb950"),
    "tcp": ("#010107", "#c2560c", "#f0883e"),
    "aim": ("#010108", "#1a7f37", "#3fb950"),
    "met": ("#010109", "#7cb893", "#2f6f46"),
    "short": ("#01010a", "#d1652a", "#e5813f"),
    "a": ("#01010b", "#8250df", "#bc8cff"),
    "b": ("#01010c", "#cf222e", "#ff7b72"),
    "c": ("#01010d", "#bf3989", "#f778ba"),
    "d": ("#01010e", "#9a6700", "#d29922"),
    "e": ("#01010f", "#0c7f8a", "#39c5cf"),
    "f": ("#010110", "#6e4c2a", "#c69c6d"),
    "g": ("#010111", "#4d5a97", "#a5b4fc"),
    "h": ("#010112", "#57701b", "#b4d455"),
    "unix": ("#010113", "#6639ba", "#a371f7"),
}

FONT = "DejaVu Sans"

pyplot.rcParams.update({
    "svg.fonttype": "none",
    "font.family": [FONT],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.which": "major",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 2.4,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
})


def colour(name):
    return COLOURS[name][0]


for _key in ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor", "ytick.labelcolor"):
    pyplot.rcParams[_key] = colour("ink")
for _key in ("axes.edgecolor", "xtick.color", "ytick.color"):
    pyplot.rcParams[_key] = colour("dim")
pyplot.rcParams["grid.color"] = colour("grid")


# What each subject is drawn with: a colour, a dash, a marker. Ours by transport, floors in its colour but dashed and thin.
PEERS = {
    "gRPC TCP": "a", "gRPC TCP, synchronous": "a", "gRPC unix": "a", "gRPC unix, synchronous": "a", "Cap'n Proto": "b",
    "Thrift": "c", "ONC RPC": "d", "iceoryx": "e", "iceoryx, polling": "e", "ZeroMQ ipc": "f", "ZeroMQ TCP": "f",
    "nng ipc": "g", "nng TCP": "g", "sd-bus": "h", "sd-bus, dbus-daemon": "h",
}


def is_floor(subject):
    return subject.startswith(("raw ", "memcpy"))


def transport_of(subject):
    lower = subject.lower()
    if lower.startswith("shm") or "slot" in lower or "rings" in lower or "memcpy" in lower:
        return "shm"
    if lower.startswith("pipe") or "fifo" in lower:
        return "pipe"
    if lower.startswith(("unix", "raw unix")):
        return "unix"
    return "tcp"


def look(subject):
    """Matplotlib's arguments for a line of this subject."""
    if subject in PEERS:
        second = subject.endswith((" unix", " ipc", "polling", "dbus-daemon", "synchronous"))
        return {"color": colour(PEERS[subject]), "linestyle": (0, (4, 1.5)) if second else "-", "marker": "s" if second else "D",
                "markersize": 3.2, "linewidth": 1.3}
    kind = colour(transport_of(subject))
    if is_floor(subject):
        dots = (1.2, 1.4) if "poll" in subject or "slot" == subject[-4:] else (5, 1.4, 1.2, 1.4) if "busy" in subject else (3, 3)
        return {"color": kind, "linestyle": (0, dots), "marker": "", "linewidth": 1.2}
    if subject.endswith("block"):
        return {"color": kind, "linestyle": (0, (5, 2)), "marker": "o", "markersize": 3.2}
    if subject.endswith("spin"):
        return {"color": kind, "linestyle": (0, (7, 1.5, 1.5, 1.5)), "marker": "^", "markersize": 3.6}
    return {"color": kind, "linestyle": "-", "marker": "o"}


def time_text(ns):
    """4.2 µs, with as many digits as say something."""
    for unit, factor in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(ns) >= factor * 0.9995:
            return f"{ns / factor:.3g} {unit}"
    return f"{ns:.3g} ns"


def count_text(value):
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g}"


def size_text(size):
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size:g} B"


def _log_axis(axis, text):
    low, high = axis.get_view_interval()
    narrow = low > 0 and high / low < 300
    axis.set_major_locator(ticker.LogLocator(base=10, subs=(1, 2, 5) if narrow else (1,), numticks=12))
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: text(value)))


def time_axis(axes, which="y"):
    """A logarithmic axis; to be called when all lines are drawn."""
    getattr(axes, f"set_{which}scale")("log")
    _log_axis(getattr(axes, f"{which}axis"), time_text)


def count_axis(axes, which="y"):
    getattr(axes, f"set_{which}scale")("log")
    _log_axis(getattr(axes, f"{which}axis"), count_text)


def memory_text(size):
    return f"{size / (1 << 20):.3g} MiB"


def memory_axis(axes, which="y"):
    """As above, of bytes, with ticks at powers of two MiB."""
    getattr(axes, f"set_{which}scale")("log", base=2)
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(ticker.LogLocator(base=2, numticks=8))
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: memory_text(value)))


def point_axis(axes, points, text=lambda point: f"{point:g}"):
    """A logarithmic axis with a tick at each of these points, or at every second one where there are many."""
    axes.set_xscale("log", base=2)
    step = 1 if len(points) <= 9 else 2
    axes.xaxis.set_major_locator(ticker.FixedLocator(points[::step]))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: text(value)))


def legend(figure, axes_list, columns=4):
    """One legend for all axes, in a row or more above them."""
    seen = {}
    for axes in axes_list:
        for handle, label in zip(*axes.get_legend_handles_labels()):
            seen.setdefault(label, handle)
    if not seen:
        return
    rows = -(-len(seen) // columns)
    top = 1 - (rows * 0.2 + 0.12) / figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, 0, 1, top))
    figure.legend(seen.values(), seen.keys(), loc="upper left", ncol=min(columns, len(seen)), borderaxespad=0.2)


def _scheme(column):
    return ";".join(f"--{name}:{values[column]}" for name, values in COLOURS.items())


STYLE = ("<style>"
         f"svg{{{_scheme(1)};color-scheme:light dark}}"
         f"@media (prefers-color-scheme:dark){{svg{{{_scheme(2)}}}}}"
         f"text{{font-family:'{FONT}',Verdana,'Segoe UI',sans-serif}}"
         "</style>")


def svg(figure, name, label):
    """The figure as SVG text, the same for the same figure on every day; `label` says what it shows."""
    pyplot.rcParams["svg.hashsalt"] = name
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    pyplot.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    # a hundredth of a point is enough for places, and a third of the size
    text = re.sub(r'\b(?:d|x|y)="[^"]*"', lambda match: re.sub(r"(\.\d\d)\d+", r"\1", match[0]), text)
    text = re.sub(r"font: ([^;\"]*?)'[^;\"]*", rf"font: \1'{FONT}', Verdana, sans-serif", text)
    for key, (stand_in, _, _) in COLOURS.items():
        text = text.replace(stand_in, f"var(--{key})")
    head, rest = text.split(">", 1)
    return f'{head} role="img" aria-label="{label}">\n{STYLE}{rest}'
