"""Numbers of Markdown pages, each tied to the computation that gives it.

A comment after a sentence names its computations: `<!-- check: F7, released('normal') -->`. The numbers of
the text since the previous comment must be the values of these expressions, in their order, to the last
digit that is stated. Other comments:

- `<!-- table: findings() -->` ... `<!-- end table -->`: the lines between are what the script generates.
- `<!-- measured: what -->`: numbers of a machine or of a run whose outputs are not published. They are not
  checked and are listed in Results/README.md. `measured section:` holds until the next heading of its rank,
  `measured page:` for the whole page.
- `<!-- source: where -->`: numbers quoted from elsewhere.
- `<!-- no results section: what -->`, and `page:`: reference, such as defaults and exit codes. There an interval,
  a share with decimals, or a number of times or points with decimals is refused. Pages of docs/ are of this
  kind where they say nothing.

Everything else that has a digit must be a name, a version or a date of the kinds below.
"""

import re
from collections import namedtuple
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from estimates import Estimate

# Kinds of digits that are no results. Order matters: earlier kinds take their text first.
NAMES = [
    ("date", r"\b20\d\d-\d\d-\d\d\b"),
    ("year of a publication", r"(?:\bet al\.,? |\(|[A-Z][a-z]+ (?:and|&) [A-Z][a-z]+,? )20\d\d\b|\b20\d\d\)"),
    ("year of the code world", r"\b20(?:1[0-9]|2[0-9])\b(?! of)"),
    ("finding", r"\bF\d+[a-h]?\b"),
    ("weakness", r"\bCWE-\d+(?:_\w+)*|\bB\d{3}\b"),
    ("figure, section or table of the paper", r"\b(?:figures?|section|table|appendix) \d+[a-z]?(?: and \d+[a-z]?)?"),
    ("size's name", r"(?<![\w.])(?:27k|30k|100k|200k|400k|1M)\b"),
    ("cell's name", r"(?:[Aa]dversarial|red-teamed)(?: training)? \d+ ?%|\d+ ?% unfiltered|[×x] ?0?\.?\d+(?:\.\d+)?\b"
     r"|\b(?:KL|[Ww]eight decay) \d\b"),
    ("seed's name", r"(?<!\d )\b[Ss]eeds? \d+(?:(?:, \d+)*(?: and| to) \d+)?\b(?! ?%)(?![.,]\d)"),
    ("version", r"\b(?:PoCL|LLVM|PyTorch|OpenBLAS|Bandit|OpenCL|CUDA|torch|transformers|Apache|Dormouse|version) "
     r"\d+\.\d+(?:\.\d+)*\b(?:\+\w+)?|\b(?:Swift|Python|clang|Zen|revision|Debian|Ubuntu) \d+(?:\.\d+)*\b"),
    ("name", r"\bAVX-?512\b|\bAVX2\b|\bSHA-?\d+\b|\bsm_\d+\b|\bb?float(?:16|32)\b|\bfp32\b|\bUTF-8\b|\bmma\.\S+|"
     r"\bsysexits\b|\barXiv[: ]\d+\.\d+|\bpage \d+\b|\bMLA\b|\bI32\b|\bH100\b|\bINT4\b"),
]
NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>(?<![\d\w)])[−-])?(?P<digits>\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?P<decimals>\.\d+)?"
    r"(?P<exponent>e[−-]?\d+)?")
COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.S)

Token = namedtuple("Token", "text value decimals start")
Problem = namedtuple("Problem", "line sentence message")


def blank(pattern, text, flags=0):
    """The text with every match replaced by as many spaces, and how many there were."""
    return re.subn(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=flags)


def strip_markup(text):
    """The text in one line, without code spans, addresses of links and emphasis."""
    text = text.replace("\n", " ")
    for pattern in (r"`[^`]*`", r"(?<=\])\([^)]*\)", r"(?<=\])\[[^\]]*\]", r"https?://\S+", r"\*+", r"<[a-z/][^>]*>"):
        text, _ = blank(pattern, text)
    return re.sub(r"\s+", " ", text)


def strip_names(text):
    """The text without the digits that are names, and how many of each kind there were."""
    counts = {}
    for kind, pattern in NAMES:
        text, n = blank(pattern, text)
        if n:
            counts[kind] = counts.get(kind, 0) + n
    # The number of a list item.
    text, _ = blank(r"^\s*\d+\. ", text)
    return text, counts


def tokens(text):
    result = []
    for found in NUMBER.finditer(text):
        digits = found["digits"].replace(",", "") + (found["decimals"] or "")
        exponent = (found["exponent"] or "e0").replace("−", "-")
        value = Decimal(("-" if found["sign"] else "") + digits + exponent)
        decimals = len(found["decimals"] or ".") - 1 - int(exponent[1:])
        result.append(Token(found.group(), value, decimals, found.start()))
    return result


def agrees(token, computed):
    """Whether a stated number is the computed one to the last digit that is stated."""
    if isinstance(computed, bool) or computed is None:
        return False
    if isinstance(computed, int):
        return token.value == computed
    exact = Decimal(repr(computed))
    quantum = Decimal(1).scaleb(-token.decimals)
    # A sum's rounding may put a half on either side.
    for nudge in (Decimal(0), Decimal("1e-9"), Decimal("-1e-9")):
        for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP):
            if (exact + nudge).quantize(quantum, rounding=mode) == token.value:
                return True
    return False


def flatten(value):
    if isinstance(value, (list, tuple)):
        return [atom for part in value for atom in flatten(part)]
    return [value]


def forms(atom):
    """The sequences of numbers that may state a value: an interval always comes with its level."""
    if not isinstance(atom, Estimate):
        return [[atom]]
    level = 100 * atom.level
    full = [atom.mean, level, atom.lower, atom.upper]
    return ([full] if atom.lower is not None else []) + [[atom.mean]]


def match(stated, atoms):
    """How many stated numbers agree, in order; all of both where the result is len(stated)."""
    best = 0

    def walk(i, j):
        nonlocal best
        best = max(best, i)
        if j == len(atoms):
            return i == len(stated)
        for form in forms(atoms[j]):
            part = stated[i:i + len(form)]
            if len(part) == len(form) and all(agrees(t, v) for t, v in zip(part, form)):
                if walk(i + len(form), j + 1):
                    return True
        return False

    return (True, len(stated)) if walk(0, 0) else (False, best)


def shown(atoms):
    """Computed values in an error's words."""
    def one(atom):
        if isinstance(atom, Estimate):
            return " ".join(f"{x:.6g}" for x in forms(atom)[0])
        return f"{atom:.6g}" if isinstance(atom, float) else str(atom)
    return "; ".join(one(atom) for atom in atoms) or "nothing"


Segment = namedtuple("Segment", "kind argument text line")
GENERATED = re.compile(r"(<!-- table: (.*?) -->\n)(.*?)(<!-- end table -->)", re.S)


def blocks(source):
    """(first line, text) of every paragraph, list item, heading, table and fenced block."""
    block, start, fence = [], 1, None
    for number, line in enumerate(source.split("\n") + [""], 1):
        mark = re.match(r"\s*(```|~~~)", line)
        is_comment = line.lstrip().startswith("<!--")
        begins = fence is None and (
            not line.strip() or mark or re.match(r"\s*(?:[-*+]|\d+\.) |#", line)
            or (block and block[-1].startswith("#") and not is_comment)
            or (block and line.startswith("|") != block[-1].startswith("|") and not is_comment))
        if begins and block:
            yield start, "\n".join(block)
            block = []
        if line.strip() or fence:
            start = start if block else number
            block.append(line)
        if mark and fence is None:
            fence = mark.group(1)
        elif mark and mark.group(1) == fence:
            fence = None
            yield start, "\n".join(block)
            block = []


def segments(source, default="none"):
    """The page cut at its comments: what kind the numbers before each are, and its argument.

    Kinds: check, measured, source, table, no results, none (a text without a comment) and fence.
    """
    def line_of(position):
        return source.count("\n", 0, position) + 1

    for found in GENERATED.finditer(source):
        yield Segment("table", found[2], found[3], line_of(found.start()))
    source, _ = blank(GENERATED, source)
    page = re.search(r"<!-- (measured|source|no results) page: (.*?) -->", source, re.S)
    scopes, rank = [(0, page[1], page[2])] if page else [], 0
    for start, text in blocks(source):
        if re.match(r"\s*(?:```|~~~)", text):
            language = re.match(r"\s*(?:```|~~~)(\w*)", text)[1]
            yield Segment("fence", language, text, start)
            continue
        heading = re.match(r"#+", text)
        if heading:
            rank = len(heading.group())
            scopes = [s for s in scopes if s[0] < rank]
        position = 0
        for comment in COMMENT.finditer(text):
            kind, _, argument = comment[1].partition(": ")
            if kind.endswith(" section"):
                scopes.append((rank, kind.removesuffix(" section"), argument))
            elif kind in ("check", "measured", "source"):
                yield Segment(kind, argument, text[position:comment.start()],
                              start + text.count("\n", 0, comment.start()))
                position = comment.end()
        scope = scopes[-1] if scopes else (0, default, "")
        rest, _ = blank(COMMENT, text[position:], 0)
        yield Segment(scope[1], scope[2], rest, start + text.count("\n", 0, position))
