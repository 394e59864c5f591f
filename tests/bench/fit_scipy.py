#!/usr/bin/python3
"""The peer of the fit: BG/NBD in numpy and scipy, by the method the Python package lifetimes takes -
a vectorised log-likelihood over log-parameters, a gradient (analytic here, automatic there),
scipy.optimize.minimize with its own choice, and expectations by scipy's 2F1.

usage: fit_scipy.py ROWS.csv      columns x,tx,T; prints JSON {fit_s, score_s, log_likelihood}
"""
import json
import sys
import time

import numpy
from scipy import optimize, special

ROUNDS = 3
WEEKS = 39
START = numpy.full(4, numpy.log(0.1))


def negative(log_p, x, tx, T, n):
    """Mean negative log-likelihood and its gradient in log p."""
    r, alpha, a, b = numpy.exp(log_p)
    has_repeat = x > 0
    A1 = special.gammaln(r + x) - special.gammaln(r) + r * numpy.log(alpha)
    A2 = (special.gammaln(a + b) + special.gammaln(b + x) - special.gammaln(b)
          - special.gammaln(a + b + x))
    A3 = -(r + x) * numpy.log(alpha + T)
    A4 = (numpy.log(a) - numpy.log(b + numpy.maximum(x, 1) - 1) - (r + x) * numpy.log(alpha + tx))
    most = numpy.maximum(A3, numpy.where(has_repeat, A4, A3))
    alive, dead = numpy.exp(A3 - most), numpy.where(has_repeat, numpy.exp(A4 - most), 0)
    total = A1 + A2 + most + numpy.log(alive + dead)
    share = dead / (alive + dead)
    by_r = (special.psi(r + x) - special.psi(r) + numpy.log(alpha)
            - (1 - share) * numpy.log(alpha + T) - share * numpy.log(alpha + tx))
    by_alpha = r / alpha - (r + x) * ((1 - share) / (alpha + T) + share / (alpha + tx))
    by_a = special.psi(a + b) - special.psi(a + b + x) + share / a
    by_b = (special.psi(a + b) + special.psi(b + x) - special.psi(b) - special.psi(a + b + x)
            - share / (b + numpy.maximum(x, 1) - 1))
    gradient = [n @ g * p for g, p in zip((by_r, by_alpha, by_a, by_b), (r, alpha, a, b))]
    return -(n @ total) / n.sum(), -numpy.array(gradient) / n.sum()


def expected(p, x, tx, T, t):
    """E[purchases in t | x, tx, T], Fader, Hardie and Lee 2005, equation 10."""
    r, alpha, a, b = p
    z = t / (alpha + T + t)
    hyper = special.hyp2f1(r + x, b + x, a + b + x - 1, z)
    first = (a + b + x - 1) / (a - 1)
    second = 1 - hyper * ((alpha + T) / (alpha + T + t)) ** (r + x)
    lost = numpy.where(x > 0, a / (b + numpy.maximum(x, 1) - 1)
                       * ((alpha + T) / (alpha + tx)) ** (r + x), 0)
    return first * second / (1 + lost)


def main():
    rows = numpy.genfromtxt(sys.argv[1], delimiter=",", names=True)
    x, tx, T = rows["x"], rows["tx"], rows["T"]
    fit_s, score_s = [], []
    for _ in range(ROUNDS):
        begin = time.monotonic()
        # equal rows once
        unique, n = numpy.unique(numpy.column_stack((x, tx, T)), axis=0, return_counts=True)
        found = optimize.minimize(negative, START, args=(*unique.T, n), jac=True, tol=1e-7)
        fit_s.append(time.monotonic() - begin)
        begin = time.monotonic()
        expected(numpy.exp(found.x), x, tx, T, WEEKS)
        score_s.append(time.monotonic() - begin)
    print(json.dumps({"fit_s": sorted(fit_s)[1], "score_s": sorted(score_s)[1],
                      "log_likelihood": -found.fun * len(x)}))


if __name__ == "__main__":
    main()
