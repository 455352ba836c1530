"""The table of the repository, and its comparison with a run."""

import csv

from target import COLUMNS, ROOT, Code

FOLDER = ROOT / "Results" / "gpu-code"
TABLE, TOOLS = FOLDER / "table.csv", FOLDER / "tools.csv"
KEYS = ["target", "kernel", "constants"]


def constants(variant):
    """The constants of a variant as one text. PTX is the only form of matrix units in the list."""
    return " ".join(f"{name}={value}" for name, value in sorted(variant["constants"].items())
                    if name != "MATRIX_UNITS_PTX")


def key(target, variant):
    return target, variant["kernel"], constants(variant)


def named(key):
    """A row in a message."""
    target, kernel, constants = key
    return f"{target} {kernel}" + (f" {constants}" if constants else "")


def read(path=TABLE):
    """The rows of the table by key; empty without a file."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {tuple(row[name] for name in KEYS): Code(**{name: int(row[name]) for name in COLUMNS})
                for row in csv.DictReader(file)}


def write(rows, path=TABLE):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(KEYS + COLUMNS)
        for key in sorted(rows):
            lines.writerow(list(key) + [getattr(rows[key], name) for name in COLUMNS])


def read_tools(path=TOOLS):
    """The versions of the tools of the table, by (vendor, tool)."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {(row["vendor"], row["tool"]): row["version"] for row in csv.DictReader(file)}


def write_tools(versions, path=TOOLS):
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["vendor", "tool", "version"])
        lines.writerows([*name, version] for name, version in sorted(versions.items()))


# More of these than in the table is a problem.
LIMITED = {"private_in_loops": "accesses to private memory in loops with fused multiply-adds",
           "spills": "bytes of spilled registers", "scalar_spills": "spilled scalar registers",
           "private": "bytes of private memory"}


def broken(key, code):
    """The problems that no table can allow."""
    return [f"{named(key)}: unresolved function {name}" for name in code.unresolved]


def problems(rows, table, is_whole=True):
    """The problems of a run, one line each: `rows` are its codes by key."""
    result = []
    for key in sorted(rows):
        code = rows[key]
        result += broken(key, code)
        if code.unresolved:
            continue
        if key not in table:
            result.append(f"{named(key)}: the table has no row for this variant; run Scripts/check-gpu-code --write")
        old = table.get(key, Code(occupancy=0))
        for name, text in LIMITED.items():
            if getattr(code, name) > getattr(old, name):
                result.append(f"{named(key)}: {getattr(code, name)} {text}, {getattr(old, name)} in the table")
        if code.occupancy < old.occupancy:
            result.append(f"{named(key)}: occupancy {code.occupancy}, {old.occupancy} in the table ("
                          f"{code.registers} registers, {old.registers} in the table)")
    if is_whole:
        result += [f"{named(key)}: the table has a row for a variant that does not exist; run "
                   "Scripts/check-gpu-code --write" for key in sorted(set(table) - set(rows))]
    return result


def known(rows):
    """What the table allows and what should not be: one line for each row."""
    result = []
    for key in sorted(rows):
        found = [f"{getattr(rows[key], name)} {text}" for name, text in LIMITED.items() if getattr(rows[key], name)]
        if found:
            result.append(f"{named(key)}: {', '.join(found)}")
    return result
