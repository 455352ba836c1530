"""Kernels with known faults, which the check must find on every vendor's GPUs. They need the compilers."""

import os
import pathlib
import tempfile
import unittest
import unittest.mock

import amd
import intel
import nvidia
import table
from target import Code, Fault

TARGETS = [(nvidia, "sm_80"), (amd, "gfx90a"), (amd, "gfx1100"), (intel, "dg2"), (intel, "skl")]

KERNEL = "__kernel void control(__global float *x, __global const int *at, const int n)\n{\n%s}\n"

CLEAN = KERNEL % """  float a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
  for (int k = 0; k < n; ++k) {
    a = fma(x[k], a, 1.0f); b = fma(x[k], b, 2.0f); c = fma(x[k], c, 3.0f); d = fma(x[k], d, 4.0f);
  }
  x[get_global_id(0)] = a + b + c + d;
"""

# Numbers of its own for each work-item: Intel's compiler keeps what all share once for all of them.
OWN = "  x += 1024 * get_global_id(0);\n  at += 1024 * get_global_id(0);\n"

# The place of a sum is known only when the kernel runs, so the array cannot be in registers.
ARRAY = KERNEL % (OWN + """  float sum[256];
  for (int i = 0; i < 256; ++i) sum[i] = x[i];
  for (int k = 0; k < n; ++k) sum[at[k] & 255] = fma(x[k], sum[at[k + 1] & 255], 1.0f);
  for (int i = 0; i < 256; ++i) x[i] = sum[i];
""")

# More sums than any target has registers for a work-item.
SUMS = 700
SPILL = KERNEL % (
    OWN + "".join(f"  float s{i} = x[{i}];\n" for i in range(SUMS)) + "  for (int k = 0; k < n; ++k) {\n"
    + "".join(f"    s{i} = fma(x[k], s{i}, s{(i + 1) % SUMS});\n" for i in range(SUMS)) + "  }\n"
    + "".join(f"  x[{i}] = s{i};\n" for i in range(SUMS)))

UNRESOLVED = "float nowhere(float);\n" + KERNEL % "  x[get_global_id(0)] = nowhere(x[at[0]]) + n;\n"

WRONG = KERNEL % "  x[0] = nothing;\n"


def is_installed():
    return all(path for vendor in (nvidia, amd, intel) for path in vendor.tools().values())


# Scripts/check-gpu-code installs the compilers and sets this, so that no test is left out there.
@unittest.skipUnless(is_installed() or os.environ.get("GPU_CODE_COMPILERS"), "the compilers are not installed")
class CompilerTests(unittest.TestCase):
    def code(self, vendor, target, source):
        variant = {"kernel": "control", "source": source, "options": "-cl-std=CL1.2 -DLANES=1", "constants": {}}
        with tempfile.TemporaryDirectory() as folder:
            return vendor.compiled(vendor.tools(), target, variant, pathlib.Path(folder))

    def check(self, source, *texts):
        """Checks that each target has one problem with each text, beside the row of a kernel without faults."""
        for vendor, target in TARGETS:
            with self.subTest(target=target):
                key = (target, "control", "")
                found = table.problems({key: self.code(vendor, target, source)}, {key: Code()})
                for text in texts:
                    self.assertEqual(len([line for line in found if line.startswith(f"{target} control: ")
                                          and text in line]), 1, found)
                if not texts:
                    self.assertEqual(found, [])

    def test_a_clean_kernel_has_no_problem(self):
        self.check(CLEAN)

    def test_an_array_of_sums_is_reported(self):
        self.check(ARRAY, table.LIMITED["private_in_loops"], table.LIMITED["private"])

    def test_spilled_registers_are_reported(self):
        self.check(SPILL, table.LIMITED["spills"])

    def test_an_unresolved_function_is_reported(self):
        self.check(UNRESOLVED, "unresolved function nowhere")

    def test_a_kernel_that_does_not_compile_is_a_fault_of_one_line(self):
        for vendor, target in TARGETS:
            with self.subTest(target=target), self.assertRaises(Fault) as raised:
                self.code(vendor, target, WRONG)
            self.assertIn("nothing", str(raised.exception))
            self.assertNotIn("\n", str(raised.exception))

    def registers_of_clean(self):
        variant = {"kernel": "control", "source": CLEAN, "constants": {},
                   "options": "-cl-std=CL1.2 -cl-intel-256-GRF-per-thread"}
        with tempfile.TemporaryDirectory() as folder:
            return intel.compiled(intel.tools(), "dg2", variant, pathlib.Path(folder)).registers

    def test_the_option_for_all_registers_has_its_effect(self):
        self.assertEqual(self.registers_of_clean(), 256)

    def test_an_option_that_the_compiler_refuses_is_left_out(self):
        build = intel.build

        def refuse(tools, target, options, folder):
            if "256-GRF" in options:
                raise Fault("unknown option")
            build(tools, target, options, folder)

        with unittest.mock.patch.object(intel, "build", refuse):
            self.assertEqual(self.registers_of_clean(), 128)


if __name__ == "__main__":
    unittest.main()
