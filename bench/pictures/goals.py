# SPDX-License-Identifier: MIT
"""Every goal as a bar."""
from pictures import style
from pictures.style import pyplot, ticker

LIMIT = 8  # times as good as `pass`, or as bad: bars end there


def _score(goal, value):
    """How many times as good as `pass` a value is; None where that cannot be said."""
    limit = goal["pass"]
    if goal["sense"] == "at most":
        if limit == 0:
            return 1.0 if value <= 0 else 1 / LIMIT
        return limit / value if value > 0 else LIMIT
    return value / limit


def _number(value):
    if abs(value) >= 10000:
        return style.count_text(value)
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def _clip(score):
    return min(max(score, 1 / LIMIT), LIMIT)


def _label(goal):
    return goal["name"] + (f"  ({goal['where']})" if goal["where"] else "")


def _draw(axes, row, goal):
    sign = "≥" if goal["sense"] == "at least" else "≤"
    wanted = f"{sign} {goal['pass']:g}, aim {goal['aim']:g}"
    if goal["ratio"] is None:
        axes.text(1.03, row, "not measured", va="center", fontsize=7.5, color=style.colour("dim"))
        axes.text(LIMIT * 1.15, row, wanted, va="center", fontsize=7.5, color=style.colour("dim"))
        return
    score = _clip(_score(goal, goal["ratio"]))
    kind = "short" if not goal["met"] else "aim" if goal["verdict"] == "met, and the aim" else "met"
    # a bar of no length would not be seen
    width = score - 1 if abs(score - 1) > 0.01 else 0.02 if goal["met"] else -0.02
    axes.barh(row, width, left=1, height=0.62, color=style.colour(kind))
    summary = goal.get("summary")
    if summary and summary["rounds"] > 1:
        ends = sorted(_clip(_score(goal, summary[end])) for end in ("lower", "upper"))
        axes.plot(ends, [row, row], color=style.colour("ink"), linewidth=0.9, solid_capstyle="butt")
    if goal["pass"]:
        aim = _clip(_score(goal, goal["aim"])) if goal["aim"] else LIMIT
        axes.plot([aim, aim], [row - 0.42, row + 0.42], color=style.colour("ink"), linewidth=1.6, solid_capstyle="butt")
    axes.text(LIMIT * 1.15, row, f"{_number(goal['ratio'])}", va="center", fontsize=8, fontweight="bold")
    axes.text(LIMIT * 1.75, row, wanted, va="center", fontsize=7.5, color=style.colour("dim"))


def goals(results):
    """One bar for each goal, from `pass` to what was measured: to the right what is better, with a mark at the aim."""
    rows = [goal for goal in results.goals["goals"] if goal["sense"] != "reported"] if results.goals else []
    if not rows:
        return None
    figure, axes = pyplot.subplots(figsize=(11, 0.225 * len(rows) + 1.1))
    for row, goal in enumerate(rows):
        _draw(axes, row, goal)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [_label(goal) for goal in rows], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_xscale("log", base=2)
    axes.set_xlim(1 / LIMIT, LIMIT)
    ticks = [0.125, 0.25, 0.5, 1, 2, 4, 8]
    axes.xaxis.set_major_locator(ticker.FixedLocator(ticks))
    axes.xaxis.set_major_formatter(ticker.FixedFormatter(["⅛ or less", "¼", "½", "pass", "2×", "4×", "8× or more"]))
    axes.xaxis.set_ticks_position("top")
    axes.grid(False, axis="y")
    axes.axvline(1, color=style.colour("ink"), linewidth=1)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=style.colour(kind)) for kind in ("aim", "met", "short")]
    handles.append(pyplot.Line2D([], [], color=style.colour("ink"), marker="|", linestyle="", markersize=9, markeredgewidth=1.6))
    handles.append(pyplot.Line2D([], [], color=style.colour("ink"), linewidth=0.9))
    figure.get_layout_engine().set(rect=(0, 0, 0.88, 1 - 0.32 / figure.get_figheight()))
    figure.legend(handles, ["the aim is met", "met", "short", "the aim", "interval of the median"], loc="upper left", ncol=5)
    return figure
