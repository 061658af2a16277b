"""Luck: counter-based draws keyed by (seed, purpose, entity, day, n).

A draw is a hash of its key, so it does not depend on how many draws came before it, on threads, batches or on what
another policy made happen elsewhere: two policies share their luck and their differences are paired.
The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood 2014), applied once per part of the key.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from sim.compiled import rule, wide

U64 = np.uint64
_GOLDEN = U64(0x9E3779B97F4A7C15)
_M1, _M2 = U64(0xBF58476D1CE4E5B9), U64(0x94D049BB133111EB)
_W1, _W2 = U64(0x96DE1B173F119089), U64(0x319642B2D24D8EC3)          # inverses of _M1, _M2 modulo 2^64
_S62, _S54, _S60 = U64(62), U64(54), U64(60)
_S30, _S27, _S31, _S12 = U64(30), U64(27), U64(31), U64(12)

# Purposes, below 100; channel k adds 100 (k + 1). Numbers are part of every result: never reuse one, add at the end.
TALENT, MOTIVE, LEANING, PAIRING, OPT_IN = 1, 2, 3, 4, 5
CONTACTS, CONVERSION, PROBLEM, PARTNER_LEAD, ASSIGNED_LEAD = 10, 11, 12, 13, 14
BALANCE, SATISFACTION, HAZARD, CHURN, SEGMENT, REFERRER, START_BALANCE = 20, 21, 22, 23, 24, 25, 26
REVISIT, TREMBLE = 30, 31
JUDGEMENT, LIKING, AUDIT, SCRUPLES, REPORT_ERROR = 60, 61, 62, 63, 64
APPLICATION, LOAN_KEY, QUALITY, DETECTION, LOAN_CLASS, PAST = 40, 41, 42, 43, 44, 45
NEED, OFFER, OFFER_SIZE, MARKET, CAUSE, REFERRAL, WAY, PICK, HELD_AT_START = 70, 71, 72, 73, 74, 75, 76, 77, 78
DEAL, DEAL_SIZE, DEAL_RIVAL, WALK_IN, RECEPTION, ALLOTMENT = 79, 80, 81, 82, 83, 84
QUIT, VACANCY, APPLICANT = 50, 51, 52
CENTRAL = 0.425          # how far from a half the quantile of a normal draw is one ratio of polynomials
POISSON_SUMMED = 600.0   # means above draw from an approximation
ALWAYS = 1_000_000       # stands for the day in draws made once in a lifetime


@rule
def mix(z: np.uint64) -> np.uint64:
    """SplitMix64's finaliser: a bijection of 64 bits in which every output bit depends on every input bit."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@rule
def unmix(z: np.uint64) -> np.uint64:
    """The number that `mix` turns into this one: so that branches of a replication can find what they share."""
    z = (z ^ (z >> _S31) ^ (z >> _S62)) * _W2
    z = (z ^ (z >> _S27) ^ (z >> _S54)) * _W1
    return z ^ (z >> _S30) ^ (z >> _S60)


@rule
def stream(seed: np.uint64, purpose: int, entity: np.uint64, day: int) -> np.uint64:
    """The key under which one entity draws for one purpose on one day."""
    return on(lane(seed, purpose, entity), day)


@rule
def lane(seed: np.uint64, purpose: int, entity: np.uint64) -> np.uint64:
    """What the streams of all days share; kept where they are asked for daily (lanes.py)."""
    return mix(mix(seed + _GOLDEN * U64(purpose)) ^ (entity * _GOLDEN + _M1))


@rule
def on(lane: np.uint64, day: int) -> np.uint64:
    """The stream of that lane on one day."""
    return mix(lane + _GOLDEN * U64(day + 1))


@rule
def person_key(seat: np.uint64, generation: int) -> np.uint64:
    """The key of whoever sits in a seat: the seat's own for the first, another for each one hired later."""
    if generation == 0:
        return seat
    return mix(seat ^ mix(_GOLDEN * U64(generation)))


@rule
def uniform(key: np.uint64, n: int) -> float:
    """The n-th uniform draw under a key, in the open interval (0, 1): 52 bits and a half, so that none rounds to 1."""
    return (float(mix(key + _GOLDEN * U64(n + 1)) >> _S12) + 0.5) * 2.220446049250313e-16


@wide
def normal(u: float) -> float:
    """Standard normal quantile of u (Wichura 1988, AS 241, accurate to about 1e-16)."""
    return central(u - 0.5) if abs(u - 0.5) <= CENTRAL else outer(u)


@wide
def central(q: float) -> float:
    """`normal` of q + 0.5, where that lies within `CENTRAL` of a half."""
    r = 0.180625 - q * q
    return q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                + 133.14166789178437745) * r + 3.387132872796366608) / (
                ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                + 42.313330701600911252) * r + 1.0)


@wide
def outer(u: float) -> float:
    """`normal` of u elsewhere."""
    r = math.sqrt(-math.log(u if u < 0.5 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        x = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
              + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
              + 4.6303378461565452959) * r + 1.42343711074968357734) / (
              ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
              + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
              + 2.05319162663775882187) * r + 1.0)
    else:
        r -= 5.0
        x = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
              + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
              + 5.4637849111641143699) * r + 6.6579046435011037772) / (
              ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
              + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
              + 0.59983220655588793769) * r + 1.0)
    return -x if u < 0.5 else x


@rule
def poisson(u: float, mean: float) -> int:
    """Poisson count by inversion of one uniform: monotone in u, and in the mean but for the step to the approximation, so worlds stay paired.

    That is the normal quantile corrected for skewness (Cornish and Fisher 1938).
    """
    if mean <= 0.0:
        return 0
    if mean > POISSON_SUMMED:                          # exp(-mean) nears the smallest number there is
        z = normal(u)
        return max(0, int(math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5)))
    if u <= 1.0 - mean:                                # exp(-mean) is no less
        return 0
    p = math.exp(-mean)
    k, total = 0, p
    while u > total and p > 0.0:
        k += 1
        p *= mean / k
        total += p
    return k


def name_key(name: str) -> np.uint64:
    """The key of an entity with a name: stable, and independent of who else is there."""
    return U64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))


def branch_key(branch: str) -> np.uint64:
    """The key of a branch."""
    return name_key(f"branch {branch}")


def replication_seed(seed: int, replication: int) -> np.uint64:
    """A replication's seed: a hash of the master seed and its number."""
    return name_key(f"replication {int(seed)} {int(replication)}")
