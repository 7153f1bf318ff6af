"""What is wrong with a codebook: shapes that are all the same or flat, codes unused, a decoder that goes around it."""

from zoo.evaluate.report import UsageReport
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.shapes import Shapes

SAME = 0.1
"""Distinctness below which shapes are one: the mean correlation of two of them is above .9."""
FEW = 0.25
"""Effective shapes as a share of the perplexity below which most codes repeat others."""
FLAT = 0.5
"""Share of tokens that may be straight lines before the codebook as a whole is one of lines."""
DEAD = 0.2
"""Share of codes that may go unused: about the 15 of 64 of a run that had lost its shapes."""
TOKENS_PER_CODE = 5
"""Tokens per code from which on an unused code is no accident: of evenly used ones, e⁻⁵ or .7 % go unseen."""
RELIANCE = 0.1
"""Share of the reconstruction's gain that must hang on the codes; what is left of it goes around them."""
GAIN = 0.1
"""Gain over each window's mean below which there is no reconstruction whose codes could be asked about."""


def identical_shapes(facts: Facts) -> Finding | None:
    """Used codes whose shapes are nearly one, whatever their usage looks like."""
    for shapes in facts.shapes:
        if shapes.measured > 1 and _same(shapes):
            return Finding(
                name="identical-shapes",
                grade="grave",
                sentence=_sameness(shapes),
                remedy="Raise the weight of s in training.phases (and lower that of x) so that shapes follow their "
                "stretches of signal, or lower model.quantizer.codes, and look at them with `zoo codebook`.",
            )
    return None


def flat_shapes(facts: Facts) -> Finding | None:
    """Most used codes draw what a straight line draws as well."""
    for shapes in facts.shapes:
        if shapes.flat_share > FLAT:
            return Finding(
                name="flat-shapes",
                grade="warning",
                sentence=f"{shapes.flat} of {shapes.measured} used codes{_of(shapes.usage)}, "
                f"{100 * shapes.flat_share:.0f} % of tokens, draw shapes that a straight line draws as well.",
                remedy="Let tokens stand for stretches in which something happens: lower model.encoder.tokens so that "
                "they are longer, and raise the weight of s in training.phases.",
            )
    return None


def dead_codes(facts: Facts) -> Finding | None:
    """Codes that never occur although there are tokens enough for every one."""
    for usage in facts.usages:
        dead = usage.codes - usage.used
        if dead > DEAD * usage.codes and sum(usage.counts) >= TOKENS_PER_CODE * usage.codes:
            return Finding(
                name="dead-codes",
                grade="warning",
                sentence=f"{dead} of {usage.codes} codes{_of(usage)} are never used (perplexity "
                f"{usage.perplexity:.1f}).",
                remedy=f"Lower model.quantizer.codes to about {max(usage.used, 2)}, or let a learned codebook start "
                "from tokens and reset its dead codes (`start` and `reset_after` of model.quantizer).",
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
        sentence=f"The decoder goes around the codebook: with codes shuffled the mean squared error is "
        f"{found.shuffled:.3g} in place of {found.mse:.3g}, and {100 * (1 - found.reliance):.0f} % of what was "
        "rebuilt is still there.",
        remedy="Leave less to what travels beside the codes: lower model.encoder.tokens, so that offsets and scales "
        "of tokens cannot draw the signal by themselves.",
    )


def _same(shapes: Shapes) -> bool:
    return shapes.distinctness < SAME or shapes.effective < FEW * min(shapes.usage.perplexity, shapes.measured)


def _sameness(shapes: Shapes) -> str:
    usage = shapes.usage
    healthy = usage.codes - usage.used <= DEAD * usage.codes
    opening = (
        f"Usage looks healthy ({usage.used} of {usage.codes} codes{_of(usage)}, perplexity {usage.perplexity:.1f}), "
        "and yet their shapes are nearly one"
        if healthy
        else f"The shapes of the {usage.used} used codes{_of(usage)} are nearly one"
    )
    return (
        f"{opening}: {shapes.effective:.1f} effective shapes, mean correlation of two of them "
        f"{1 - shapes.distinctness:.2f}."
    )


def _of(usage: UsageReport) -> str:
    """Which codebook, where there are several."""
    return "" if usage.book == "codebook" else f" of {usage.book}"
