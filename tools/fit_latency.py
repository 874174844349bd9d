#!/usr/bin/env python3
"""Fits the shipped latency model to a matrix of round-trip times. Usage: fit_latency.py MATRIX.txt > latency_table.inc

The matrix is text: one row a line, milliseconds, symmetric. The model is k regions with a base time for each pair of
regions (the diagonal is inside a region), a height for each host (its own way to its region) and a
factor for each pair of hosts. All figures are integers in microseconds or 1/1000; the
last two are lists of 33 equally likely values.
"""
import random
import statistics
import sys

REGIONS = 16
QUANTILES = 33


def load(path):
    with open(path, encoding="utf-8") as file:
        return [[float(x) for x in line.split()] for line in file if line.strip()]


def cluster(matrix, seed):
    """k-medoids: the cost and the region of each host."""
    hosts = range(len(matrix))
    way = lambda a, b: 0 if a == b else matrix[a][b]
    medoids = random.Random(seed).sample(list(hosts), REGIONS)
    while True:
        region = [min(range(REGIONS), key=lambda c, i=i: way(i, medoids[c])) for i in hosts]
        members = [[i for i in hosts if region[i] == c] for c in range(REGIONS)]
        better = [min(m, key=lambda a, m=m: sum(way(a, b) for b in m)) for m in members]
        if better == medoids:
            return sum(way(i, medoids[region[i]]) for i in hosts), region
        medoids = better


def quantiles(values):
    ordered = sorted(values)
    return [ordered[int((q + 0.5) * len(ordered) / QUANTILES)] for q in range(QUANTILES)]


def fit(matrix, region):
    hosts = range(len(matrix))
    heights = [0.0] * len(matrix)
    base = {}
    for _ in range(8):
        pairs = {}
        for i in hosts:
            for j in range(i):
                key = tuple(sorted((region[i], region[j])))
                pairs.setdefault(key, []).append(matrix[i][j] - heights[i] - heights[j])
        base = {key: max(0.1, statistics.median(v)) for key, v in pairs.items()}
        for i in hosts:
            rest = [matrix[i][j] - heights[j] - base[tuple(sorted((region[i], region[j])))] for j in hosts if j != i]
            heights[i] = max(0.0, statistics.median(rest))
        low = min(heights)
        heights = [h - low for h in heights]
    factors = []
    for i in hosts:
        for j in range(i):
            expected = heights[i] + heights[j] + base[tuple(sorted((region[i], region[j])))]
            factors.append(matrix[i][j] / expected)
    return base, heights, factors


def main():
    matrix = load(sys.argv[1])
    _, region = min((cluster(matrix, seed) for seed in range(12)), key=lambda result: result[0])
    order = sorted(range(REGIONS), key=lambda c: -region.count(c))
    region = [order.index(c) for c in region]
    base, heights, factors = fit(matrix, region)
    micro = lambda ms: str(round(ms * 1000))
    print("// Made by tools/fit_latency.py from 490 PlanetLab hosts (NetLatency-Data, slice 1). Do not edit.")
    print("inline constexpr std::array<std::uint32_t, 16> k_region_hosts = {"
          + ", ".join(str(region.count(c)) for c in range(REGIONS)) + "};")
    print("inline constexpr std::array<std::array<std::uint32_t, 16>, 16> k_region_rtt_us = {{")
    for a in range(REGIONS):
        row = ", ".join(micro(base.get(tuple(sorted((a, b))), 0.1)) for b in range(REGIONS))
        print("    {" + row + "},")
    print("}};")
    print("inline constexpr std::array<std::uint32_t, 33> k_height_us = {" + ", ".join(map(micro, quantiles(heights))) + "};")
    print("inline constexpr std::array<std::uint32_t, 33> k_pair_factor = {"
          + ", ".join(str(round(f * 1000)) for f in quantiles(factors)) + "};")


main()
