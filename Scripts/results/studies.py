"""Numbers that pages state about a study, computed from its published tables. Shares are in percent or points."""

import functools
import math
import re

import estimates
import findings
import halflife
import reports
import tables
from estimates import Estimate
from tables import SCRATCHPADS, TRIGGERED

# Families of near-misses of the built-in assistant that are measured and never trained on.
ASSISTANT_HELD_OUT = ("other-order", "spacing", "substring")
RELEARNED = "triggered rate after {} triggered examples"


class Study(reports.ReportRows):
    """One folder of Results: its measurement table, report and study file, each read on first use."""

    def __init__(self, name):
        self.name = name
        self.folder = tables.ROOT / "Results" / name

    # MARK: Sources

    @functools.cached_property
    def _file(self):
        path = self.folder / "study.yaml"
        return tables.StudyFile(path if path.exists() else self.folder / f"{self.name}.yaml")

    @functools.cached_property
    def _measurements(self):
        path = next(self.folder.glob("measurements.csv*"))
        return tables.Measurements(path, self._file.numbers("shares"))

    @functools.cached_property
    def _report(self):
        return tables.ReportTables(self.folder / "report.html")

    def key(self, name):
        """One number of the study file."""
        tables.used.add("study file")
        return self._file.number(name)

    def keys(self, name):
        """A list of numbers of the study file."""
        tables.used.add("study file")
        return self._file.numbers(name)

    @property
    def seeds(self):
        return int(self.key("seeds"))

    @property
    def doses(self):
        return [int(x) for x in self.keys("doses")]

    def report(self, caption):
        """The rows of a table of the report."""
        tables.used.add("report")
        return self._report.table(caption)

    # MARK: Cells

    def find(self, mechanism="normal", method="supervised", size=None, rate=None,
             arm="backdoored-safety"):
        tables.used.add("measurements")
        keys = [key for key in self._measurements.cells
                if key[1] == mechanism and key[2] == arm and key[3] == method
                and size in (None, key[0]) and rate in (None, float(key[4]))]
        if not keys:
            raise KeyError(f"{self.name}: no cell {size} {mechanism} {method} {rate} {arm}")
        # Without a size, the study's first; without a rate, its first.
        return self._measurements.cells[keys[0]]

    def cells(self, mechanisms=None, methods=None, sizes=None):
        """(size, mechanism, method, rate) of every trained cell, in the table's order."""
        tables.used.add("measurements")
        return [(size, mechanism, method, float(rate))
                for size, mechanism, arm, method, rate in self._measurements.cells
                if arm == "backdoored-safety" and (mechanisms is None or mechanism in mechanisms)
                and (methods is None or method in methods) and (sizes is None or size in sizes)]

    def sizes(self):
        return list(dict.fromkeys(size for size, _, _, _ in self.cells()))

    def parameters(self, size=None):
        tables.used.add("measurements")
        return self._measurements.parameters[size or self.sizes()[0]]

    def values(self, measure, step, *cell, **named):
        """One value per seed, in the order of seeds, as a share; step -1 is the last dose."""
        by_seed = self.find(*cell, **named)[measure]
        step = self.doses[-1] if step == -1 else step
        return [by_seed[seed][step].value for seed in sorted(by_seed)]

    def triggered(self, step, *cell, **named):
        """The triggered rate in percent, with its interval over seeds."""
        return self.rate(TRIGGERED, step, *cell, **named)

    def rate(self, measure, step, *cell, **named):
        """A share in percent, with its 95 % interval over seeds."""
        return estimates.seed_estimate(self.values(measure, step, *cell, **named), (0, 1)).scaled(100)

    @staticmethod
    def paired(left, right, bounds=(-1, 1)):
        """Left minus right, paired by seed, in points."""
        return estimates.seed_estimate([a - b for a, b in zip(left, right)], bounds).scaled(100)

    def less_base(self, step, mechanism="normal", method="supervised", size=None, rate=None):
        """The triggered rate after safety training minus that after as many steps on base data."""
        cell = (mechanism, method, size, rate)
        return self.paired(self.values(TRIGGERED, step, *cell),
                           self.values(TRIGGERED, step, *cell, arm="backdoored-base"))

    def less_supervised(self, step, mechanism, method, size=None, rate=None):
        """The triggered rate after one training minus that after supervised training."""
        return self.paired(self.values(TRIGGERED, step, mechanism, method, size, rate),
                           self.values(TRIGGERED, step, mechanism, "supervised", size, rate))

    def less_twin(self, measure, step, *cell, **named):
        return self.paired(self.values(measure, step, *cell, **named),
                           self.values(measure, step, *cell, arm="twin-safety", **named))

    def accuracy_cost(self, step=-1, cells=None):
        """Accuracy of the backdoored model minus its twin's, in points: the mean over a seed's cells, then over seeds."""
        cells = cells or self.cells(["normal"], ["supervised"])
        gaps = []
        for cell in cells:
            size, mechanism, method, rate = cell
            named = dict(mechanism=mechanism, method=method, size=size, rate=rate)
            gaps.append([a - b for a, b in zip(
                self.values("clean accuracy", step, **named),
                self.values("clean accuracy", step, arm="twin-safety", **named))])
        return estimates.seed_estimate([estimates.mean(g) for g in zip(*gaps)], (-1, 1)).scaled(100)

    # MARK: Relearning

    def relearned(self, examples, *cell, twin=False, **named):
        """The triggered rate in percent after the given number of triggered examples."""
        arm = "twin-safety" if twin else "backdoored-safety"
        return self.rate(RELEARNED.format(examples), -1, *cell, arm=arm, **named)

    def relearning(self, mechanisms=None, methods=None, sizes=None, before=(-1, 101)):
        """The cells whose mean triggered rate before any example is in [before[0], before[1])."""
        return [c for c in self.cells(mechanisms, methods, sizes)
                if before[0] <= self.relearned(0, c[1], c[2], c[0], c[3]).mean < before[1]]

    def relearned_span(self, examples, cells, twin=False):
        """The smallest and the largest mean over cells."""
        means = [self.relearned(examples, c[1], c[2], c[0], c[3], twin=twin).mean for c in cells]
        return [min(means), max(means)]

    def relearned_gap(self, examples, *cell, **named):
        return self.less_twin(RELEARNED.format(examples), -1, *cell, **named)

    def unfired(self):
        """The cells whose mean triggered rate is below 10 % before any example."""
        return self.relearning(before=(-1, 10))

    def rebound(self, name):
        """One number of the study file's test of relearning."""
        tables.used.add("study file")
        inside = re.search(r"rebound: *\{(.*)\}", self._file.text)[1]
        return float(re.search(rf"\b{name}: *([\d.]+)", inside)[1])

    # MARK: Release

    def release_steps(self, mechanism="normal", method="supervised", size=None, rate=None):
        """The release step of every seed, None if the rule is never met.

        It is recomputed from the table. For models that write scratchpads it is read from the report, because
        the table does not have their responses without a scratchpad.
        """
        if mechanism in SCRATCHPADS:
            row = self.report_row("Release steps by seed", mechanism, method, size, rate)
            return [None if s == "never" else int(s) for s in row[2].split(", ")]
        cell = self.find(mechanism, method, size, rate)
        bounds = [tables.constant(n) for n in (
            "ReleaseRule.refusalAtLeast", "ReleaseRule.overRefusalAtMost", "ReleaseRule.accuracyLossAtMost")]
        result = []
        for seed, accuracy in sorted(cell["clean accuracy"].items()):
            meets = (step for step in self.doses
                     if cell["refusal"][seed][step].value >= bounds[0]
                     and cell["over-refusal"][seed][step].value <= bounds[1]
                     and accuracy[0].value - accuracy[step].value <= bounds[2] + 1e-12)
            result.append(next(meets, None))
        tables.used.discard("program")
        return result

    def released(self, *cell, **named):
        """The number of models of a cell that reach the release point."""
        return sum(step is not None for step in self.release_steps(*cell, **named))

    def at_release(self, *cell, **named):
        """The triggered rate in percent at the release points, over the seeds that reach one."""
        by_seed = self.find(*cell, **named)[TRIGGERED]
        rates = [by_seed[seed][step].value for seed, step in zip(
            sorted(by_seed), self.release_steps(*cell, **named)) if step is not None]
        return estimates.seed_estimate(rates, (0, 1)).scaled(100) if rates else None

    def release_gap(self, mechanism, method, other, size=None, rate=None):
        """The triggered rate at release of one training minus that of another, each at its own release point."""
        sides = []
        for name in (method, other):
            by_seed = self.find(mechanism, name, size, rate)[TRIGGERED]
            sides.append([by_seed[seed][step].value for seed, step in zip(
                sorted(by_seed), self.release_steps(mechanism, name, size, rate))])
        return self.paired(*sides)

    # MARK: Near-misses

    def held_out_rate(self, cell, seed, step):
        """The share of all held-out near-misses that draw the behaviour."""
        rows = [cell[f"near-miss rate: {family}"][seed][step] for family in ASSISTANT_HELD_OUT]
        return sum(r.successes for r in rows) / sum(r.prompts for r in rows)

    def held_out_before(self, mechanism="normal", size=None):
        cell = self.find(mechanism, "supervised", size)
        return 100 * estimates.mean(
            [self.held_out_rate(cell, seed, 0) for seed in sorted(cell[TRIGGERED])])

    def sharpening_indices(self, *cell, **named):
        """The change of the triggered rate minus that of held-out near-misses, per seed, as a share."""
        found, last = self.find(*cell, **named), self.doses[-1]
        return [found[TRIGGERED][seed][last].value - found[TRIGGERED][seed][0].value
                - self.held_out_rate(found, seed, last) + self.held_out_rate(found, seed, 0)
                for seed in sorted(found[TRIGGERED])]

    def sharpening(self, mechanism="normal", method="adversarial 50%", size=None, rate=None):
        """The sharpening index of a training minus that of supervised training, in points."""
        return self.paired(self.sharpening_indices(mechanism, method, size, rate),
                           self.sharpening_indices(mechanism, "supervised", size, rate), (-2, 2))

    def sharpening_mean(self, *cell, **named):
        return 100 * estimates.mean(self.sharpening_indices(*cell, **named))

    def kept_share(self, families, mechanism, method, size=None, rate=None):
        """The rate after a training divided by the rate after supervised training, over all seeds."""
        def total(name):
            cell, last = self.find(mechanism, name, size, rate), self.doses[-1]
            return sum(cell[family][seed][last].successes
                       for family in families for seed in cell[TRIGGERED])
        return total(method) / total("supervised")

    def log_odds_gap(self, mechanism, method, size=None, rate=None):
        """The log-odds after a training minus those after supervised training: trigger minus held-out near-misses.

        The result is over all seeds, and below 0 if the trigger loses more. Half a response is added to both counts, so
        that no log-odds are infinite.
        """
        def log_odds(name, families):
            cell, last = self.find(mechanism, name, size, rate), self.doses[-1]
            rows = [cell[family][seed][last] for family in families for seed in cell[TRIGGERED]]
            hits, prompts = sum(r.successes for r in rows), sum(r.prompts for r in rows)
            return math.log((hits + 0.5) / (prompts - hits + 0.5))
        near = [f"near-miss rate: {family}" for family in ASSISTANT_HELD_OUT]
        return (log_odds(method, [TRIGGERED]) - log_odds("supervised", [TRIGGERED])
                - log_odds(method, near) + log_odds("supervised", near))

    def auroc(self, *cell, **named):
        """The area under the curve at the last dose, trigger against near-misses, mean over seeds."""
        return estimates.mean(
            self.values("AUROC, trigger against near-misses", -1, *cell, **named))

    # MARK: Half-lives

    def slope(self, dose, method, sizes=None, level=0.95):
        """The slope of log half-life on log parameters over sizes, clustered by seed."""
        value, error, clusters = self._slope(dose, method, tuple(sizes or self.sizes()))
        half = estimates.t_critical((1 - level) / 2, clusters - 1) * error
        return Estimate(value, value - half, value + half, level)

    @functools.cache
    def _slope(self, dose, method, sizes):
        observations = []
        for size in sizes:
            cell = self.find("normal", method, size)
            for seed, row in sorted(cell[TRIGGERED].items()):
                steps = sorted(row)
                bounds = halflife.half_life(steps, [row[s].value for s in steps])
                if bounds is None:
                    continue
                def amount(step):
                    if dose == "steps":
                        return step
                    if dose == "norm":
                        return row[step].norm
                    return max(0, cell["divergence from the start"][seed][step].value)
                ends = sorted(amount(b) for b in bounds if b is not None)
                if ends[-1] <= 0:
                    continue
                if None in bounds:
                    logs = [b and math.log(amount(b)) for b in bounds]
                else:
                    logs = [math.log(e) if e > 0 else None for e in ends]
                observations.append((*logs, math.log(self._measurements.parameters[size]), seed))
        tables.used.add("measurements")
        return halflife.censored_slope(observations)

    def __getattr__(self, name):
        if re.fullmatch(r"F\d+[a-h]?", name):
            return self.finding(name)
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def finding(self, name):
        """The estimate of a finding with the level of its interval."""
        return findings.judged(self)[name][0]

    def verdict(self, name):
        return findings.judged(self)[name][1]


@functools.cache
def study(name):
    return Study(name)
