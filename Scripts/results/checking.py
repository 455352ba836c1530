"""Checks every page against the published tables and prints the problems."""

import collections
import functools
import re
import time

import estimates
import generated
import pages
import studies
import tables
import transcripts

STUDIES = ("quickstart", "trainings", "mechanisms", "standard", "hiding", "code", "precision")

# The errors of a wrong expression, or of a table that is not in a source.
FAULTS = (SyntaxError, NameError, TypeError, AttributeError, KeyError, ValueError, IndexError, StopIteration)

# In ascending order of priority: an expression counts under the last of the kinds that it read.
SOURCES = {
    "arithmetic": "arithmetic on the page, and counts that its sentence names",
    "page": "pages that list them as measured",
    "gpu code": "tables of compiled kernels (Results/gpu-code/*.csv)",
    "program": "constants of the program (Sources)",
    "study file": "study files (Results/*/*.yaml)",
    "measurements": "measurement tables (Results/*/measurements.csv*)",
    "report": "tables inside the published reports (Results/*/report.html)",
    "transcript": "printed output of commands (Results/**/*.txt)",
}


def below(bound, *values):
    """The bound, after a check that every value is below it."""
    for value in pages.flatten(values):
        if not getattr(value, "mean", value) < bound:
            raise ValueError(f"{getattr(value, 'mean', value):.6g} is not below {bound}")
    return bound


def above(bound, *values):
    """The bound, after a check that every value is at least as large."""
    for value in pages.flatten(values):
        if not getattr(value, "mean", value) >= bound:
            raise ValueError(f"{getattr(value, 'mean', value):.6g} is below {bound}")
    return bound


def require(*conditions):
    """No number. Checks that the conditions are true."""
    if not all(conditions):
        raise ValueError(f"a condition does not hold: {conditions}")
    return []


def span(*values):
    """The smallest and the largest value."""
    numbers = [getattr(value, "mean", value) for value in pages.flatten(values)]
    return [min(numbers), max(numbers)]


def quoted(page, *texts):
    """Numbers that another page gives as measured, as written on that page."""
    tables.used.add("page")
    source = (tables.ROOT / page).read_text()
    for text in texts:
        if not re.search(rf"(?<![\d.]){re.escape(text)}(?![\d]|\.\d)", source):
            raise ValueError(f"{page} has no number {text}")
    return [float(text) for text in texts]


def scope(path):
    """The names that expressions of a page may use."""
    names = {name: studies.study(name) for name in STUDIES}
    names.update(below=below, above=above, require=require, span=span, quoted=quoted, constant=tables.constant,
                 in_source=tables.in_source,
                 mean=estimates.mean, wilson=estimates.wilson, validity=transcripts.validity(),
                 graders=transcripts.graders(), SCRATCHPADS=studies.SCRATCHPADS)
    folder = path.parent.name
    here = studies.study(folder) if folder in STUDIES else None
    if here:
        names["here"] = here
        for name in dir(studies.Study):
            if not name.startswith("_") and callable(getattr(studies.Study, name)):
                names[name] = getattr(here, name)
    return names, here


def evaluate(expression, path):
    """The values of a comment's expressions, and the kind of source they were read from."""
    names, here = scope(path)
    for name in re.findall(r"(?<![.\w])F\d+[a-h]?\b", expression):
        names[name] = here.finding(name)
    tables.used.clear()
    value = eval("(" + expression + ",)", {"__builtins__": {
        "len": len, "min": min, "max": max, "sum": sum, "round": round, "all": all, "any": any,
        "abs": abs, "sorted": sorted, "range": range, "set": set, "zip": zip, "int": int,
        "next": next, "str": str, "float": float}, **names})
    order = list(SOURCES)
    kinds = sorted(tables.used, key=order.index)
    return pages.flatten(value), (kinds[-1] if kinds else "arithmetic")


class Check:
    """The check of all pages."""

    def __init__(self, write=False, mutate=False):
        self.write, self.mutate = write, mutate
        self.problems = []
        self.by_source = collections.Counter()
        self.by_name = collections.Counter()
        self.measured = []
        self.quoted = self.reference = self.words = 0
        self.mutants = self.survivors = 0

    def page(self, path):
        source = self.refreshed(path) if self.write else path.read_text()
        is_reference = path.parent.name == "docs"
        for segment in pages.segments(source, "no results" if is_reference else "none"):
            try:
                self.segment(path, segment)
            except FAULTS as error:
                self.report(path, segment, f"{type(error).__name__}: {error}")

    def refreshed(self, path):
        """The page with its tables generated again; a table that cannot be generated stays unchanged."""
        def new(found):
            try:
                return found[1] + self.table(path, found[2]) + found[4]
            except FAULTS:
                return found[0]
        source = path.read_text()
        result = pages.GENERATED.sub(new, source)
        if result != source:
            path.write_text(result)
        return result

    def table(self, path, expression):
        _, here = scope(path)
        # Sources that the scope itself reads do not count as sources of the table.
        tables.used.clear()
        maker = generated.Tables(here)
        names = {name: getattr(maker, name) for name in dir(maker) if not name.startswith("_")}
        names["unchecked"] = lambda: self.unchecked()
        return eval(expression, {"__builtins__": {}}, names)

    def report(self, path, segment, message):
        sentence = " ".join(pages.strip_markup(pages.COMMENT.sub("", segment.text)).split())
        self.problems.append(
            f"{path.relative_to(tables.ROOT)}:{segment.line}: {message}\n    {sentence[-400:]}")

    def segment(self, path, segment):
        if segment.kind == "fence":
            return
        if segment.kind == "table":
            wanted = self.table(path, segment.argument)
            count = len(pages.tokens(pages.strip_names(pages.strip_markup(segment.text))[0]))
            kinds = sorted(tables.used, key=list(SOURCES).index)
            if "unchecked" not in segment.argument:
                self.by_source[kinds[-1] if kinds else "arithmetic"] += count
            if wanted != segment.text:
                pairs = zip(segment.text.split("\n"), wanted.split("\n"))
                first = next(((a, b) for a, b in pairs if a != b), ("", "another number of lines"))
                self.report(path, segment._replace(text=first[0]),
                            f"a table is not what {segment.argument} gives; the first other line: {first[1]}")
            return
        text = pages.strip_markup(segment.text)
        self.verdicts(path, segment, text)
        text, names = pages.strip_names(text)
        self.by_name.update(names)
        stated = pages.tokens(text)
        if segment.kind == "measured":
            if stated:
                self.measured.append((path, segment.argument, len(stated)))
        elif segment.kind == "source":
            self.quoted += len(stated)
        elif segment.kind == "check":
            self.compare(path, segment, stated)
        elif segment.kind == "no results":
            self.no_results(path, segment, text, stated)
        elif stated:
            self.report(path, segment, "not tied to a computation: "
                        + ", ".join(token.text for token in stated))

    def no_results(self, path, segment, text, stated):
        """Refuses numbers without a check that look like results on pages of reference."""
        # The levels that Holm's procedure can give to one of six claims, for a bound or for a margin.
        levels = {100 - sides * 5 / share for share in range(1, 7) for sides in (1, 2)}
        for token in stated:
            rest = text[token.start + len(token.text):]
            if any(pages.agrees(token, level) for level in levels):
                continue
            if re.match(r" ?\[", rest) or token.decimals > 0 and re.match(r" ?(?:%|times|points)", rest):
                self.report(path, segment, f"a result on a page of reference: {token.text}")
        self.reference += len(stated)

    def verdicts(self, path, segment, text):
        """Compares verdicts in words, such as `F7, supports`, with the verdicts that are judged again."""
        _, here = scope(path)
        for name, word in re.findall(r"\b(F\d+[a-h]?), (supports|contradicts|inconclusive)\b", text):
            if here and here.verdict(name) != word:
                self.report(path, segment, f"{name} is said to be {word} and is {here.verdict(name)}")
            self.words += here is not None

    def compare(self, path, segment, stated):
        atoms, source = evaluate(segment.argument, path)
        fits, good = pages.match(stated, atoms)
        if not fits:
            wrong = stated[good].text if good < len(stated) else "no further number"
            self.report(path, segment, f"stated {', '.join(t.text for t in stated) or 'nothing'}; computed "
                        f"{pages.shown(atoms)}; the first that differs: {wrong}")
            return
        self.by_source[source] += len(stated)
        if self.mutate:
            for index, token in enumerate(stated):
                step = token.value.__class__(1).scaleb(-token.decimals)
                for change in (step, -step):
                    self.mutants += 1
                    other = stated[:index] + [token._replace(value=token.value + change)] + stated[index + 1:]
                    if pages.match(other, atoms)[0]:
                        self.survivors += 1
                        print(f"survives: {token.text} in {path.name}:{segment.line}")

    def unchecked(self):
        """The list of stated numbers that cannot be recomputed, for Results/README.md."""
        rows = collections.Counter()
        for path, what, count in self.measured:
            rows[str(path.relative_to(tables.ROOT)), what] += count
        return generated.table(["Page", "Numbers", "What they are"], [
            [f"[{name.removeprefix('Results/')}]({name.removeprefix('Results/')})"
             if name.startswith("Results/") else f"[{name}](../{name})", str(count), what]
            for (name, what), count in rows.items()])


def documents():
    root = tables.ROOT
    found = [root / "README.md", *sorted((root / "docs").glob("*.md")),
             *sorted((root / "Results").rglob("*.md"))]
    # The index lists the unchecked numbers of the other pages, so it comes last.
    index = root / "Results" / "README.md"
    return [path for path in found if path != index and path.exists()] + (
        [index] if index.exists() else [])


def main(arguments):
    start = time.monotonic()
    check = Check("--write" in arguments, "--mutate" in arguments)
    unknown = set(arguments) - {"--write", "--mutate"}
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; --write and --mutate are known")
        return 64
    for path in documents():
        check.page(path)
    check.problems += transcripts.problems()
    for problem in check.problems:
        print(problem)
    print(f"{sum(check.by_source.values())} numbers of {len(documents())} pages recomputed:")
    for source, words in SOURCES.items():
        print(f"  {check.by_source[source]:5} from {words}")
    print(f"  {sum(n for _, _, n in check.measured)} measured on a machine or in a run that is not "
          "published, listed in Results/README.md")
    print(f"  {check.quoted} quoted from elsewhere; {check.reference} defaults and the like on pages of "
          f"reference; {sum(check.by_name.values())} names, versions and dates")
    print(f"{check.words} verdicts in words are those judged again.")
    print(f"{transcripts.cells_checked} cells of published reports and transcripts agree with what is "
          "computed from the tables.")
    if check.mutate:
        print(f"{check.mutants} changed numbers, {check.survivors} of them not noticed")
    print(f"{len(check.problems)} problems, {time.monotonic() - start:.0f} s")
    return 1 if check.problems or check.survivors else 0
