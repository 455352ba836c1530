"""Tests of the loops, of the table and of its comparison; they need no compiler."""

import pathlib
import tempfile
import unittest

import amd
import intel
import nvidia
import table
from loops import Instruction, loops, touched
from target import Code


def program(text):
    """Instructions from lines such as `top: load`, `jump top` (maybe), `go top` (always)."""
    result = []
    for line in text.strip().splitlines():
        label, _, rest = line.strip().rpartition(":")
        words = rest.split()
        jumps = words[0] in ("jump", "go")
        result.append(Instruction(rest.strip(), [label] if label else [], words[1:] if jumps else [],
                                  words[0] not in ("go", "end")))
    return result


def private_in_loops(text):
    return touched(program(text), lambda line: line == "fma", lambda line: line == "private")


class LoopTests(unittest.TestCase):
    def test_a_loop_has_the_lines_between_its_label_and_its_jump(self):
        self.assertEqual(loops(program("private\ntop: fma\njump top\nend")), [["fma", "jump top"]])

    def test_lines_of_an_inner_loop_are_its_own(self):
        found = loops(program("top: private\ninner: fma\njump inner\njump top\nend"))
        self.assertEqual(sorted(map(sorted, found)), [["fma", "jump inner"], ["jump top", "private"]])

    def test_lines_that_leave_a_loop_are_not_in_it(self):
        # The block at `out` stands between the loop's lines and ends the kernel.
        text = "top: fma\njump out\ngo next\nout: private\nend\nnext: jump top\nend"
        self.assertEqual(private_in_loops(text), 0)

    def test_a_loop_with_two_entries_counts_whole(self):
        self.assertEqual(private_in_loops("private\njump middle\ntop: private\nmiddle: fma\njump top\nend"), 1)

    def test_only_loops_with_arithmetic_count(self):
        self.assertEqual(private_in_loops("top: private\nadd\njump top\nend"), 0)
        self.assertEqual(private_in_loops("top: private\nprivate\nfma\njump top\nend"), 2)
        self.assertEqual(private_in_loops("private\nfma\nend"), 0)


class AssemblyTests(unittest.TestCase):
    def test_jumps_of_nvidia(self):
        text = """
.L_x_1:
        /*0010*/                   LDL R2, [R1] ;
        /*0020*/                   FFMA R2, R3, R4, R2 ;
        /*0030*/              @!P0 BRA `(.L_x_1) ;
        /*0040*/                   EXIT ;
.L_x_2:
        /*0050*/                   BRA `(.L_x_2);
"""
        found = nvidia.instructions(text)
        self.assertEqual([(i.targets, i.falls_through) for i in found],
                         [([], True), ([], True), ([".L_x_1"], True), ([], False), ([".L_x_2"], False)])
        self.assertEqual(sorted(map(len, loops(found))), [1, 3])

    def test_jumps_of_amd(self):
        text = """
name:
        v_mov_b32 v0, 0 ; a comment
.LBB0_1: ; =>This Loop
        scratch_load_b32 v1, off, off
        v_dual_fmac_f32 v0, v1, v2 :: v_dual_fmac_f32 v3, v1, v2
        s_cbranch_scc1 .LBB0_1
        s_endpgm
.Lfunc_end0:
"""
        found = amd.instructions(text)
        self.assertEqual([i.falls_through for i in found], [True, True, True, True, False])
        self.assertEqual([len(lines) for lines in loops(found)], [3])

    def test_jumps_and_memory_of_intel(self):
        text = """
L0:
        mov (8|M0) r1.0<1>:f r2.0<8;8,1>:f
L16:
        mad (8|M0) r88.0<1>:f r88.0<2;1>:f r12.0<2;1>:f r121.0<1>:f {Compacted}
(W&f0.0) jmpi L16
(f1.0)  goto (8|M0) L64 L64
(W)     jmpi L64
L64:
        join (8|M0) L80
L80:
(W)     send (1|M0) null r4 null 0x27 0x02000010 {EOT} // wr:1+0, rd:0; end of thread
"""
        found = intel.instructions(text)
        self.assertEqual([i.falls_through for i in found], [True, True, True, True, False, True, False])
        self.assertEqual([len(lines) for lines in loops(found)], [2])
        self.assertTrue(intel.is_arithmetic(found[1].text))
        stateless = "send.dc1 (8|M0) r1 r2 null:0 0x0 0x044409FF {$12} // wr:2+0, rd:4; a64 dword gathering read"
        of_gen9 = "send (8|M0) r1:f r2 0xC 0x0242{} // wr:1+0, rd:4; hdc.dc1; untyped surface read with xyzw"
        self.assertTrue(intel.is_private(stateless))
        self.assertTrue(intel.is_private(of_gen9.format("60FF")))
        # Local memory, and a buffer.
        self.assertFalse(intel.is_private(of_gen9.format("60FE")))
        self.assertFalse(intel.is_private(of_gen9.format("6003")))
        write = "sends (8|M0) null r1 r2 0x4A 0x020F1{} // wr:1h+2, rd:0; hdc.dc0; hword scratch block write x2\n"
        self.assertEqual(intel.spilled(write.format("000") + write.format("001")), 3 * 32)

    def test_facts_of_intel(self):
        info = "simd_size: 8\ngrf_count: 256\nslm_size: 64\n- type: global\n  usage: {}\n  size: {}\n"
        found = intel.facts("dg2", info.format("private_space", 96), "")
        self.assertEqual((found.private, found.spills, found.registers, found.local, found.occupancy),
                         (96, 0, 256, 64, 32))
        self.assertEqual(intel.facts("dg2", info.format("single_space", 1024), "").private, 128)
        self.assertEqual(intel.facts("dg2", info.format("spill_fill_space", 512), "").spills, 64)


class OccupancyTests(unittest.TestCase):
    """Values of NVIDIA's occupancy calculator."""

    def test_each_limit(self):
        self.assertEqual(nvidia.warps("sm_80", 32, 0, 256), 64)
        self.assertEqual(nvidia.warps("sm_89", 32, 0, 256), 48)
        self.assertEqual(nvidia.warps("sm_80", 128, 0, 256), 16)
        self.assertEqual(nvidia.warps("sm_80", 129, 0, 256), 8)
        self.assertEqual(nvidia.warps("sm_80", 16, 0, 32), 32)
        self.assertEqual(nvidia.warps("sm_89", 16, 48 << 10, 256), 16)


KEY = ("sm_80", "add", "D=64")


class ComparisonTests(unittest.TestCase):
    def problems(self, old, new, **options):
        return table.problems({KEY: new}, {KEY: old}, **options)

    def test_the_same_is_no_problem(self):
        code = Code(registers=20, spills=8, private=8, private_in_loops=2, occupancy=4)
        self.assertEqual(self.problems(code, code), [])

    def test_less_is_no_problem(self):
        self.assertEqual(self.problems(Code(registers=20, spills=8, occupancy=4),
                                       Code(registers=10, spills=4, occupancy=8)), [])

    def test_more_of_each_is_one_line_with_the_numbers(self):
        for name in table.LIMITED:
            found = self.problems(Code(**{name: 3}), Code(**{name: 5}))
            self.assertEqual(len(found), 1, name)
            self.assertTrue(found[0].startswith("sm_80 add D=64: 5 "), found)
            self.assertTrue(found[0].endswith(" 3 in the table"), found)

    def test_more_registers_count_only_if_occupancy_falls(self):
        old = Code(registers=20, occupancy=8)
        self.assertEqual(self.problems(old, Code(registers=30, occupancy=8)), [])
        self.assertEqual(self.problems(old, Code(registers=30, occupancy=6)), [
            "sm_80 add D=64: occupancy 6, 8 in the table (30 registers, 20 in the table)"])

    def test_unresolved_functions_are_problems_in_any_table(self):
        code = Code(unresolved=("nowhere",))
        self.assertEqual(self.problems(code, code), ["sm_80 add D=64: unresolved function nowhere"])

    def test_missing_rows_and_rows_without_a_variant(self):
        self.assertIn("the table has no row", table.problems({KEY: Code()}, {})[0])
        self.assertIn("a variant that does not exist", table.problems({}, {KEY: Code()})[0])
        self.assertEqual(table.problems({}, {KEY: Code()}, is_whole=False), [])

    def test_the_table_is_read_as_it_was_written(self):
        rows = {KEY: Code(registers=1, spills=2, private=3), ("dg2", "add", ""): Code(occupancy=9)}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "new" / "table.csv"
            table.write(rows, path)
            self.assertEqual(table.read(path), rows)
            lines = path.read_text().splitlines()
        self.assertEqual(lines[1:], sorted(lines[1:]))

    def test_the_table_of_the_repository_is_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "table.csv"
            table.write(table.read(), path)
            self.assertEqual(path.read_text(), table.TABLE.read_text())


if __name__ == "__main__":
    unittest.main()
