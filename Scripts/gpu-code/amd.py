"""AMD: clang and ROCm's device libraries make machine code."""

import os
import re
import shutil

import loops
from target import Code, defines, run

NAME = "AMD"
TARGETS = ("gfx90a", "gfx942", "gfx1100", "gfx1201")
GPU = {"gfx90a": "amd-wave64", "gfx942": "amd-wave64", "gfx1100": "amd-wave32", "gfx1201": "amd-wave32"}

FOLDERS = ("/usr/lib/x86_64-linux-gnu/amdgcn/bitcode", "/usr/lib/amdgcn/bitcode",
           "/usr/lib/llvm-19/lib/clang/19/amdgcn/bitcode")
# The library of an older relative where the device libraries do not know the target. It has constants only.
ISA = {"gfx90a": ("90a",), "gfx942": ("942", "940"), "gfx1100": ("1100", "1036"), "gfx1201": ("1201", "1100", "1036")}


def tools():
    return {"clang": shutil.which("clang-19"),
            "bitcode": next((folder for folder in FOLDERS if os.path.exists(folder + "/ocml.bc")), None)}


def versions(tools):
    return {"clang": re.search(r"version (\S+)", run([tools["clang"], "--version"]))[1]}


def libraries(folder, target):
    wide = "on" if GPU[target] == "amd-wave64" else "off"
    isa = next(isa for isa in ISA[target] if os.path.exists(f"{folder}/oclc_isa_version_{isa}.bc"))
    for name in ("opencl", "ocml", "ockl", "oclc_daz_opt_off", "oclc_unsafe_math_off", "oclc_finite_only_off",
                 "oclc_correctly_rounded_sqrt_off", f"oclc_wavefrontsize64_{wide}", f"oclc_isa_version_{isa}",
                 "oclc_abi_version_500"):
        if os.path.exists(f"{folder}/{name}.bc"):
            yield f"{folder}/{name}.bc"


def compiled(tools, target, variant, folder):
    """The facts of a variant's code."""
    source, assembly = folder / "kernel.cl", folder / "kernel.s"
    source.write_text(variant["source"])
    command = [tools["clang"], "-target", "amdgcn-amd-amdhsa", f"-mcpu={target}", "-x", "cl", "-w", "-O3",
               "-nogpulib", "-mcode-object-version=5", *defines(variant["options"]), "-S", "-o", assembly, source]
    for library in libraries(tools["bitcode"], target):
        command += ["-Xclang", "-mlink-builtin-bitcode", "-Xclang", library]
    run(command)
    text = assembly.read_text()
    facts = text[text.rindex("amdhsa.kernels:"):]

    def number(name):
        return int(re.search(rf"\.{name}:\s+(\d+)", facts)[1])

    defined = set(re.findall(r"^([\w$.]+):", text, re.M))
    used = set(re.findall(r"([\w$.]+)@(?:gotpcrel32|rel32)@", text))
    return Code(
        registers=number("vgpr_count"), spills=4 * number("vgpr_spill_count"), scalar_spills=number("sgpr_spill_count"),
        private=number("private_segment_fixed_size"),
        private_in_loops=loops.touched(
            instructions(text),
            lambda line: re.search(r"\bv_(?:dual_|pk_)?(?:fma|mfma|wmma)", line),
            lambda line: bool(re.match(r"(?:scratch|buffer)_(?:load|store)", line))),
        local=number("group_segment_fixed_size"), occupancy=int(re.findall(r"; Occupancy: (\d+)", text)[-1]),
        unresolved=tuple(sorted(used - defined)))


def instructions(text):
    """The instructions in the assembly of clang."""
    result, labels = [], []
    for line in text[:text.rindex(".Lfunc_end")].splitlines():
        line = line.split(";")[0].rstrip()
        label = re.match(r"([\w$.]+):", line)
        if label:
            labels.append(label[1])
        found = re.match(r"\s+([a-z]\w+.*)", line)
        if not found:
            continue
        jump = re.match(r"(s_c?branch\w*)\s+(\.L\w+)", found[1])
        ends = found[1].startswith(("s_branch", "s_endpgm", "s_setpc"))
        result.append(loops.Instruction(found[1], labels, [jump[2]] if jump else [], not ends))
        labels = []
    return result
