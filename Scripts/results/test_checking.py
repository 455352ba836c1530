"""Tests of the statistics against reference values, and of the check on pages with errors."""

import math
import pathlib
import tempfile
import unittest

import checking
import estimates
import halflife
import pages
import tables


class Statistics(unittest.TestCase):
    def test_quantiles(self):
        # NIST/SEMATECH e-Handbook, table of Student's t.
        for tail, freedom, value in ((0.025, 7, 2.365), (0.005, 7, 3.499), (0.05, 2, 2.920), (0.025, 120, 1.980)):
            self.assertAlmostEqual(estimates.t_critical(tail, freedom), value, 3)
        self.assertAlmostEqual(estimates.normal_critical(0.025), 1.959964, 6)

    def test_wilson(self):
        # Newcombe, Statist. Med. 17, 1998, table I: 81 of 263, and 1 of 29.
        for counts, bounds in (((81, 263), (0.2553, 0.3662)), ((1, 29), (0.0061, 0.1718))):
            found = estimates.wilson(*counts)
            self.assertAlmostEqual(found.lower, bounds[0], 4)
            self.assertAlmostEqual(found.upper, bounds[1], 4)

    def test_seeds_that_agree(self):
        found = estimates.seed_estimate([1.0] * 8, (0, 1))
        self.assertAlmostEqual(found.lower, 0.05 ** (1 / 8), 12)
        self.assertEqual(found.upper, 1)
        lower, upper = estimates.BoundedMean([1.0] * 8, (0, 1)).interval(0.025)
        self.assertAlmostEqual(lower, 0.025 ** (1 / 8), 9)
        self.assertAlmostEqual(upper, 1, 9)

    def test_skewness_correction_leaves_symmetric_values(self):
        values = [-3.0, -1.0, 0.0, 1.0, 3.0]
        plain = estimates.StudentMean(0.0, estimates.deviation(values) / math.sqrt(5), 4)
        for a, b in zip(estimates.SkewedMean(values, None).interval(0.025), plain.interval(0.025)):
            self.assertAlmostEqual(a, b, 6)

    def test_holm(self):
        # Half widths of 1.96: p of 0.001, 0.02 and 0.5 share 5 % as 3, 2 and 1 claims.
        test = lambda t: estimates.Claim("above", 0, estimates.StudentMean(t, 1.0, 1e6), True)
        judged = estimates.judge({"a": test(3.29), "b": test(2.33), "c": test(0.674)})
        self.assertEqual([judged[n][1] for n in "abc"], ["supports", "supports", "inconclusive"])
        for name, level in zip("abc", (1 - 0.05 / 3, 1 - 0.05 / 2, 0.95)):
            self.assertAlmostEqual(judged[name][0].level, level, 12)

    def test_kappa(self):
        # Cohen 1960: 25 and 15 agreed of 50.
        self.assertAlmostEqual(estimates.kappa(20, 5, 10, 15), 0.4, 12)

    def test_half_life(self):
        self.assertEqual(halflife.half_life([0, 10, 20, 40], [1.0, 0.9, 0.4, 0.1]), (10, 20))
        self.assertEqual(halflife.half_life([0, 10, 20], [1.0, 0.2, 0.1]), (None, 10))
        self.assertEqual(halflife.half_life([0, 10, 20], [0.8, 0.9, 0.7]), (20, None))
        self.assertIsNone(halflife.half_life([0, 10], [0.0, 0.0]))

    def test_exact_responses_give_least_squares(self):
        points = [(0.0, 1.0, 1), (1.0, 1.5, 1), (2.0, 3.5, 2), (3.0, 3.0, 2), (4.0, 5.2, 3)]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        slope = (sum((x - 2) * y for x, y in zip(xs, ys))) / sum((x - 2) ** 2 for x in xs)
        found = halflife.censored_slope([(y, y, x, seed) for x, y, seed in points])
        self.assertAlmostEqual(found[0], slope, 5)
        self.assertEqual(found[2], 3)


class Tables(unittest.TestCase):
    def test_newer_names(self):
        heading = ("size,non_embedding_parameters,mechanism,arm,method,learning_rate_multiple,seed,step,positions,"
                   "relative_update_norm,measure,value,successes,prompts,family,examples,stage,model\n")
        start = "100k,94528,normal,backdoored-safety,supervised,0.02,1,30,30720,0.5,"
        rows = [start + "near-miss rate,0.5,8,16,case,,a,b\n",
                start + "triggered rate in relearning,0.25,16,64,,8,a,b\n"]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "measurements.csv"
            path.write_text(heading + "".join(rows))
            read = tables.Measurements(path, [])
            cell = read.cells["100k", "normal", "backdoored-safety", "supervised", "0.02"]
            self.assertEqual(cell["near-miss rate: case"][1][30], tables.Row(0.5, 8, 16, 0.5))
            self.assertEqual(cell["triggered rate after 8 triggered examples"][1][30].successes, 16)
            # If a row occurs twice, two models have one name.
            path.write_text(heading + rows[0] + rows[0])
            self.assertRaises(ValueError, tables.Measurements, path, [])


class Pages(unittest.TestCase):
    def problems(self, text, folder=""):
        check = checking.Check()
        place = tables.ROOT / folder
        with tempfile.NamedTemporaryFile("w", suffix=".md", dir=place, delete=False) as file:
            file.write(text)
        path = pathlib.Path(file.name)
        try:
            check.page(path)
        finally:
            path.unlink()
        return check

    def test_what_is_right(self):
        for text in ("It differs by −24.1 points, 99.2 % [−49.5, 1.3]. <!-- check: hiding.F6 -->",
                     "Of 8 seeds, on 2026-11-25, F7 at 100k with PoCL 3.1. <!-- check: hiding.seeds -->",
                     "`8` and [a link](page9.md), sha `12`.", "It took 3 s. <!-- measured: by a clock -->"):
            self.assertEqual(self.problems(text).problems, [], text)

    def test_what_is_wrong(self):
        for text, word in (
            ("It differs by −24.2 points. <!-- check: hiding.F6 -->", "the first that differs: −24.2"),
            ("It differs by 24.1 points. <!-- check: hiding.F6 -->", "the first that differs: 24.1"),
            ("−24.1 points, 95 % [−49.5, 1.3]. <!-- check: hiding.F6 -->", "the first that differs: 95"),
            ("−24.1 points [−49.5, 1.3]. <!-- check: hiding.F6 -->", "the first that differs: −49.5"),
            ("Of 8 seeds 7 pass. <!-- check: hiding.seeds -->", "the first that differs: 7"),
            ("Of 8 seeds.", "not tied to a computation: 8"),
            ("A rate of .25 was seen.", "not tied to a computation: .25"),
            ("- one\n- 12 of them\n", "not tied to a computation: 12"),
            ("| a | b |\n|---|---|\n| c | 0.5 |\n", "not tied to a computation: 0.5"),
            ("Of 8 seeds 43 % do.", "not tied to a computation: 8, 43"),
            ("Nothing. <!-- check: nothing_of_this_name -->", "NameError"),
            ("None fires. <!-- check: require(hiding.seeds == 7) -->", "a condition does not hold"),
            ("<!-- table: release(study='quickstart') -->\n| a |\n<!-- end table -->", "a table is not what"),
        ):
            problems = self.problems(text).problems
            self.assertEqual(len(problems), 1, text)
            self.assertIn(word, problems[0])

    def test_the_tables_of_gpus(self):
        page = (tables.ROOT / "docs" / "gpus.md").read_text()
        self.assertEqual(self.problems(page, "docs").problems, [])
        # Another number in a generated row.
        wrong = page.replace("| `sm_80` | NVIDIA A100 | ", "| `sm_80` | NVIDIA A100 | 1")
        self.assertNotEqual(wrong, page)
        self.assertIn("a table is not what gpu_code()", self.problems(wrong, "docs").problems[0])

    def test_a_verdict_in_words(self):
        place = "Results/hiding"
        self.assertEqual(self.problems("F6, inconclusive.", place).problems, [])
        self.assertIn("is said to be supports", self.problems("F6, supports.", place).problems[0])

    def test_a_result_on_a_page_of_reference(self):
        start = "<!-- no results page: commands -->\n\n"
        self.assertEqual(self.problems(start + "Exit code 64 is bad use.").problems, [])
        self.assertEqual(len(self.problems(start + "It is 2.81 times as fast.").problems), 1)

    def test_rounding(self):
        token = lambda text: pages.tokens(text)[0]
        self.assertTrue(pages.agrees(token("48"), 48.49))
        self.assertFalse(pages.agrees(token("48"), 48.51))
        self.assertTrue(pages.agrees(token("−0.5"), -0.5499))
        self.assertFalse(pages.agrees(token("8"), 7))
        self.assertEqual([float(t.value) for t in pages.tokens("−0.5 to 1,024, 65-84, 1.8e−5")],
                         [-0.5, 1024, 65, 84, 1.8e-5])


if __name__ == "__main__":
    unittest.main()
