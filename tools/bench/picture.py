"""Draws the ratios: a dot for the median, a bar from the least to the most, a mark at the goal."""
from report import ratio_of

DOT, BAR, GOAL = "#1b5e9b", "#9bbbd8", "#c8511b"


def _rows(outcomes, against_reference):
    """[(label, Pair, Ratio)] of one panel."""
    rows = []
    for outcome in outcomes:
        for pair in outcome.case.pairs:
            ratio = ratio_of(pair, outcome.rounds)
            if ratio and (pair.below == "reference") == against_reference:
                rows.append((f"{outcome.case.title}\n{pair.above} / {pair.below}", pair, ratio))
    return rows


def _draw_panel(axes, rows, title):
    for place, (_, pair, ratio) in enumerate(rows):
        axes.plot([ratio.least, ratio.most], [place, place], color=BAR, linewidth=5,
                  solid_capstyle="butt", zorder=2)
        axes.plot(ratio.median, place, "o", color=DOT, markersize=6, zorder=3)
        goal = pair.at_most or pair.at_least
        if goal:
            axes.plot([goal, goal], [place - 0.35, place + 0.35], color=GOAL, linewidth=2, zorder=4)
    axes.axvline(1, color="#555555", linewidth=1, zorder=1)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", zorder=0)
    axes.set_title(title, fontsize=10, loc="left")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def draw(outcomes, path):
    """False where matplotlib isn't installed: then there is no picture."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot
    panels = [(rows, title) for against_reference, title in (
        (True, "seconds / seconds of cat, cp and sync: less is better"),
        (False, "seconds of others / seconds of polyak")) if (rows := _rows(outcomes,
                                                                           against_reference))]
    heights = [len(rows) + 1.5 for rows, _ in panels]
    figure, all_axes = pyplot.subplots(len(panels), 1, squeeze=False,
                                       figsize=(9, 0.36 * sum(heights) + 1),
                                       gridspec_kw={"height_ratios": heights})
    for axes, (rows, title) in zip(all_axes[:, 0], panels):
        _draw_panel(axes, rows, title)
        if max(ratio.most for _, _, ratio in rows) > 4:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
        else:
            axes.set_xlim(left=0)
    handles = [pyplot.Line2D([], [], color=DOT, marker="o", linestyle="", label="median"),
               pyplot.Line2D([], [], color=BAR, linewidth=5, label="least to most"),
               pyplot.Line2D([], [], color=GOAL, linewidth=2, label="goal")]
    figure.legend(handles=handles, loc="lower right", ncol=3, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.4 / figure.get_figheight(), 1, 1))
    figure.savefig(path, dpi=130)
    return True
