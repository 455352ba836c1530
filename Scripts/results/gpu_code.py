"""The table of compiled kernels (Results/gpu-code), summed up for docs/gpus.md."""

import csv

import tables

# The targets in the order of the page, with devices of each.
DEVICES = {
    "sm_80": "NVIDIA A100", "sm_89": "NVIDIA RTX 40, L4, L40", "sm_90": "NVIDIA H100, H200",
    "gfx90a": "AMD MI200", "gfx942": "AMD MI300", "gfx1100": "AMD RX 7900", "gfx1201": "AMD RX 9070",
    "dg2": "Intel Arc A series", "skl": "Intel, integrated, from Skylake on",
}


def read(name):
    tables.used.add("gpu code")
    with (tables.ROOT / "Results" / "gpu-code" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def by_target():
    """The rows of each target; every target of the table has a name."""
    rows = {target: [] for target in DEVICES}
    for row in read("table.csv"):
        rows[row["target"]].append(row)
    return rows


def has(row, name):
    return int(row[name]) > 0


def summary():
    """One row for each target."""
    return [[f"`{target}`", DEVICES[target], str(len(rows)), str(max(int(row["registers"]) for row in rows)),
             *(str(sum(has(row, name) for row in rows)) for name in ("private_in_loops", "spills", "scalar_spills"))]
            for target, rows in by_target().items() if rows]


def blemishes():
    """The kernels with variants that touch private memory in loops of sums or spill registers."""
    result = []
    for target, rows in by_target().items():
        for kernel in sorted({row["kernel"] for row in rows}):
            variants = [row for row in rows if row["kernel"] == kernel]
            found = [[row for row in variants if has(row, name)] for name in ("private_in_loops", "spills")]
            if any(found):
                result.append([f"`{target}`", f"`{kernel}`", str(len(variants)), *(str(len(part)) for part in found),
                               str(max(int(row["private_in_loops"]) for row in variants))])
    return result


def tools():
    return [[row["vendor"], row["tool"], row["version"]] for row in read("tools.csv")]
