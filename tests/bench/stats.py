# SPDX-License-Identifier: LGPL-2.1-or-later
"""Medians with intervals that assume nothing of how measurements are distributed."""
import math
import random


def median(values):
    """Of a list that is not empty."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def tail(n, k):
    """The probability of fewer than k heads in n throws of a fair coin."""
    return sum(math.comb(n, i) for i in range(k)) / 2**n


def interval(values, level=0.95):
    """(low, high, coverage) of the median: two of the values themselves, the narrowest pair of
    equal rank from either end that holds the median with that probability, or the outermost pair
    with less where there are too few values for it (fewer than 6 for 0.95)."""
    ordered = sorted(values)
    n = len(ordered)
    rank = 1
    while rank + 1 <= (n + 1) // 2 and 1 - 2 * tail(n, rank + 1) >= level:
        rank += 1
    return ordered[rank - 1], ordered[n - rank], 1 - 2 * tail(n, rank)


def quantile(buckets, part):
    """Of {value: count}: the value that this part of all lies at or below."""
    rank = math.ceil(sum(buckets.values()) * part)
    seen = 0
    for value in sorted(buckets):
        seen += buckets[value]
        if seen >= rank:
            return value
    return None


def pooled(blocks):
    """One {value: count} of several."""
    ret = {}
    for buckets in blocks:
        for value, count in buckets.items():
            ret[value] = ret.get(value, 0) + count
    return ret


def pooled_ratio(blocks, others, part, draws=400, level=0.95):
    """Summary of the ratio of two quantiles, each of all its blocks taken together. The interval is
    a bootstrap of blocks, drawn in pairs: what lies in one block belongs together. Always the same
    draws, so that the same data give the same interval."""
    source = random.Random(1)
    n = min(len(blocks), len(others))
    found = []
    for draw in range(draws + 1):
        picks = range(n) if not draw else source.choices(range(n), k=n)
        top = quantile(pooled([blocks[i] for i in picks]), part)
        bottom = quantile(pooled([others[i] for i in picks]), part)
        if top is not None and bottom:
            found.append(top / bottom)
    if not found:
        return None
    low, high = (quantile({v: found.count(v) for v in found}, p) for p in _ends(level))
    return {"median": found[0], "low": low, "high": high, "coverage": level, "n": n}


def _ends(level):
    return (1 - level) / 2, (1 + level) / 2


def ratios(values, others):
    """Pair by pair: what was measured in the same round. Pairs with nothing below are left out."""
    return [v / o for v, o in zip(values, others) if o]


def summary(values):
    """Median and interval as a dictionary; None of no values."""
    if not values:
        return None
    low, high, coverage = interval(values)
    return {
        "median": median(values),
        "low": low,
        "high": high,
        "coverage": round(coverage, 4),
        "n": len(values),
    }


def change(now, before):
    """In parts of one: 0.1 is a tenth more. None where there is nothing to compare with."""
    return now / before - 1 if before else None
