"""Problems of a codebook: shapes that are too low, all alike, flat or unlike the signal, and unused codes."""

from zoo.evaluation.usage_report import UsageReport
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.shapes import Shapes

SAME = 0.1
"""Distinctness below which all shapes count as one: the mean correlation of two of them is above .9."""
FEW = 0.25
"""Effective shapes as a share of the perplexity below which most codes repeat others."""
FLAT = 0.5
"""Share of tokens above which straight lines count as a fault of the whole codebook."""
DEAD = 0.2
"""Share of codes that may stay unused: about the 15 of 64 of a run that had lost its shapes."""
TOKENS_PER_CODE = 5
"""Fewest tokens per code for which an unused code is significant: with even use, e⁻⁵ or .7 % do not occur."""
RELIANCE = 0.1
"""Share of the reconstruction's gain that must depend on the codes; the rest bypasses them."""
GAIN = 0.1
"""Gain over each window's mean below which the reconstruction is too poor to test its dependence on codes."""
COLLAPSED = 0.2
"""Deviation of drawn shapes over that of their stretches below which the scale has collapsed: with a fifth, an
otherwise exact shape explains 36 % of its stretch. Measured: .83 for k-means of stretches, .08 for a collapsed
VQShape."""
UNLIKE = 0.5
"""Mean correlation of shapes and stretches below which a flat line is closer to a stretch than a shape of equal
deviation is. Measured, 64 codes on wrist accelerometry: .81 for k-means of stretches, .40 for white noise."""
UNEXPLAINED = 0.1
"""Share of the variance of stretches that shapes must explain; `flat-reconstruction` is the same for whole signals."""
READ = "Compute each token from the stretch that its shape represents (`read` of model.encoder: stretch)"
"""The remedy for collapsed shapes: a token without information on its stretch learns to draw a flat line."""


def collapsed_scale(facts: Facts) -> Finding | None:
    """Shapes so much lower than their stretches that they affect neither reconstructions nor gradients."""
    scale = facts.drawn_scale
    if scale is None or scale >= COLLAPSED:
        return None
    return Finding(
        name="collapsed-scale",
        grade="grave",
        sentence=f"The scale of drawn shapes has collapsed: their deviation is {scale:.2g} times that of the stretches "
        "they represent, so codes hardly affect the reconstruction.",
        remedy=f"{READ}, and measure its offset and scale there (`level`: measured).",
    )


def identical_shapes(facts: Facts) -> Finding | None:
    """Used codes whose shapes are nearly all alike, or mostly repeat each other, even if usage looks healthy."""
    for shapes in facts.shapes:
        if shapes.measured > 1 and _same(shapes):
            return Finding(
                name="identical-shapes",
                grade="warning" if facts.head_counts and not _one(shapes) else "grave",
                sentence=_sameness(shapes),
                remedy=_apart(facts),
            )
    return None


def shapes_fit_nothing(facts: Facts) -> Finding | None:
    """Shapes that differ from each other, but do not resemble the signal."""
    fit = facts.fit
    if fit is None or fit.correlation is None or fit.correlation >= UNLIKE or identical_shapes(facts) is not None:
        return None
    if fit.r2 is not None and fit.r2 >= UNEXPLAINED:
        return None
    explained = "" if fit.r2 is None else f", R² {fit.r2:.2f}"
    return Finding(
        name="shapes-fit-nothing",
        grade="grave",
        sentence="Drawn shapes do not resemble the signal: their mean correlation with the stretches they represent "
        f"is {fit.correlation:.2f}{explained}.",
        remedy=f"{READ}, and give s a weight in training.phases. If both are already set, train longer "
        "(training.epochs).",
    )


def flat_shapes(facts: Facts) -> Finding | None:
    """Most used codes draw shapes that a straight line fits as well."""
    for shapes in facts.shapes:
        if shapes.flat_share > FLAT:
            return Finding(
                name="flat-shapes",
                grade="warning",
                sentence=f"{shapes.flat} of {shapes.measured} used codes{_of(shapes.usage)}, "
                f"{100 * shapes.flat_share:.0f} % of tokens, draw shapes that a straight line fits as well.",
                remedy=_happen(facts),
            )
    return None


def dead_codes(facts: Facts) -> Finding | None:
    """Codes that never occur although there are enough tokens for all of them."""
    for usage in facts.usages:
        dead = usage.codes - usage.used
        if dead > DEAD * usage.codes and sum(usage.counts) >= TOKENS_PER_CODE * usage.codes:
            return Finding(
                name="dead-codes",
                grade="warning",
                sentence=f"{dead} of {usage.codes} codes{_of(usage)} are never used (perplexity "
                f"{usage.perplexity:.1f}).",
                remedy=_use(facts, max(usage.used, 2)),
            )
    return None


def decoder_bypass(facts: Facts) -> Finding | None:
    """A reconstruction that hardly changes when its codes are shuffled."""
    found = facts.codebook.bypass if facts.codebook else None
    if found is None or found.reliance >= RELIANCE or found.mse > (1 - GAIN) * found.mean_mse:
        return None
    return Finding(
        name="decoder-bypass",
        grade="grave",
        sentence="The decoder bypasses the codebook: with shuffled codes, the mean squared error is "
        f"{found.shuffled:.3g} instead of {found.mse:.3g}, and {100 * (1 - found.reliance):.0f} % of the gain over "
        "each window's mean remains.",
        remedy="Use a decoder that reconstructs signals from drawn shapes alone (vqshape.renderer), or lower "
        "model.encoder.tokens, so that offsets and scales of tokens alone cannot represent the signal.",
    )


def _apart(facts: Facts) -> str:
    if facts.head_counts:
        return "Lower model.head.codes. `zoo codebook` shows the shapes."
    return (
        f"{READ}. If that is already set, raise the weight of s in training.phases or lower model.quantizer.codes. "
        "`zoo codebook` shows the shapes."
    )


def _happen(facts: Facts) -> str:
    if facts.head_counts:
        return "Use longer stretches: raise model.head.scales."
    return (
        "Use longer tokens, whose stretches are less straight: lower model.encoder.tokens. Also raise the weight of s "
        "in training.phases."
    )


def _use(facts: Facts, used: int) -> str:
    if facts.head_counts:
        return f"Lower model.head.codes to about {used}."
    return (
        f"Lower model.quantizer.codes to about {used}, or start a learned codebook from tokens and reset its dead "
        "codes (`start` and `reset_after` of model.quantizer)."
    )


def _one(shapes: Shapes) -> bool:
    return shapes.distinctness < SAME


def _same(shapes: Shapes) -> bool:
    return _one(shapes) or shapes.effective < FEW * min(shapes.usage.perplexity, shapes.measured)


def _sameness(shapes: Shapes) -> str:
    usage = shapes.usage
    healthy = usage.codes - usage.used <= DEAD * usage.codes
    same = "are nearly identical" if _one(shapes) else "mostly repeat each other"
    opening = (
        f"Usage looks healthy ({usage.used} of {usage.codes} codes{_of(usage)}, perplexity {usage.perplexity:.1f}), "
        f"but the shapes {same}"
        if healthy
        else f"The shapes of the {usage.used} used codes{_of(usage)} {same}"
    )
    return (
        f"{opening}: {shapes.effective:.1f} effective shapes, mean correlation of two of them "
        f"{1 - shapes.distinctness:.2f}."
    )


def _of(usage: UsageReport) -> str:
    """Which codebook, where there are several."""
    return "" if usage.book == "codebook" else f" of {usage.book}"
