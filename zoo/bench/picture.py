"""How many times faster the zoo is than each peer, as bars."""

from collections.abc import Sequence

from zoo_registry.suggest import listed

from zoo.bench.results import Pair
from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture


def ratios_picture(found: Sequence[Pair]) -> Picture:
    """A bar per pair on a scale of factors, grouped by peer; what is slower than the peer is grey."""
    peers = list(dict.fromkeys(pair.peer for pair in found))
    ordered = sorted(found, key=lambda pair: peers.index(pair.peer))
    figure = new_figure(7.2, 0.9 + 0.25 * len(ordered) + 0.3 * len(peers))
    axis = figure.subplots()
    place, places = 0.0, []
    for index, pair in enumerate(ordered):
        if index == 0 or pair.peer != ordered[index - 1].peer:
            place += 1.3
            heading = f"against {plain(pair.peer)}"
            axis.annotate(heading, (1, place - 0.95), xytext=(3, 0), textcoords="offset points", fontsize=TEXT,
                          va="center", color=INK)  # fmt: skip
        places.append(place)
        color = SERIES[0] if pair.ratio >= 1 else MUTED
        axis.barh(place, pair.ratio - 1, left=1, height=0.62, color=color)
        axis.annotate(f"{pair.ratio:.3g}×", (max(pair.ratio, 1), place), xytext=(3, 0), textcoords="offset points",
                      va="center", fontsize=SMALL, color=INK)  # fmt: skip
        place += 1
    tidy(axis, x="times faster, medians of one run")
    axis.set_xscale("log")
    axis.set_xlim(min(0.8, *(pair.ratio * 0.9 for pair in found)), 1.6 * max(2.0, *(pair.ratio for pair in found)))
    axis.set_xticks(ticks := [t for t in (1, 2, 5, 10, 20, 50, 100, 200) if t < axis.get_xlim()[1]], map(str, ticks))
    axis.set_xticks([], minor=True)
    axis.axvline(1, color=SOFT, linewidth=0.8)
    axis.grid(axis="x", color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_yticks(places, [plain(pair.case) for pair in ordered])
    axis.set_ylim(place - 0.4, -0.1)
    axis.tick_params(axis="y", length=0)
    figure.set_dpi(150)  # as it is drawn: at other sizes labels as long as these have another width
    ratios = [f"{pair.case} against {pair.peer} {pair.ratio:.3g} times" for pair in ordered]
    return Picture("ratios", "The zoo beside its peers", f"Times faster: {listed(ratios)}.", figure)
