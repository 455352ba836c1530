"""The check of all variants on all targets."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import amd
import intel
import nvidia
import table
from target import COLUMNS, ROOT, Fault

VENDORS = (nvidia, amd, intel)


def variants():
    """Every variant that the program lists."""
    program = ROOT / ".build" / "release" / "dormouse"
    lines = subprocess.run([str(program), "kernels", "--json"], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def is_large(variant):
    """Whether a variant is one of those of --quick: the ones that need the most registers."""
    constants = variant["constants"]
    if "TILE" in constants:
        return constants["TILE"] == 64 and constants["D"] >= 64
    return max([constants.get(name, 0) for name in ("TILE_M", "GROUP_M", "D")], default=0) >= 128


def work(listed, targets, is_quick):
    """The (vendor, target, variant) to compile; the long ones first, so that no processor waits at the end."""
    chosen = [(vendor, target, variant) for vendor in VENDORS for target in vendor.TARGETS for variant in listed
              if target in targets and variant["gpu"] == vendor.GPU[target]
              and (not is_quick or is_large(variant))]
    return sorted(chosen, key=lambda entry: not is_large(entry[2]))


def compile_one(tools, vendor, target, variant):
    """(key, code or fault)."""
    key = table.key(target, variant)
    with tempfile.TemporaryDirectory(prefix="gpu-code-") as folder:
        try:
            return key, vendor.compiled(tools[vendor], target, variant, pathlib.Path(folder))
        except Fault as fault:
            return key, fault


def heading():
    return f"{'target':8} {'kernel and constants':72} " + " ".join(f"{name:>{max(9, len(name))}}" for name in COLUMNS)


def line(key, code):
    target, kernel, constants = key
    numbers = " ".join(f"{getattr(code, name):>{max(9, len(name))}}" for name in COLUMNS)
    return f"{target:8} {(kernel + ' ' + constants).strip():72} {numbers}"


def compile_all(tools, entries, processes):
    """The codes by key, and a line for each variant that does not compile."""
    rows, faults = {}, []
    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        for key, code in pool.map(lambda entry: compile_one(tools, *entry), entries):
            if isinstance(code, Fault):
                faults.append(f"{table.named(key)}: does not compile: {code}")
            else:
                rows[key] = code
    return rows, faults


def other_versions(versions):
    """A line for every tool whose version is not the one of the table."""
    known = table.read_tools()
    return [f"{vendor}'s {tool} is {version}; the table was made with {known.get((vendor, tool), 'another tool')}"
            for (vendor, tool), version in sorted(versions.items()) if known.get((vendor, tool)) != version]


def main(arguments):
    parser = argparse.ArgumentParser(prog="Scripts/check-gpu-code", description=(
        "Compiles every kernel for real GPUs and compares the machine code with Results/gpu-code/table.csv. "
        "No GPU is needed."))
    all_targets = [target for vendor in VENDORS for target in vendor.TARGETS]
    parser.add_argument("--write", action="store_true", help="write the table from this run")
    parser.add_argument("--quick", action="store_true", help="only the variants that need the most registers")
    parser.add_argument("--target", action="append", choices=all_targets, help="only this target")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if options.write and (options.quick or options.target):
        parser.error("--write needs a whole run")
    targets = options.target or all_targets
    tools = {vendor: vendor.tools() for vendor in VENDORS}
    missing = [f"{vendor.NAME}'s {name}" for vendor, found in tools.items() for name, path in found.items() if not path]
    if missing:
        print(f"These tools are missing: {', '.join(missing)}", file=sys.stderr)
        return 69
    versions = {(vendor.NAME, tool): version for vendor in VENDORS
                for tool, version in vendor.versions(tools[vendor]).items()}
    start = time.monotonic()
    rows, faults = compile_all(tools, work(variants(), targets, options.quick), options.processes)
    print(heading())
    for key in sorted(rows):
        print(line(key, rows[key]))
    seconds = time.monotonic() - start
    if options.write:
        bad = faults + [text for key in sorted(rows) for text in table.broken(key, rows[key])]
        if not bad:
            table.write(rows)
            table.write_tools(versions)
    else:
        known = {key: code for key, code in table.read().items() if key[0] in targets}
        bad = faults + table.problems(rows, known, not options.quick and not faults)
        for note in other_versions(versions):
            print(f"Note: {note}")
    allowed = table.known(rows)
    if allowed:
        print(f"Of {len(rows)} variants, {len(allowed)} use private memory or spill registers, as the table says:"
              if not bad else f"Variants that use private memory or spill registers: {len(allowed)}")
        for text in allowed:
            print(f"  {text}")
    print(f"{len(rows)} variants compiled in {seconds:.0f} s, {len(bad)} problems", flush=True)
    for text in bad:
        print(text, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
