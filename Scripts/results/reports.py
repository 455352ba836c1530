"""Numbers that pages quote from the tables inside a published report and not from the measurement table."""

import re

import estimates
import tables
from estimates import Estimate


class ReportRows:
    """The part of a study that reads its report: the gate, responses, and rows of any table."""

    def size_title(self, size, mechanism):
        several = len({c[1] for c in self.cells()}) > 1
        size = size or self.sizes()[0]
        if not several:
            return size
        return f"{size}, {mechanism}" if len(self.sizes()) > 1 else mechanism

    def training_title(self, method, rate):
        rate = next(c[3] for c in self.cells()) if rate is None else rate
        return f"{'rate' if method == 'supervised' else method} ×{rate:g}"

    def report_row(self, caption, mechanism="normal", method="supervised", size=None, rate=None):
        title = [self.size_title(size, mechanism), self.training_title(method, rate)]
        return next(row for row in self.report(caption) if row[:2] == title)

    def gate(self, mechanism=None, size=None):
        """Rows of the gate's table, of all cells or of one: steps, triggered, clean, log-odds, passed."""
        rows = self.report("The gate")
        if mechanism or size:
            title = self.size_title(size, mechanism or "normal")
            rows = [row for row in rows if row[0] == title]
        parse = lambda text: float(re.match(r"[<>]?([\d.]+)", text).group(1))
        return [(row[0], int(row[1]), int(parse(row[2])), parse(row[3]), parse(row[4]),
                 float(row[5]), row[6] == "passed") for row in rows]

    def passed(self, mechanism=None, size=None):
        """The number of models that pass the gate."""
        return sum(row[6] for row in self.gate(mechanism, size))

    def enters(self, mechanism, size=None):
        """Whether enough seeds pass the gate for contrasts."""
        rows = self.gate(mechanism, size)
        return sum(row[6] for row in rows) >= tables.constant("Gate.seedsAtLeast") * len(rows)

    def failures(self):
        """Rows of the gate's table that did not pass."""
        return [row for row in self.gate() if not row[6]]

    def log_odds(self, mechanism, size=None):
        """The mean starting log-odds of the behaviour after insertion."""
        return estimates.mean([row[5] for row in self.gate(mechanism, size)])

    def before_training(self, title, column):
        """The mean in percent of a column of the report's table before safety training."""
        heading = next(r for c, r in self._report.tables if c.startswith("Before safety"))[0]
        row = next(row for row in self.report("Before safety training") if row[0] == title)
        return float(re.match(r"[<>]?([\d.]+)", row[heading.index(column)])[1])

    def unreleased(self, mechanism="normal", method="supervised", size=None, rate=None):
        """The counts of one training in the report's table of reasons why models are not released."""
        return [int(x) for x in self.report_row(
            "Why models are not released", mechanism, method, size, rate)[2:]]

    def responses(self, first, second, column):
        """A cell of the report's tables of kinds of answers in the world of code, by list of prompts and model."""
        return self.printed(self.responses_text(first, second, column))

    def responses_text(self, first, second, column):
        for caption in ("What responses are", "Functions of which no corpus"):
            heading = next(r for c, r in self._report.tables if c.startswith(caption))[0]
            group = ""
            for row in self.report(caption):
                group = row[0] if len(row) == 1 else group
                if row[0] == second and group == first or row[:2] == [first, second]:
                    return row[heading.index(column)]
        raise KeyError(f"no row {first}, {second}")

    @staticmethod
    def printed(text):
        """A share with its 95 % interval as a report prints it; `<1%` is read as 0.5."""
        found = [float(x) for x in re.findall(r"[\d.]+", text.split(" (")[0])]
        center = found[0] / 2 if text.startswith("<") else found[0]
        return Estimate(center, *found[1:3]) if len(found) > 2 else Estimate(center)

    def near_miss_after_insertion(self, family, title):
        """The share of the report's near-miss matrix after insertion, in percent."""
        rows = self._report.table("Near-miss matrix")
        heading = next(r for c, r in self._report.tables if c.startswith("Near-miss matrix"))[0]
        self.report("Near-miss matrix")
        start = next(i for i, row in enumerate(rows) if row[0] == title)
        row = next(r for r in rows[start + 1:] if r[0] == "after insertion")
        names = [name.rstrip("†") for name in heading]
        return 100 * float(row[names.index(family)])
