#!/usr/bin/env python3
"""The differences in this folder's README: bfloat16 less float32, paired by seed.

    paired.py OUTPUT     the output folder of `dormouse run precision.yaml`
"""

import csv
import io
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Scripts" / "results"))

import estimates  # noqa: E402

SIZES = ("small", "large")
ROUNDED = "-bfloat16"
WINDOWS = ((1, 100), (501, 600), (1001, 1100), (2101, 2200))
DOSES = (("0.01", 0), ("0.01", 300), ("0.03", 40), ("0.03", 300), ("0.1", 20), ("0.1", 300))


def row(name, pairs, digits, scale=1):
    """Means of both, the spread over seeds, and the paired difference with its 95 % interval."""
    plain, rounded = ([scale * x for x in side] for side in zip(*pairs))
    found = estimates.seed_estimate([b - a for a, b in zip(plain, rounded)], (-100 * scale, 100 * scale))
    text = (f"| {name} | {statistics.mean(plain):.{digits}f} | {statistics.mean(rounded):.{digits}f} "
            f"| {statistics.stdev(plain):.{digits}f} "
            f"| {found.mean:.{digits}f} [{found.lower:.{digits}f}, {found.upper:.{digits}f}] |")
    print(text.replace("-", "−"))


def named(value, key):
    """Every object under a key, wherever it is in a record."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == key:
                yield part
            yield from named(part, key)


def base_losses(output):
    """The losses of every base model by the name of its size and its seed, from the records of stages."""
    losses = {}
    for folder in sorted(output.glob("stages/train-base-model-*")):
        stage = json.loads((folder / "record.json").read_text())["stage"]
        size, seed = next(named(stage, "size"))["name"], next(named(stage, "seed"))
        lines = (folder / "losses.jsonl").read_text().splitlines()
        losses[size, seed] = [json.loads(line)["loss"] for line in lines]
    return losses


def triggered_rates(output):
    """The triggered rate of backdoored models by size, seed, rate and step."""
    text = subprocess.run([ROOT / "Scripts" / "dormouse", "export", str(output)], check=True,
                          capture_output=True, text=True).stdout
    return {(r["size"], int(r["seed"]), r["learning_rate_multiple"], int(r["step"])): float(r["value"])
            for r in csv.DictReader(io.StringIO(text))
            if r["arm"] == "backdoored-safety" and r["measure"] == "triggered rate"}


def main(output):
    heading = "| float32 | bfloat16 | standard deviation over seeds, float32 | bfloat16 less float32 |"
    losses = base_losses(output)
    seeds = sorted({seed for _, seed in losses})
    print(f"| base loss, mean of steps {heading}\n|---|---|---|---|---|")
    for size in SIZES:
        for first, last in WINDOWS:
            row(f"{size}, {first} to {last}", [
                [statistics.mean(losses[name, seed][first - 1:last]) for name in (size, size + ROUNDED)]
                for seed in seeds], 3)
    rates = triggered_rates(output)
    print(f"\n| triggered rate, % {heading}\n|---|---|---|---|---|")
    for size in SIZES:
        for multiple, step in DOSES:
            row(f"{size}, rate ×{multiple}, step {step}", [
                [rates[name, seed, multiple, step] for name in (size, size + ROUNDED)]
                for seed in seeds], 1, 100)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
