"""Draws the ratios (a dot for the median, a bar from the least to the most, a mark at the goal),
and how time and memory grow.

Where matplotlib isn't installed there are no pictures; the functions then return False.
"""
from report import ratio_of

DOT, BAR, GOAL = "#1b5e9b", "#9bbbd8", "#c8511b"
SERIES_COLORS = (DOT, GOAL)


def _pyplot():
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot
    return pyplot


def _rows(outcomes, against_reference):
    """[(label, Pair, Ratio, whether the goal was set for larger files)] of one panel."""
    rows = []
    for outcome in outcomes:
        for pair in outcome.case.pairs:
            ratio = ratio_of(pair, outcome.rounds)
            if ratio and (pair.below == "reference") == against_reference:
                rows.append((f"{outcome.case.title}\n{pair.above} / {pair.below}", pair, ratio,
                             outcome.case.is_smaller))
    return rows


def _draw_panel(axes, rows, title):
    for place, (_, pair, ratio, is_smaller) in enumerate(rows):
        axes.plot([ratio.least, ratio.most], [place, place], color=BAR, linewidth=5,
                  solid_capstyle="butt", zorder=2)
        axes.plot(ratio.median, place, "o", color=DOT, markersize=6, zorder=3)
        goal = pair.at_most or pair.at_least
        if goal and not is_smaller:
            axes.plot([goal, goal], [place - 0.35, place + 0.35], color=GOAL, linewidth=2, zorder=4)
    axes.axvline(1, color="#555555", linewidth=1, zorder=1)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", zorder=0)
    axes.set_title(title, fontsize=10, loc="left")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _panels(outcomes):
    titles = {True: "seconds / seconds of cat, cp and sync: less is better",
              False: "seconds of others / seconds of polyak"}
    found = [(_rows(outcomes, against), title) for against, title in titles.items()]
    return [(rows, title) for rows, title in found if rows]


def _legend(pyplot, figure):
    line = pyplot.Line2D
    figure.legend(handles=[line([], [], color=DOT, marker="o", linestyle="", label="median"),
                           line([], [], color=BAR, linewidth=5, label="least to most"),
                           line([], [], color=GOAL, linewidth=2, label="goal")],
                  loc="lower right", ncol=3, fontsize=8, frameon=False)


def draw(outcomes, path):
    """The ratios of all cases: those to the reference above, the others below."""
    pyplot = _pyplot()
    if pyplot is None:
        return False
    panels = _panels(outcomes)
    heights = [len(rows) + 1.5 for rows, _ in panels]
    figure, all_axes = pyplot.subplots(len(panels), 1, squeeze=False,
                                       figsize=(9, 0.36 * sum(heights) + 1),
                                       gridspec_kw={"height_ratios": heights})
    for axes, (rows, title) in zip(all_axes[:, 0], panels):
        _draw_panel(axes, rows, title)
        if max(row[2].most for row in rows) > 4:
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter("{x:g}")
        else:
            axes.set_xlim(left=0)
    _legend(pyplot, figure)
    figure.tight_layout(rect=(0, 0.4 / figure.get_figheight(), 1, 1))
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    return True


def _draw_growth_panel(time_axes, memory_axes, what, all_series):
    for (name, series), color in zip(all_series.items(), SERIES_COLORS):
        time_axes.loglog(series.x, series.seconds, "o-", color=color, markersize=4, label=name)
        time_axes.loglog(series.x, series.reference_seconds, ":", color=color, linewidth=1,
                         label=f"cat, cp, sync ({name})")
        memory_axes.semilogx(series.x, series.peak_mib, "o-", color=color, markersize=4)
    memory_axes.set_ylim(bottom=0)
    memory_axes.set_xlabel(what, fontsize=8)
    for axes in (time_axes, memory_axes):
        axes.grid(color="#dddddd")
        axes.minorticks_off()
        axes.tick_params(labelsize=8)
    time_axes.set_yscale("log", base=4)
    time_axes.yaxis.set_major_formatter("{x:.2g}")
    points = next(iter(all_series.values())).x
    memory_axes.set_xticks(points, [f"{x:,}" for x in points])


def draw_growth(panels, path):
    """Seconds above, peak memory below. `panels`: [(what grows, {name: Series})]."""
    pyplot = _pyplot()
    if pyplot is None:
        return False
    figure, axes = pyplot.subplots(2, len(panels), figsize=(4.2 * len(panels), 6), sharex="col",
                                   squeeze=False, gridspec_kw={"height_ratios": (2, 1)})
    for column, (what, all_series) in enumerate(panels):
        _draw_growth_panel(axes[0, column], axes[1, column], what, all_series)
    axes[0, 0].set_ylabel("seconds", fontsize=8)
    axes[1, 0].set_ylabel("peak resident MiB", fontsize=8)
    axes[0, 0].legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    return True
