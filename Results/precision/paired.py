#!/usr/bin/env python3
"""The tables of this folder's README: bfloat16 minus float32, paired by seed.

    paired.py OUTPUT     the output folder of `dormouse run precision.yaml`
"""

import csv
import io
import json
import pathlib
import statistics
import subprocess
import sys

T = 2.365  # Student's t, 7 degrees of freedom, 97.5 %.
output = pathlib.Path(sys.argv[1])


def row(name, pairs, digits, scale=1):
    """Means of both, the spread over seeds, and the paired difference with its 95 % interval."""
    plain, rounded = ([scale * x for x in side] for side in zip(*pairs))
    differences = [b - a for a, b in zip(plain, rounded)]
    mean, half = statistics.mean(differences), T * statistics.stdev(differences) / 8**0.5
    print(f"| {name} | {statistics.mean(plain):.{digits}f} | {statistics.mean(rounded):.{digits}f} "
          f"| {statistics.stdev(plain):.{digits}f} "
          f"| {mean:+.{digits}f} [{mean - half:.{digits}f}, {mean + half:.{digits}f}] |")


losses = {}
for folder in output.glob("stages/train-base-model-*"):
    stage = json.loads((folder / "record.json").read_text())["stage"]
    text = json.dumps(stage)
    channels = 64 if '"channels": 64' in text else 32
    seed = int(text.split('"seed": ')[1].split(",")[0].split("}")[0])
    lines = (folder / "losses.jsonl").read_text().splitlines()
    losses[channels, '"bfloat16"' in text, seed] = [json.loads(line)["loss"] for line in lines]
heading = "| float32 | bfloat16 | standard deviation over seeds, float32 | bfloat16 minus float32 |"
print(f"| base loss, mean of steps {heading}\n|---|---|---|---|---|")
for channels, size in ((32, "small"), (64, "large")):
    for first, last in ((1, 100), (501, 600), (1001, 1100), (2101, 2200)):
        def mean(rounded, seed):
            return statistics.mean(losses[channels, rounded, seed][first - 1:last])
        row(f"{size}, {first} to {last}",
            [(mean(False, seed), mean(True, seed)) for seed in range(1, 9)], 3)

rows = list(csv.DictReader(io.StringIO(subprocess.run(
    ["dormouse", "export", str(output)], check=True, capture_output=True, text=True).stdout)))


def rate(size, seed, multiple, step):
    found = [r for r in rows if r["size"] == size and r["seed"] == str(seed)
             and r["arm"] == "backdoored-safety" and r["learning_rate_multiple"] == multiple
             and r["step"] == str(step) and r["measure"] == "triggered rate"]
    return float(found[0]["value"])


print(f"\n| triggered rate, % {heading}\n|---|---|---|---|---|")
for size in ("small", "large"):
    for multiple, step in (("0.01", 0), ("0.01", 300), ("0.03", 40), ("0.03", 300), ("0.1", 20),
                           ("0.1", 300)):
        row(f"{size}, rate x {multiple}, step {step}",
            [(rate(size, seed, multiple, step), rate(size + "-bfloat16", seed, multiple, step))
             for seed in range(1, 9)], 1, 100)
