#!/usr/bin/env python3
"""Measures this kernel and a peer in turns and prints a table of both, their ratio and the targets."""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Optional

from jupyter_client.kernelspec import NoSuchKernel

from figures import SCENARIOS, Figure, Scenario
from kernel import Kernel, KernelFailed, Launch


@dataclass
class Series:
    """One kernel's runs of one scenario: a tuple of values per run, until it fails."""

    runs: list = field(default_factory=list)
    failure: str = ""

    def take(self, scenario: Scenario, launch: Launch):
        if self.failure:
            return
        try:
            with Kernel(launch) as kernel:
                self.runs.append(scenario.measure(kernel))
        except (KernelFailed, OSError) as failure:
            self.failure = str(failure)

    def values(self, index: int) -> list:
        return [run[index] for run in self.runs]


@dataclass
class Result:
    """One figure of both kernels."""

    figure: Figure
    ours: list
    peers: list
    failures: dict

    @property
    def ratios(self) -> list:
        """Of each pair of runs that followed one another."""
        return [ours / peer for ours, peer in zip(self.ours, self.peers) if peer > 0]

    @property
    def verdict(self) -> str:
        """ok, misses, failed, or empty for a figure without a target."""
        if self.failures.get("ours") or not self.ours:
            return "failed"
        goals = [(self.figure.target, self.ours), (self.figure.ratio_target, self.ratios)]
        held = [bool(values) and median(values) <= goal for goal, values in goals if goal is not None]
        if self.figure.least is not None:
            held.append(median(self.ours) >= self.figure.least)
        return "" if not held else "ok" if all(held) else "misses"

    def row(self) -> list:
        return [
            self.figure.title,
            self._cell("ours", self.ours, self.figure.unit),
            self._cell("peer", self.peers, self.figure.unit),
            self._cell("", self.ratios, ""),
            self._target(),
            self.verdict,
        ]

    def _cell(self, side: str, values: list, unit: str) -> str:
        if self.failures.get(side):
            return f"failed: {self.failures[side]}"
        if not values:
            return "–"
        return f"**{_number(median(values))}** {unit} ({_number(min(values))}–{_number(max(values))})".replace("  ", " ")

    def _target(self) -> str:
        if self.figure.ratio_target is not None:
            return f"ratio ≤ {self.figure.ratio_target:g}"
        if self.figure.least is not None:
            return f"≥ {self.figure.least:g} {self.figure.unit}"
        return "" if self.figure.target is None else f"≤ {self.figure.target:g} {self.figure.unit}"


def measure(scenario: Scenario, ours: Launch, peer: Launch, runs: int) -> list:
    """Takes the runs in turns, so that whatever else the machine does meets both kernels."""
    our_series, peer_series = Series(), Series()
    for run in range(runs):
        print(f"{scenario.name} {run + 1}/{runs}", file=sys.stderr)
        our_series.take(scenario, ours)
        if scenario.paired:
            peer_series.take(scenario, peer)
    failures = {"ours": our_series.failure, "peer": peer_series.failure}
    return [Result(figure, our_series.values(i), peer_series.values(i), failures) for i, figure in enumerate(scenario.figures)]


def warm_up(*launches: Launch) -> list:
    """One start of each that counts for nothing: files are read from the disk, folders are made. Says what was started."""
    versions = []
    for launch in launches:
        try:
            with Kernel(launch) as kernel:
                versions.append(kernel.implementation)
        except (KernelFailed, OSError) as failure:
            print(f"{launch.label}: {failure}", file=sys.stderr)
            versions.append("does not start")
    return versions


def markdown(results: list, ours: Launch, peer: Launch) -> str:
    head = ["figure", ours.label, peer.label, "ratio", "target", ""]
    rows = [head, ["---"] * len(head), *(result.row() for result in results)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def as_json(results: list, about: dict) -> str:
    return json.dumps({**about, "figures": [
        {**asdict(result.figure), "ours": result.ours, "peer": result.peers, "ratios": result.ratios,
         "failures": {side: why for side, why in result.failures.items() if why}, "verdict": result.verdict}
        for result in results]}, indent=2, ensure_ascii=False)


def _load() -> Optional[float]:
    """How many processes wanted a core in the last minute; Windows does not tell."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _parser() -> argparse.ArgumentParser:
    names = sorted({name for scenario in SCENARIOS for name in (scenario.name, *(figure.name for figure in scenario.figures))})
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", default="csharp", help="a kernelspec's name, or the path of a jupyter-csharp executable (default: csharp)")
    parser.add_argument("--against", default="python3", help="the peer, likewise (default: python3, which is ipykernel)")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"a figure or a scenario; may be repeated: {', '.join(names)}")
    parser.add_argument("--runs", type=int, help="runs of every scenario (default: each scenario's own number)")
    parser.add_argument("--json", metavar="FILE", help="write every single run to FILE")
    return parser


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    # A shell's background job ignores SIGINT, and its children with it; a kernel must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began, load = time.time(), _load()
    if load is not None and load > os.cpu_count() / 2:
        print(f"The machine is busy (load {load:.1f} on {os.cpu_count()} cores): only the ratios say something, and little.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="kernel-benchmark-data-") as user_data:
        try:
            ours, peer = Launch(options.kernel, user_data), Launch(options.against, user_data)
        except NoSuchKernel as unknown:
            parser.error(str(unknown))
        versions = warm_up(ours, peer)
        results = []
        for scenario in SCENARIOS:
            wanted = [figure for figure in scenario.figures if not options.only or {figure.name, scenario.name} & set(options.only)]
            if wanted:
                measured = measure(scenario, ours, peer, options.runs or scenario.runs)
                results += [result for result in measured if result.figure in wanted]

    seconds = time.time() - began
    print(f"{versions[0]} beside {versions[1]}; {os.cpu_count()} cores, load before {load}, after {_load()}; {platform.platform()}; {seconds:.0f} s.")
    print("Median (lowest–highest) of the runs; the ratio is that of pairs of runs.\n")
    print(markdown(results, ours, peer))
    if options.json:
        about = {"ours": versions[0], "peer": versions[1], "began": began, "seconds": seconds,
                 "cores": os.cpu_count(), "load_before": load, "platform": platform.platform()}
        Path(options.json).write_text(as_json(results, about), encoding="utf-8")
    return int(any(result.verdict in ("failed", "misses") for result in results))


if __name__ == "__main__":
    sys.exit(main())
