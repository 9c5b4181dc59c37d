# SPDX-License-Identifier: BSD-2-Clause
"""What measurements find, for bench/run: figures beside a peer's and a goal, and lines to draw; and
what is read off a process."""

import json
import statistics
import time


class Findings:
    """Of one measurement; its samples are of rounds in which all took turns."""

    def __init__(self):
        self.figures = []
        self.series = []

    def add(self, name, unit, samples, peer=None, goal=None):
        """samples: of each round. peer: (its name, its samples), from the same rounds. goal: (">="
        or "<=", number) of the ratio to the peer, without a peer of the value."""
        figure = {"name": name, "unit": unit, "value": statistics.median(samples),
                  "spread": spread(samples), "peer": None, "ratio": None, "goal": None,
                  "met": None}
        if peer:
            figure["peerName"] = peer[0]
            figure["peer"] = statistics.median(peer[1])
            figure["peerSpread"] = spread(peer[1])
            figure["ratio"] = statistics.median(a / b for a, b in zip(samples, peer[1]))
        if goal:
            sign, number = goal
            measured = figure["value"] if figure["ratio"] is None else figure["ratio"]
            figure["goal"] = f"{sign} {number:g}"
            figure["met"] = measured >= number if sign == ">=" else measured <= number
        self.figures.append(figure)

    def line(self):
        """The last figure in words."""
        return line(self.figures[-1])

    def draw(self, chart, name, points, axes=("", "")):
        """points: of x and y, of one line of the chart."""
        self.series.append({"chart": chart, "name": name, "points": points, "axes": axes})

    def write(self, path):
        if path:
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"figures": self.figures, "series": self.series}, file)


def line(figure):
    """A row of a table: what, how much, the peer's, the ratio, and whether the goal was met."""
    row = f"{figure['name']:52}{number(figure['value']):>11}"
    row += f"{number(figure['peer']):>11}{number(figure['ratio']):>8}{figure['goal'] or '':>9}"
    return row + {None: "", True: "  met", False: "  missed"}[figure["met"]]


def number(value):
    return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def spread(samples):
    """The quartiles."""
    if len(samples) < 2:
        return [samples[0], samples[0]]
    quarters = statistics.quantiles(samples, n=4, method="inclusive")
    return [quarters[0], quarters[2]]


def processor_seconds(pid):
    """Of all threads of the process, since it began."""
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid):
    """Private and resident KiB."""
    numbers = rollup(pid)
    return numbers["Private_Clean"] + numbers["Private_Dirty"], numbers["Rss"]


def rollup(pid):
    """KiB of each kind. Pages of a file that lies in memory itself count as private and dirty."""
    numbers = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in list(file)[1:]:
            name, value = line.split(":")
            numbers[name] = int(value.split()[0])
    return numbers
