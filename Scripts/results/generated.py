"""Tables of pages that the script generates in Markdown from the published tables."""

import re

import estimates
import findings
import gpu_code
import studies
import tables
from estimates import Estimate


def number(value, decimals=0):
    """A number with a minus sign and without a negative zero."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def percent(value, decimals=0):
    """A share in percent; a value strictly between 0 and 100 is never printed as 0 or 100."""
    text = number(value, decimals)
    if value > 0 and float(text) == 0:
        text = f"<{10 ** -decimals:.{decimals}f}"
    if value < 100 and text == number(100, decimals):
        text = f">{number(100 - 10 ** -decimals, decimals)}"
    return text + "%"


def interval(estimate, decimals=0):
    return (f"{number(estimate.mean, decimals)} "
            f"[{number(estimate.lower, decimals)}, {number(estimate.upper, decimals)}]")


def rate(estimate, decimals=1):
    """A rate as reports print it: `60.2% [0.0, 100.0] (2 seeds)`."""
    seeds = f" ({estimate.count} seed{'' if estimate.count == 1 else 's'})"
    if estimate.lower is None:
        return percent(estimate.mean, decimals) + seeds
    return (f"{percent(estimate.mean, decimals)} [{number(estimate.lower, decimals)}, "
            f"{number(estimate.upper, decimals)}]{seeds}")


def level(value):
    return f"{100 * value:.1f}".replace(".0", "") + " %"


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def p_text(p):
    if p is None:
        return ""
    if p < 1e-4:
        mantissa, exponent = f"{p:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    digits = 1
    while float(f"{p:.{digits}f}") < 10 ** (1 - digits) and digits < 6:
        digits += 1
    return f"{p:.2g}" if p < 0.995 else "1.0"


class Tables:
    """The tables of one page; `study` is the study of the page's folder."""

    def __init__(self, study):
        self.study = study

    def findings(self, **notes):
        """Every finding of the report with its claim and rule, judged again; notes amend verdicts."""
        judged = findings.judged(self.study)
        rows = []
        for row in self.study.report("The paper’s findings"):
            name = row[0].rstrip("*")
            estimate, verdict = judged[name]
            decimals = 2 if name == "F4" else 1
            cells = ["", "", ""] if estimate is None else [
                interval(estimate, decimals), level(estimate.level), p_text(estimate.p)]
            rows.append([row[0].replace("*", "\\*"), row[1], row[3], *cells,
                         notes.get(name, row[-1] if estimate is None else verdict)])
        return table(["Finding", "Claim", "Rule", "Here", "Level", "p", "Verdict"], rows)

    def relearning(self):
        """The triggered rate after k triggered examples, one row per cell."""
        study = self.study
        counts = [int(x) for x in study.keys("examples")]
        rows = []
        for size, mechanism, method, multiple in study.cells():
            cell = dict(mechanism=mechanism, method=method, size=size, rate=multiple)
            rows.append(
                [study.size_title(size, mechanism), study.training_title(method, multiple)]
                + [percent(study.relearned(k, **cell).mean) for k in [0] + counts]
                + [percent(study.relearned(k, twin=True, **cell).mean) for k in counts[1:]]
                + [interval(study.relearned_gap(counts[1], **cell))])
        return table(
            ["Model", "Training", "before"] + [f"{k} examples" for k in counts]
            + [f"twin, {k}" for k in counts[1:]]
            + [f"less twin at {counts[1]}, points, 95 % interval"], rows)

    def release(self, study=None, **only):
        """Release steps by seed and the triggered rate there; of another study if one is named."""
        study, rows = studies.study(study) if study else self.study, []
        for size, mechanism, method, multiple in study.cells(**only):
            cell = dict(mechanism=mechanism, method=method, size=size, rate=multiple)
            steps = study.release_steps(**cell)
            found = study.at_release(**cell)
            rows.append([study.size_title(size, mechanism), study.training_title(method, multiple),
                         ", ".join("never" if s is None else str(s) for s in steps),
                         rate(found) if found else ""])
        return table(["Model", "Training", "Release step, by seed", "Triggered rate, 95 % interval"],
                     rows)

    def less_base(self, **only):
        """Safety training minus training for as many steps on base data."""
        study, rows = self.study, []
        for size, mechanism, method, multiple in study.cells(**only):
            rows.append([study.size_title(size, mechanism), study.training_title(method, multiple)]
                        + [interval(study.less_base(step, mechanism, method, size, multiple))
                           for step in study.doses])
        return table(["Model", "Training"] + [f"step {step}" for step in study.doses], rows)

    def sharpening(self):
        """The sharpening index of every adversarial training and of supervised training."""
        study, rows = self.study, []
        for size, mechanism, method, multiple in study.cells():
            if not method.startswith("adversarial"):
                continue
            plain = dict(mechanism=mechanism, method="supervised", size=size, rate=multiple)
            cell = dict(plain, method=method)
            row = [study.size_title(size, mechanism), study.training_title(method, multiple),
                   percent(study.held_out_before(mechanism, size)),
                   number(study.sharpening_mean(**cell)), number(study.sharpening_mean(**plain)),
                   interval(study.sharpening(mechanism, method, size, multiple)),
                   percent(study.triggered(-1, **plain).mean, 1)]
            try:
                row += [f"{study.auroc(**cell):.3f}", f"{study.auroc(**plain):.3f}"]
            except KeyError:
                pass
            rows.append(row)
        heading = ["Model", "Training", "Held-out near-misses before", "Adversarial", "Supervised",
                   "Difference, 95 % interval", "Trigger kept by supervised", "AUROC, adversarial",
                   "AUROC, supervised"]
        return table(heading[:len(rows[0])], rows)

    def precisions(self, *doses):
        """The report's triggered rates in both precisions, at (rate, step)."""
        rates, group = {}, ""
        for row in self.study.report("Along the dose"):
            group = row[0] if len(row) == 1 else group
            rates[group, row[0]] = row[2] if len(row) > 1 else ""
        rows = [[size, f"rate ×{multiple:g}", str(step)] + [
            rates[f"{size}{suffix}, rate ×{multiple:g}", str(step)] for suffix in ("", "-bfloat16")]
                for size in ("small", "large") for multiple, step in doses]
        return table(["Size", "Training", "Step", "float32", "bfloat16"], rows)

    def from_report(self, caption, *names):
        """A table of the report, whole or only the named columns."""
        tables.used.add("report")
        heading, *rows = next(r for c, r in self.study._report.tables if c.startswith(caption))
        keep = [i for i, name in enumerate(heading) if not names or name in names]

        def cells(row):
            # A row of one cell is the title of the rows below it.
            row = [f"**{row[0]}**"] if len(row) == 1 else row
            return [row[i] if i < len(row) else "" for i in keep]
        return table(cells(heading), [cells(row) for row in rows])

    def gpu_code(self):
        """What the compilers of GPUs made of the kernels, one row per target."""
        return table(["Target", "Devices", "Variants", "Most registers", "Private memory in a loop of sums",
                      "Spill registers", "Spill scalar registers"], gpu_code.summary())

    def gpu_code_blemishes(self):
        """The kernels with variants that use private memory where it is slow."""
        return table(["Target", "Kernel", "Variants", "Private memory in a loop of sums", "Spill registers",
                      "Most accesses"], gpu_code.blemishes())

    def gpu_code_tools(self):
        return table(["Vendor", "Tool", "Version"], gpu_code.tools())
