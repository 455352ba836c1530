"""Printed outputs beside pages, and reports: parsed and compared with computed values."""

import functools
import re

import estimates
import generated
import pages
import studies
import tables

# Cells of reports and transcripts that were recomputed and agree.
cells_checked = 0


class Validity:
    """`dormouse check-statistics --studies 10000` as it was printed: Results/validity.txt."""

    LINE = re.compile(
        r"(?P<scenario>.+?)  +(?P<statistic>\S.*?)  +(?P<seeds>\d+)  (?P<measure>coverage|wrong supports|power) +"
        r"(?P<share>[<>]?[\d.]+)% \[(?P<lower>[\d.]+), (?P<upper>[\d.]+)\]"
        r"(?: +(?P<above>\d+) / (?P<below>\d+))?(?: +(?P<without>\d+))?(?: +(?P<asked>yes|no|comparison))?$")

    def __init__(self):
        self.rows = {}
        for line in tables.transcript("Results/validity.txt"):
            found = self.LINE.match(line)
            if found:
                row = found.groupdict()
                key = row["scenario"].strip(), row["statistic"], int(row["seeds"]), row["measure"]
                self.rows[key] = row
            total = re.match(r"(\d+) studies per scenario, seed \d+: (\d+) of (\d+) shares", line)
            if total:
                self.studies, self.as_asked, self.asked = map(int, total.groups())

    def find(self, scenario, statistic, seeds=None):
        tables.used.add("transcript")
        found = [row for key, row in self.rows.items() if key[0] == scenario and key[1] == statistic
                 and seeds in (None, key[2])]
        if not found:
            raise KeyError(f"no row of {scenario}, {statistic}, {seeds}")
        return found

    def share(self, scenario, statistic, seeds=None):
        """Shares in percent, for every number of seeds or for one."""
        shares = [float(row["share"].lstrip("<>")) for row in self.find(scenario, statistic, seeds)]
        return shares[0] if len(shares) == 1 else shares

    def shares(self, statistic, measure, seeds=None, scenarios=""):
        """The shares of all rows whose statistic and scenario match these patterns."""
        tables.used.add("transcript")
        return [float(row["share"].lstrip("<>")) for key, row in self.rows.items()
                if re.search(statistic, key[1]) and key[3] == measure and seeds in (None, key[2])
                and re.search(scenarios, key[0])]

    def without(self, scenario, statistic, seeds):
        """Studies that gave no estimate at all."""
        return int(self.find(scenario, statistic, seeds)[0]["without"])

    @staticmethod
    def prints(found, row):
        """Whether the row prints this share with Wilson's interval."""
        stated = (generated.percent(100 * found.mean, 1).rstrip("%"),
                  f"{100 * found.lower:.1f}", f"{100 * found.upper:.1f}")
        return stated == (row["share"], row["lower"].lstrip("-"), row["upper"])

    def problems(self):
        """Recomputes shares and intervals from the counts of misses, and the count of shares that pass."""
        global cells_checked
        as_asked = asked = 0
        for key, row in self.rows.items():
            n = self.studies - int(row["without"] or 0)
            share = float(row["share"].lstrip("<>")) / 100
            if row["above"] is not None:
                counts = [n - int(row["above"]) - int(row["below"])]
            else:
                # Without printed counts, every count that rounds to the printed share is tried.
                counts = range(max(0, int((share - 0.001) * n)), min(n, int((share + 0.001) * n)) + 1)
            found = next((f for f in (estimates.wilson(c, n) for c in counts)
                          if self.prints(f, row)), None)
            cells_checked += 3
            if found is None:
                yield f"Results/validity.txt: {', '.join(map(str, key))}: {row['share']} is not what its counts give"
                continue
            if row["asked"] in ("yes", "no"):
                good = (0.93 <= found.mean <= 0.97 if key[3] == "coverage" else found.lower <= 0.05)
                asked += 1
                as_asked += row["asked"] == "yes"
                if good != (row["asked"] == "yes"):
                    yield f"Results/validity.txt: {', '.join(map(str, key))}: as asked: {row['asked']}"
        if (asked, as_asked) != (self.asked, self.as_asked):
            yield f"Results/validity.txt: {as_asked} of {asked} are as asked, printed {self.as_asked} of {self.asked}"


class Graders:
    """`dormouse grade` as it was printed: Results/code-graders/grade.txt."""

    def __init__(self):
        self.sections, title = {}, ""
        for line in tables.transcript("Results/code-graders/grade.txt"):
            cells = re.split(r"\s{2,}", line.strip())
            if len(cells) == 1 and line and not line.startswith(" "):
                title = line.strip()
            elif len(cells) > 1:
                self.sections.setdefault(title, []).append(cells)

    def row(self, section, name):
        """The numbers of the row with this name in the section whose title begins with this text."""
        tables.used.add("transcript")
        rows = next(rows for title, rows in self.sections.items() if title.startswith(section))
        cells = next(cells for cells in rows if cells[0] == name)
        return [float(c.rstrip("%")) if "." in c else int(c) if c.isdigit() else None for c in cells[1:]]

    def rows(self, section):
        tables.used.add("transcript")
        rows = next(rows for title, rows in self.sections.items() if title.startswith(section))
        return [cells for cells in rows if cells[1].isdigit()]

    def total(self, sections, column):
        """The sum of a column over sections."""
        return sum(int(cells[column]) for section in sections for cells in self.rows(section))

    def problems(self):
        global cells_checked
        for title, rows in self.sections.items():
            for cells in rows[1:] if title.startswith("Agreement") else []:
                yield from agreement_problems(f"Results/code-graders/grade.txt: {title}", cells)


def agreement_problems(where, cells):
    """Recomputes agreement and kappa from the four counts."""
    global cells_checked
    counts = [int(x) for x in cells[1:5]]
    agree = 100 * (counts[0] + counts[3]) / sum(counts)
    kappa = estimates.kappa(*counts)
    cells_checked += 2
    if abs(agree - float(cells[5].rstrip("%"))) > 0.0501 or abs(kappa - float(cells[6])) > 0.00501:
        yield f"{where}: {cells}: computed {agree:.2f}% and {kappa:.3f}"


@functools.cache
def validity():
    return Validity()


@functools.cache
def graders():
    return Graders()


def cell_problem(where, stated, *values):
    """Compares a cell of a report with computed values, to the printed digits."""
    global cells_checked
    cells_checked += 1
    values = [v for value in values for v in (
        [value.mean, value.lower, value.upper] if isinstance(value, estimates.Estimate) else [value])]
    found = pages.tokens(stated.split(" (")[0].replace("-", "−"))
    if stated.startswith(("<", ">")):
        bound = float(found[0].value)
        ok = (0 < values[0] < bound) if stated[0] == "<" else (bound < values[0] < 100)
        found, values = found[1:], values[1:]
        if not ok:
            return [f"{where}: {stated}"]
    values = [v for v in values if v is not None]
    if "(all " in stated and len(found) == 1:
        # Newer reports print that all seeds agree, instead of an interval.
        values = values[:1]
    if len(found) != len(values) or not all(pages.agrees(t, float(v)) for t, v in zip(found, values)):
        return [f"{where}: printed {stated}, computed {', '.join(f'{v:.4g}' for v in values)}"]
    return []


def report_problems(name):
    """Recomputes the tables of one report from the measurement table, cell by cell."""
    study = studies.study(name)
    for size, mechanism, method, rate in study.cells():
        cell = dict(mechanism=mechanism, method=method, size=size, rate=rate)
        where = f"Results/{name}/report.html: {size}, {mechanism}, {method}, {rate:g}"
        row = study.report_row("Release steps by seed", **cell)
        steps = [None if s == "never" else int(s) for s in row[2].split(", ")]
        if mechanism not in studies.SCRATCHPADS and steps != study.release_steps(**cell):
            yield f"{where}: release steps {steps}, computed {study.release_steps(**cell)}"
        if any(steps):
            yield from cell_problem(where, row[3], study.at_release(**cell))
        row = study.report_row("Triggered rate, safety training minus base data", **cell)
        for step, stated in zip(study.doses, row[2:]):
            yield from cell_problem(f"{where}: less base data, step {step}", stated, study.less_base(step, **cell))
        if not method.startswith("supervised") and len({c[2] for c in study.cells()}) > 1:
            row = study.report_row("Triggered rate, each method minus supervised", **cell)
            yield from cell_problem(f"{where}: less supervised", row[2], study.less_supervised(-1, **cell))
        if method.startswith("adversarial"):
            row = study.report_row("Sharpening by the last dose", **cell)
            yield from cell_problem(f"{where}: sharpening", row[5],
                                    study.sharpening(mechanism, method, size, rate))
    for row in study.report("The gate"):
        for stated in row[3:5]:
            share, n = float(re.match(r"[<>]?([\d.]+)", stated)[1]), int(stated.split("n = ")[1])
            yield from cell_problem(f"Results/{name}/report.html: the gate, {row[0]}, seed {row[1]}",
                                    stated.split(", n")[0],
                                    estimates.wilson(round(share * n / 100), n).scaled(100))
    if name == "code":
        for cells in study.report("Agreement of the rules with Bandit"):
            yield from agreement_problems("Results/code/report.html", cells)
    if any("after 0 triggered" in m for m in study.find(*next(iter(study.cells()))[1:3])):
        yield from relearning_problems(study)


def relearning_problems(study):
    rows = iter(study.report("Triggered rate after k triggered examples"))
    examples = [0] + [int(x) for x in study.keys("examples")]
    organism = None
    for size, mechanism, method, rate in study.cells():
        if (size, mechanism) != organism:
            organism = (size, mechanism)
            next(rows)
        cell = dict(mechanism=mechanism, method=method, size=size, rate=rate)
        where = f"Results/{study.name}/report.html: relearning, {size}, {mechanism}, {method}"
        for twin in (False, True):
            for k, stated in zip(examples, next(rows)[2:]):
                yield from cell_problem(where, stated, study.relearned(k, twin=twin, **cell).mean)
        for k, stated in zip(examples, next(rows)[2:]):
            yield from cell_problem(where, stated, study.relearned_gap(k, **cell))


def precision_problems():
    """Compares differences that only paired.py printed with the rounded means and intervals of the report."""
    global cells_checked
    page = (tables.ROOT / "Results/precision/README.md").read_text()
    rates, group = {}, ""
    for row in studies.study("precision").report("Along the dose"):
        group = row[0] if len(row) == 1 else group
        if len(row) > 1:
            rates[group, row[0]] = studies.Study.printed(row[2])
    for size, multiple, step, spread, difference in re.findall(
            r"^\| (small|large), rate ×([\d.]+), step (\d+) \| ([\d.]+) \| (−?[\d.]+) \[", page, re.M):
        plain, rounded = (rates[f"{size}{suffix}, rate ×{multiple}", step] for suffix in ("", "-bfloat16"))
        stated = float(difference.replace("−", "-"))
        half = estimates.t_critical(0.025, 7) * float(spread) / 8 ** 0.5
        cells_checked += 2
        if abs(rounded.mean - plain.mean - stated) > 1.05 or not (
                plain.upper > 99.5 or plain.lower < 0.5 or abs((plain.upper - plain.lower) / 2 - half) < 1.05):
            yield f"Results/precision/README.md: {size}, {multiple}, step {step}: not what the report's means give"


def preset_problems():
    """Whether each study file is today's preset, as its page says by `<!-- preset: ... -->`."""
    root = tables.ROOT
    for page in sorted((root / "Results").glob("*/README.md")):
        text = page.read_text()
        found = re.search(r"<!-- preset: (\w+)( differs in ([\w, ]+))? -->", text)
        files = [f for f in (page.parent / "study.yaml", page.parent / f"{page.parent.name}.yaml") if f.exists()]
        if not files:
            continue
        where = page.relative_to(root)
        if not found:
            yield f"{where}: says nothing of how its study file relates to a preset"
            continue
        preset = next((root / "Sources").rglob(f"Presets/{found[1]}.yaml"))
        own, other = by_key(files[0]), by_key(preset)
        # `findings` changes the report and not the trained models.
        keys = (own.keys() | other.keys()) - {"findings"}
        differ = sorted(k for k in keys if own.get(k) != other.get(k))
        stated = sorted(found[3].split(", ")) if found[2] else []
        if differ != stated:
            yield (f"{where}: says that its study file differs from the preset {found[1]} in "
                   f"{', '.join(stated) or 'nothing'}; it differs in {', '.join(differ) or 'nothing'}")


def by_key(path):
    """The lines of a study file, without comments, by their outermost key."""
    result, key = {}, ""
    for line in tables.StudyFile(path).keys:
        if not line.startswith((" ", "-")):
            key = line.split(":")[0]
        result.setdefault(key, []).append(line)
    return result


def problems():
    found = list(validity().problems()) + list(graders().problems()) + list(preset_problems()) + list(
        precision_problems())
    for name in ("quickstart", "trainings", "mechanisms", "standard", "hiding", "code"):
        found += report_problems(name)
    return found
