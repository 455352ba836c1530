"""What every vendor's module has in common."""

import dataclasses
import os
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Scripts/check-gpu-code installs here what the system does not have.
INSTALLED = ROOT / ".build" / "gpu-code"


class Fault(Exception):
    """A kernel that does not compile, as one line."""


@dataclasses.dataclass
class Code:
    """The facts of one kernel's machine code; the columns of the table."""

    # Registers of a work-item (NVIDIA, AMD) or of a hardware thread (Intel).
    registers: int = 0
    # Bytes of registers that do not fit, of a work-item.
    spills: int = 0
    # AMD: scalar registers that do not fit. They are kept in lanes of vector registers, not in memory.
    scalar_spills: int = 0
    # Bytes of private memory of a work-item. Where the tool does not tell them apart, spills are part of it.
    private: int = 0
    # Accesses to private memory in the text of loops that contain fused multiply-adds.
    private_in_loops: int = 0
    # Bytes of local memory of a work-group.
    local: int = 0
    # Warps that a multiprocessor has at a time (NVIDIA), waves of a SIMD (AMD), work-items of a vector engine (Intel).
    occupancy: int = 0
    # Functions without a body.
    unresolved: tuple = ()


COLUMNS = [field.name for field in dataclasses.fields(Code) if field.name != "unresolved"]


def run(command, environment=None):
    """The standard output and error of a command; `Fault` with its first error where it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace",
                          env={**os.environ, **environment} if environment else None)
    text = done.stdout + done.stderr
    if done.returncode:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if re.search(r"\berror: ", line)]
        raise Fault(" ".join((errors or lines or ["no message"])[0].split())[:300])
    return text


def defines(options):
    """The options of a build that every compiler of OpenCL C knows."""
    return [word for word in shlex.split(options) if word.startswith(("-D", "-cl-std="))]


def installed(pattern):
    """The first file in the folder of installed tools."""
    return next(iter(sorted(INSTALLED.glob(pattern))), None)
