"""The paper's findings, judged again from the published tables by the rules of FindingRules.swift."""

import functools
import re

import estimates
import tables
from estimates import Claim, Estimate
from tables import SCRATCHPADS, TRIGGERED

PRIMARY = ("F2", "F3", "F4", "F6", "F7", "F12")


def persistence(study, mechanism, method):
    """The mean triggered rate over the doses, one value per seed; None if the study has no such cell."""
    if not study.cells([mechanism], [method]) or not study.enters(mechanism):
        return None
    return [estimates.mean(rates) for rates in zip(*(
        study.values(TRIGGERED, step, mechanism, method) for step in study.doses))]


def less(left, right):
    return None if left is None or right is None else [a - b for a, b in zip(left, right)]


def claims(study):
    """The claims that can be judged from the measurement table."""
    normal = lambda method: persistence(study, "normal", method)
    mechanisms = [c[1] for c in study.cells()]
    of = lambda name, statement, bound, values, bounds=(-1, 1): Claim.of_differences(
        statement, bound, values, bounds, name in PRIMARY)
    result = {}

    reinforced = None
    if study.cells(["normal"], ["reinforcement"]):
        refusal = study.values("refusal", -1, "normal", "reinforcement")
        if estimates.mean(refusal) >= 0.9:
            reinforced = less(study.values(TRIGGERED, -1, "normal", "reinforcement"),
                              study.values(TRIGGERED, 0, "normal", "reinforcement"))
    result["F2"] = of("F2", "within", 0.1, reinforced)

    repeats = max((int(m.split("x")[1]) for m in mechanisms if m.startswith("distilled x")), default=0)
    result["F3"] = of("F3", "above", 0, less(persistence(study, f"distilled x{repeats}", "supervised"),
                                             persistence(study, f"normal x{repeats}", "supervised")))
    result["F3b"] = of("F3b", "above", 0, less(normal("reinforcement"), normal("supervised")))
    result["F4"] = Claim("above", 0, None, True)
    sizes = [s for s in study.sizes() if study.cells(["normal"], ["supervised"], [s])
             and study.enters("normal", s)]
    if len(sizes) >= 5:
        value, error, clusters = study._slope("steps", "supervised", tuple(sizes))
        result["F4"] = Claim("above", 0, estimates.StudentMean(value, error, clusters - 1), True)
    result["F5"] = of("F5", "below", 0, less(
        persistence(study, "scratchpad", "supervised"), normal("supervised")))

    shares = [m for m in ("adversarial 50%",) if study.cells(["normal"], [m])]
    hidden = None
    if shares and study.enters("normal"):
        kept = estimates.mean(study.values(TRIGGERED, -1, "normal", "supervised"))
        # The study `mechanisms` was judged before the rule had a condition on supervised training.
        if study.held_out_before() >= 10 and (kept >= 0.9 or study.name == "mechanisms"):
            hidden = less(study.sharpening_indices("normal", shares[0]),
                          study.sharpening_indices("normal", "supervised"))
    result["F6"] = of("F6", "above", 0, hidden, (-2, 2))
    result["F7"] = of("F7", "below", 0, less(persistence(study, "scratchpad", "post-scratchpad"),
                                             persistence(study, "scratchpad", "supervised")))
    unfiltered = next((m for m in mechanisms if "unfiltered" in m), None)
    result["F10"] = of("F10", "above", 0, None if unfiltered is None else less(
        normal("supervised"), persistence(study, unfiltered, "supervised")))
    variations = list(dict.fromkeys(
        c[2] for c in study.cells(["normal"]) if ", " in c[2]))
    for index, variation in enumerate(variations):
        name = "F11" + ["", "b", "c", "d"][index]
        result[name] = of(name, "within", 0.1,
                          less(normal(variation), normal(variation.split(",")[0])))
    result["F12"] = of("F12", "within", 0.05, less(
        study.values("clean accuracy", -1, "normal", "supervised"),
        study.values("clean accuracy", -1, "normal", "supervised", arm="twin-safety"))
        if study.enters("normal") else None)
    return result


def of_report(study):
    """F1, F8 and F9, which are not in the measurement table: from other tables of the same report."""
    rows = study.gate()
    by_seed = {}
    for row in rows:
        by_seed.setdefault(row[1], []).append(row[6])
    values = [estimates.mean([float(p) for p in by_seed[seed]]) for seed in sorted(by_seed)]
    result = {"F1": Claim("above", tables.constant("Gate.seedsAtLeast"),
                          estimates.BoundedMean(values, (0, 1)))}
    try:
        forced = study.report("Forced scratchpads")
        shares = [[float(re.sub("[<>%]", "", x)) / 100 for x in row[2:4]] for row in forced]
        result["F8"] = Claim("above", 0.5, estimates.BoundedMean([min(s) for s in shares], (0, 1)))
    except KeyError:
        pass
    return result


@functools.cache
def judged(study):
    """Every finding: (estimate in points with level and p, verdict).

    The report's rows are compared with the rows computed here. Rows that need numbers which only the run had
    (F8 needs unrounded shares, F9 the gate's near-misses) are taken from the report.
    """
    before = set(tables.used)
    result = {name: (value if value is None else value.scaled(1 if name == "F4" else 100), verdict)
              for name, (value, verdict) in estimates.judge(
                  {**claims(study), **of_report(study)}).items()}
    for row in study.report("The paper’s findings"):
        name, here, p, verdict = row[0].rstrip("*"), row[4], row[-2], row[-1]
        stated = printed(here, p)
        own = result.get(name, (None, "not testable"))
        if name in ("F8", "F9") and stated:
            if own[0] and abs(own[0].mean - stated.mean) > 0.5:
                raise ValueError(f"{study.name} {name}: {own[0].mean} from the rounded table, {here}")
            result[name] = (stated, verdict)
        elif not same(name, own, stated, verdict):
            raise ValueError(f"{study.name} {name}: the report says {here}, p {p}, {verdict}; computed "
                             f"{own[0] and vars(own[0])}, {own[1]}")
        else:
            result.setdefault(name, own)
    tables.used.clear()
    tables.used.update(before | {"measurements"})
    return result


def printed(here, p):
    """An estimate as a report prints it: `−1.5 [−3.6, −0.5]`, at 95 % unless another level is given."""
    found = [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", here.replace("−", "-"))]
    return Estimate(found[0], found[1], found[2], 0.95, float(p) if p else None) if len(found) == 3 else None


def same(name, own, stated, verdict):
    if stated is None or own[0] is None:
        return stated is None and own[0] is None and verdict.startswith("not testable")
    pairs = [(own[0].mean, stated.mean), (own[0].lower, stated.lower), (own[0].upper, stated.upper)]
    # Slopes are printed with two decimals, points with one; p with two significant digits.
    half = 0.0051 if name == "F4" else 0.0501
    return (all(abs(a - b) <= half for a, b in pairs) and own[1] == verdict
            and abs(own[0].p - stated.p) <= 0.051 * stated.p)
