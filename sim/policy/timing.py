"""What becomes of earned pay before it is paid: whole fen in, whole fen out.

Each function takes whole numbers or arrays of them, so that payroll on records (arrays) and simulated payroll (compiled, one payee
at a time) share the same lines. What is taken from a payee is returned as an amount of 0 or more; the caller posts it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sim.policy.rational import Whole


def share_of(fen: Whole, share: Fraction) -> Whole:
    """A share of an amount, halves up."""
    return (2 * fen * share.numerator + share.denominator) // (2 * share.denominator)


def held_back(earned: Whole, share: Fraction) -> Whole:
    """What is kept back of an amount earned; nothing of a negative one."""
    return share_of(np.maximum(earned, 0), share)


def guaranteed(earned: Whole, amount: Whole) -> Whole:
    """What is added so that at least the amount is paid."""
    return np.maximum(amount - earned, 0)


def drawn(earned: Whole, amount: Whole, balance: Whole) -> tuple[Whole, Whole]:
    """A recoverable draw: what is added up to the amount, and what is repaid from what is earned above it."""
    added = np.maximum(amount - earned, 0)
    repaid = np.minimum(np.maximum(earned - amount, 0), balance)
    return added, repaid


def carried(amount: Whole, balance: Whole) -> tuple[Whole, Whole]:
    """Carry-over: what of a negative amount is put off, and what of an earlier balance a positive amount repays."""
    put_off = np.maximum(-amount, 0)
    repaid = np.minimum(np.maximum(amount, 0), balance)
    return put_off, repaid


def above(amount: Whole, most: Whole) -> Whole:
    """What exceeds a ceiling."""
    return np.maximum(amount - most, 0)


__all__ = ["above", "carried", "drawn", "guaranteed", "held_back", "share_of"]
