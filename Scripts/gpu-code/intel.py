"""Intel: ocloc makes machine code with the compiler of Intel's driver, iga64 prints it."""

import os
import re
import shutil
import struct

import loops
from target import INSTALLED, Code, Fault, installed, run

NAME = "Intel"
# Arc of the first generation, and integrated GPUs from Skylake on.
TARGETS = ("dg2", "skl")
GPU = dict.fromkeys(TARGETS, "intel")

PLATFORMS = {"dg2": "XeHPG", "skl": "GEN9"}
# Hardware threads of a vector engine, and of one whose threads take twice the registers.
THREADS = {"dg2": (8, 4), "skl": (7, 7)}


def tools():
    return {"ocloc": installed("intel/usr/bin/ocloc") or shutil.which("ocloc"),
            "iga64": installed("intel/usr/bin/iga64") or shutil.which("iga64")}


def environment():
    """The libraries that are installed beside the system, and the binary format that names its facts."""
    folders = [str(path) for path in sorted(INSTALLED.glob("intel/usr/lib/*"))]
    return {"LD_LIBRARY_PATH": ":".join(folders + [os.environ.get("LD_LIBRARY_PATH", "")]).strip(":"),
            "IGC_EnableZEBinary": "1"}


def versions(tools):
    packages = INSTALLED / "intel" / "packages"
    if packages.exists():
        said = packages.read_text()
    else:
        said = run(["dpkg-query", "-W", "libigc*"])
    return {"igc": re.search(r"^libigc[12]\S*\s+(\S+)", said, re.M)[1]}


def compiled(tools, target, variant, folder):
    """The facts of a variant's code."""
    source = folder / "kernel.cl"
    source.write_text(variant["source"])
    try:
        build(tools, target, variant["options"], folder)
    except Fault:
        # The program does the same on a device that refuses the option.
        plain = variant["options"].replace(" -cl-intel-256-GRF-per-thread", "")
        if plain == variant["options"]:
            raise
        build(tools, target, plain, folder)
    sections, unresolved = read((next(folder.glob("*.bin"))).read_bytes())
    if unresolved:
        return Code(unresolved=unresolved)
    code = folder / "kernel.text"
    code.write_bytes(sections[f".text.{variant['kernel']}"])
    printed = folder / "kernel.asm"
    run([tools["iga64"], "-d", f"-p={PLATFORMS[target]}", code, "-o", printed], environment())
    return facts(target, sections[".ze_info"].decode(), printed.read_text())


def build(tools, target, options, folder):
    run([tools["ocloc"], "compile", "-file", folder / "kernel.cl", "-device", target, "-options", options + " -w",
         "-out_dir", folder], environment())


def facts(target, info, assembly):
    """The facts that the compiler states, and those of the loops."""
    def number(name):
        found = re.search(rf"\b{name}:\s+(\d+)", info)
        return int(found[1]) if found else 0

    width, registers = number("simd_size"), number("grf_count")
    private, spills = number("private_size"), number("spill_size") // width
    for use, size in re.findall(r"usage:\s+(\w+)\s+size:\s+(\d+)", info):
        # Private memory is counted by work-items, the others by threads. Gen9 has one memory for both.
        if use == "private_space":
            private += int(size)
        elif use == "spill_fill_space":
            spills += int(size) // width
        else:
            private += int(size) // width
    spills = max(spills, spilled(assembly) // width)
    return Code(
        registers=registers, spills=spills, private=private,
        private_in_loops=loops.touched(instructions(assembly), is_arithmetic, is_private) if private + spills else 0,
        local=number("slm_size"), occupancy=THREADS[target][registers > 128] * width)


def spilled(assembly):
    """The bytes of registers that a thread keeps in scratch memory, by the places in 32 bytes that it writes."""
    places = set()
    for line in re.findall(r".*hword scratch block write x\d+", assembly):
        place = int(re.findall(r"0x[0-9A-Fa-f]+", line.split("{")[0].split("//")[0])[-1], 16) & 0xFFF
        places.update(range(place, place + int(line.rsplit("x", 1)[1])))
    return 32 * len(places)


def is_arithmetic(line):
    return re.search(r"\b(?:mad|dpasw?|mac)\b[^{]*?:f\b", line)


def is_private(line):
    """Whether a message reads or writes memory that is not of a buffer: a kernel's buffers have surfaces."""
    if not re.search(r"\bsendsc?\b|\bsendc?\b", line):
        return False
    text, _, comment = line.partition("//")
    if re.search(r"\ba64\b|scratch", comment):
        return True
    # The surface 255 is all of memory.
    numbers = re.findall(r"0x[0-9A-Fa-f]+", text.split("{")[0])
    return bool(numbers) and "surface" in comment and int(numbers[-1], 16) & 0xFF == 0xFF


def instructions(text):
    """The instructions in the text of iga64."""
    result, labels = [], []
    for line in text.splitlines():
        label = re.match(r"(L\d+):", line)
        if label:
            labels.append(label[1])
            continue
        if not line.strip():
            continue
        words = re.match(r"\s*(?:\(([^)]*)\))?\s*([a-z][\w.]*)", line)
        targets = re.findall(r"\bL\d+\b", line.split("//")[0]) if words else []
        # `(W)` only says that all lanes take part. A predicate names a flag.
        is_predicated = bool(words and words[1] and "f" in words[1])
        ends = bool(words) and words[2].split(".")[0] in ("jmpi", "goto") and not is_predicated
        result.append(loops.Instruction(line.strip(), labels, targets, not ends and "end of thread" not in line))
        labels = []
    return result


def read(data):
    """The sections of a binary by name, and the functions that it does not have."""
    if data[:4] != b"\x7fELF":
        raise Fault("ocloc wrote no ELF binary")
    offset, = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + 64 * index) for index in range(count)]

    def text(table, at):
        start = headers[table][4] + at
        return data[start:data.index(b"\0", start)].decode()

    sections, unresolved = {}, []
    for header in headers:
        sections[text(names, header[0])] = data[header[4]:header[4] + header[5]]
        if header[1] == 2:
            for start in range(header[4], header[4] + header[5], 24):
                name, _, _, section = struct.unpack_from("<IBBH", data, start)
                if name and section == 0:
                    unresolved.append(text(header[6], name))
    return sections, tuple(sorted(unresolved))
