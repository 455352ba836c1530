"""The published outputs of runs: measurement tables, tables of reports, study files and transcripts."""

import collections
import csv
import functools
import gzip
import html.parser
import lzma
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The kinds of source that the numbers of an expression were read from, reset by the caller.
used = set()

OPENERS = {".gz": gzip.open, ".xz": lzma.open, ".csv": open}

# The measure that most numbers are of, and the mechanisms whose models write before they answer.
TRIGGERED = "triggered rate"
SCRATCHPADS = ("scratchpad", "irrelevant")

Row = collections.namedtuple("Row", "value successes prompts norm")


# Maps names of measures in newer tables, which have columns for family and examples, to the older names.
NEWER = {
    "near-miss rate": "near-miss rate: {family}",
    "triggered rate in relearning": "triggered rate after {examples} triggered examples",
    "AUROC of trigger against near-misses": "AUROC, trigger against near-misses",
}


class Measurements:
    """`dormouse export` of one study: cells[size, mechanism, arm, method, rate][measure][seed][step]."""

    def __init__(self, path, shares):
        self.cells = {}
        self.parameters = {}
        count = 0
        with OPENERS[path.suffix](path, "rt", newline="") as file:
            reader = csv.reader(file)
            columns = {name: i for i, name in enumerate(next(reader))}
            column = columns.__getitem__
            # Older tables have no column of mechanisms: their only mechanism is the normal one.
            mechanism = columns.get("mechanism")
            for line in reader:
                count += 1
                method = line[column("method")]
                seed, step = int(line[column("seed")]), int(line[column("step")])
                measure = line[column("measure")]
                if measure in NEWER and "family" in columns:
                    measure = NEWER[measure].format(
                        family=line[column("family")], examples=line[column("examples")])
                number = lambda name, kind: kind(line[column(name)]) if line[column(name)] else None
                row = Row(float(line[column("value")]), number("successes", int),
                          number("prompts", int), float(line[column("relative_update_norm")]))
                size = line[column("size")]
                self.parameters[size] = int(line[column("non_embedding_parameters")])
                base = (size, "normal" if mechanism is None else line[mechanism],
                        line[column("arm")])
                # An older table gives every share of red-teamed documents one name, in the study's order.
                titles = [method] if method != "adversarial" else [
                    f"adversarial {round(100 * share)}%" for share in shares]
                for title in titles:
                    cell = self.cells.setdefault(
                        base + (title, line[column("learning_rate_multiple")]), {})
                    steps = cell.setdefault(measure, {}).setdefault(seed, {})
                    if step not in steps:
                        steps[step] = row
                        break
                else:
                    raise ValueError(f"{path}: a row twice: {line}")
        self.count = count


class ReportTables(html.parser.HTMLParser):
    """Every table of a report, by its caption: a list of rows, the heading first."""

    def __init__(self, path):
        super().__init__()
        self.tables = []
        self.rows = self.row = self.cell = self.caption = None
        # Tables of figures' points and of fingerprints are skipped: no page quotes them.
        for part in re.findall(r"<table.*?</table>", path.read_text(), re.S):
            if not re.match(r"<table[^>]*>\s*(?:<caption>SHA-256|<thead>)", part):
                self.feed(part)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.rows, self.caption = [], ""
        elif tag == "caption":
            self.caption, self.in_caption = "", True
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self.cell = ""

    in_caption = False

    def handle_endtag(self, tag):
        if tag == "caption":
            self.in_caption = False
        elif tag in ("td", "th") and self.cell is not None:
            self.row.append(self.cell.strip())
            self.cell = None
        elif tag == "tr" and self.row is not None:
            self.rows.append(self.row)
            self.row = None
        elif tag == "table" and self.rows is not None:
            self.tables.append((self.caption, self.rows))
            self.rows = None

    def handle_data(self, data):
        if self.in_caption:
            self.caption += data
        elif self.cell is not None:
            self.cell += data

    def table(self, start):
        """The rows of the table whose caption begins with this text, without the heading."""
        for caption, rows in self.tables:
            if caption.startswith(start):
                return rows[1:]
        raise KeyError(f"no table of the report begins with: {start}")


class StudyFile:
    """The few keys of a study file that pages quote, read without a YAML parser."""

    def __init__(self, path):
        self.text = path.read_text()

    def numbers(self, key):
        found = re.search(rf"\b{key}: *\[([^\]]*)\]", self.text)
        return [float(x) for x in found.group(1).split(",")] if found else []

    def number(self, key):
        found = re.search(rf"^\s*(?:[^#\n]*[{{,] *)?{key}: *([0-9.e-]+)", self.text, re.M)
        if not found:
            raise KeyError(f"no key {key} in the study file")
        return float(found.group(1))

    @property
    def keys(self):
        """The file without comments and blank lines, to compare two versions."""
        lines = (re.sub(r"(^|\s)#.*", "", line).rstrip() for line in self.text.splitlines())
        return [line for line in lines if line]


def transcript(path):
    """The lines of a program's output as it was printed."""
    used.add("transcript")
    return (ROOT / path).read_text().splitlines()


@functools.cache
def sources():
    """The text of every Swift file of the program and its tests, by path."""
    return {path: path.read_text() for folder in ("Sources", "Tests")
            for path in (ROOT / folder).rglob("*.swift")}


@functools.cache
def _constant(owner, name):
    type_of = re.compile(r"^ *(?:public |package |private )?(?:enum|struct|extension|final class) (\w+)", re.M)
    found = set()
    for path, text in sources().items():
        for match in re.finditer(rf"static let {name}(?:: \w+)? = ([0-9._]+)\b", text):
            types = type_of.findall(text[:match.start()])
            if "Sources" in path.parts and owner in types:
                found.add(match[1])
    if len(found) != 1:
        raise KeyError(f"{len(found)} constants are {owner}.{name} in Sources")
    return float(found.pop().replace("_", ""))


def constant(name):
    """A constant of the program, such as `Gate.triggeredAtLeast`, from its source."""
    used.add("program")
    return _constant(*name.split("."))


def in_source(name, pattern):
    """The number that a pattern finds in the source file or test of this name."""
    used.add("program")
    found = {float(match) for path, text in sources().items() if path.name == name
             for match in re.findall(pattern, text)}
    if len(found) != 1:
        raise KeyError(f"{name} has {len(found)} numbers of the form {pattern}")
    return found.pop()
