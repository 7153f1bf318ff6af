"""Divisibility checks of sizes; each error names the nearest valid value."""

from math import log

from zoo_registry import ShapeError

USUAL = 50
"""Usual number of patches, for windows of 500 samples (10 samples each)."""

MOST = 1024
"""Upper limit on patches or tokens of a series: the memory of attention grows with their square."""

MOST_HEADS = 64


def nearest_divisor(length: int, target: int, least: int = 1, most: int = MOST) -> int | None:
    """The divisor of ``length`` nearest to ``wanted`` by ratio, from ``least`` to ``most``, if any."""
    divisors = [n for n in range(least, min(length, most) + 1) if length % n == 0]
    return min(divisors, key=lambda n: (abs(log(n / target)), n), default=None)


def cut(length: int, patches: int | None, patch: int | None, step: int | None = None) -> tuple[int, int]:
    """Patches and samples per patch of a series of ``length``; None means any value that fits. Raises ShapeError on
    gaps.

    Patches are ``step`` samples apart; None means length // patches.
    """
    if step is not None:
        patch = patch or step
        patches = patches or max(1, -(-(length - max(patch, step)) // step) + 1)
    if patches is not None and patch is not None:
        _require_cover(length, patches, patch, step or max(1, length // patches))
        return patches, patch
    if patch is not None:
        return _side_by_side(length, patch), patch
    count = _usual(length) if patches is None else patches
    require_divisor("encoder.patches", "patches", count, length, least=2)
    return count, length // count


def _usual(length: int) -> int:
    found = nearest_divisor(length, USUAL, least=2)
    if found is None or not min(USUAL, length) <= 4 * found <= 16 * USUAL:
        expected = f"a divisor of the series' {length} samples near {USUAL}"
        hint = f"bring the series to {_nearest_multiple(length, USUAL)} samples (data.length), or give patches"
        raise ShapeError("encoder.patches", expected, "none", hint)
    return found


def _side_by_side(length: int, patch: int) -> int:
    if length % patch == 0 and 2 <= length // patch <= MOST:
        return length // patch
    near = nearest_divisor(length, max(2, round(length / patch)), least=2)
    hint = f"use {length // near}" if near else "give patches too and let them overlap"
    raise ShapeError("encoder.patch", f"samples that cut {length} into 2 to {MOST} equal patches", str(patch), hint)


def _require_cover(length: int, patches: int, patch: int, step: int) -> None:
    most = min(MOST, -(-length // step))
    if not 2 <= patches <= most:
        expected = f"2 to {most}, each beginning {step} after the last within {length} samples"
        raise ShapeError("encoder.patches", expected, str(patches), f"use {most}")
    least = max(step, length - (patches - 1) * step)
    if not least <= patch <= length:
        expected = f"{least} to {length} samples, so that {patches} patches leave no gap in {length}"
        raise ShapeError("encoder.patch", expected, str(patch), f"use {least}")


def require_divisor(where: str, what: str, count: int, length: int, least: int) -> None:
    """Raise ShapeError unless ``count`` ``what`` divide ``length``, and name the nearest valid count and length."""
    if length % count == 0:
        return
    nearest = nearest_divisor(length, count, least)
    counts = f"use {nearest} {what}" if nearest else f"use other {what}"
    hint = f"{counts}, or bring the series to {_nearest_multiple(length, count)} samples (data.length)"
    raise ShapeError(where, f"{what} that divide the series' {length} samples", str(count), hint)


def require_heads(where: str, heads: int, dim: int) -> None:
    """Raise ShapeError unless ``heads`` divide ``dim``."""
    if dim % heads:
        nearest = nearest_divisor(dim, heads, most=MOST_HEADS)
        hint = f"use {nearest}, or a width of {_nearest_multiple(dim, heads)}"
        raise ShapeError(where, f"attention heads that divide the width {dim}", str(heads), hint)


def _nearest_multiple(length: int, count: int) -> int:
    return max(1, round(length / count)) * count
