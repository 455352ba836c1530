"""NVIDIA: clang and libclc make PTX, NVIDIA's ptxas makes machine code, nvdisasm prints it."""

import os
import re
import shutil

import loops
from target import Code, Fault, defines, installed, run

NAME = "NVIDIA"
TARGETS = ("sm_80", "sm_89", "sm_90")
GPU = dict.fromkeys(TARGETS, "nvidia")

BITCODE = "/usr/lib/clc/nvptx64--nvidiacl.bc"

# Of a multiprocessor: warps, groups, and bytes of local memory (CUDA C++ Programming Guide, compute capabilities).
LIMITS = {"sm_80": (64, 32, 164 << 10), "sm_89": (48, 24, 100 << 10), "sm_90": (64, 32, 228 << 10)}


def tools():
    """The tools by name; None for one that is missing."""
    return {"clang": shutil.which("clang-19"),
            "bitcode": BITCODE if os.path.exists(BITCODE) else None,
            "ptxas": installed("python/lib/python3*/site-packages/nvidia/*/bin/ptxas"),
            "nvdisasm": installed("python/lib/python3*/site-packages/nvidia/*/bin/nvdisasm")}


def versions(tools):
    return {"clang": re.search(r"version (\S+)", run([tools["clang"], "--version"]))[1],
            "ptxas": re.search(r"release \S+, V(\S+)", run([tools["ptxas"], "--version"]))[1],
            "nvdisasm": re.search(r"release \S+, V(\S+)", run([tools["nvdisasm"], "--version"]))[1]}


def compiled(tools, target, variant, folder):
    """The facts of a variant's code."""
    source, ptx, binary = folder / "kernel.cl", folder / "kernel.ptx", folder / "kernel.cubin"
    source.write_text(variant["source"])
    run([tools["clang"], "-target", "nvptx64-nvidia-nvcl", "-x", "cl", "-w", "-O3", "-Xclang", "-target-cpu",
         "-Xclang", target, "-Xclang", "-target-feature", "-Xclang", "+ptx80", "-Xclang", "-mlink-builtin-bitcode",
         "-Xclang", tools["bitcode"], *defines(variant["options"]), "-S", "-o", ptx, source])
    text = ptx.read_text()
    try:
        said = run([tools["ptxas"], "-arch", target, "-v", "-O3", ptx, "-o", binary])
    except Fault as fault:
        unresolved = re.search(r"Unresolved extern function '(.*)'", str(fault))
        if not unresolved:
            raise
        return Code(unresolved=(unresolved[1],))

    def number(pattern):
        found = re.search(pattern, said)
        return int(found[1]) if found else 0

    registers, local = number(r"Used (\d+) registers"), number(r"(\d+) bytes smem")
    group = re.search(r"\.reqntid (\d+), (\d+), (\d+)", text)
    items = int(group[1]) * int(group[2]) * int(group[3]) if group else 64
    return Code(
        registers=registers, spills=number(r"(\d+) bytes spill stores"), private=number(r"(\d+) bytes stack frame"),
        private_in_loops=loops.touched(
            instructions(run([tools["nvdisasm"], "-c", binary])),
            lambda line: re.search(r"\b(?:FFMA2?|HMMA|HGMMA)\b", line), lambda line: bool(
                re.search(r"\b(?:LDL|STL)\b", line))),
        local=local, occupancy=warps(target, registers, local, items))


def warps(target, registers, local, items):
    """The warps that fit on a multiprocessor at a time."""
    most_warps, most_groups, memory = LIMITS[target]
    of_group = -(-items // 32)
    # Registers are given to warps in blocks of 256, and warps in fours. A group takes 1 KB of memory itself.
    by_registers = 65536 // (-(-registers * 32 // 256) * 256) // 4 * 4
    groups = min(most_groups, most_warps // of_group, by_registers // of_group,
                 memory // (-(-local // 128) * 128 + 1024))
    return groups * of_group


def instructions(text):
    """The instructions in the text of nvdisasm."""
    result, labels = [], []
    for line in text.splitlines():
        label = re.match(r"\s*(\.L_\w+):", line)
        if label:
            labels.append(label[1])
        found = re.match(r"\s*/\*[0-9a-f]+\*/\s+(.*)", line)
        if not found or found[1].startswith("/*"):
            continue
        words = re.match(r"(@!?U?P\w+\s+)?([A-Z0-9_.]+)", found[1])
        name = words[2].split(".")[0] if words else ""
        targets = re.findall(r"`\((\.L_\w+)\)", found[1]) if name in ("BRA", "BRX", "JMP") else []
        ends = name in ("BRA", "BRX", "JMP", "EXIT", "RET") and not words[1] and "DIV" not in words[2]
        # `BRA P0, ...` and `BRA.U UP0, ...` name the predicate after the instruction.
        ends = ends and not re.match(r"BRA\S*\s+!?U?P\d", found[1])
        result.append(loops.Instruction(found[1], labels, targets, not ends))
        labels = []
    return result
