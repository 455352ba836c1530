"""Loops of machine code, found in its text."""

from collections import namedtuple

# One line of machine code: its text, the labels before it, the labels that it can jump to, and whether the next
# line can follow it.
Instruction = namedtuple("Instruction", "text labels targets falls_through")


def blocks(instructions):
    """The ranges of lines without a jump into them or out of them, and the successors of each."""
    starts = {0}
    for index, instruction in enumerate(instructions):
        if instruction.labels:
            starts.add(index)
        if instruction.targets or not instruction.falls_through:
            starts.add(index + 1)
    starts = sorted(start for start in starts if start < len(instructions))
    ranges = [range(a, b) for a, b in zip(starts, starts[1:] + [len(instructions)])]
    block_of_label = {label: number for number, lines in enumerate(ranges)
                      for label in instructions[lines[0]].labels}
    successors = []
    for number, lines in enumerate(ranges):
        last = instructions[lines[-1]]
        following = [block_of_label[target] for target in last.targets if target in block_of_label]
        if last.falls_through and number + 1 < len(ranges):
            following.append(number + 1)
        successors.append(following)
    return ranges, successors


def loops(instructions):
    """The lines of every loop that are in no inner loop of it, as lists of texts."""
    if not instructions:
        return []
    ranges, successors = blocks(instructions)
    predecessors = [[] for _ in ranges]
    for number, following in enumerate(successors):
        for other in following:
            predecessors[other].append(number)
    bodies = {}
    for number, following in enumerate(successors):
        for header in following:
            if header <= number:
                bodies.setdefault(header, set()).update(body(header, number, predecessors))
    result = []
    for own in bodies.values():
        inner = set().union(*(other for other in bodies.values() if other < own))
        result.append([instructions[line].text for number in sorted(own - inner) for line in ranges[number]])
    return result


def body(header, last, predecessors):
    """The blocks of the loop from a header to a jump back to it."""
    found, pending = {header, last}, [last] if last != header else []
    while pending:
        for other in predecessors[pending.pop()]:
            if other not in found:
                found.add(other)
                pending.append(other)
    # The loop has another entry than its header. Then all lines between the two count.
    if 0 in found and header != 0:
        return set(range(header, last + 1))
    return found


def touched(instructions, is_arithmetic, is_private):
    """The lines that touch private memory in loops that contain fused multiply-adds."""
    return sum(sum(map(is_private, lines)) for lines in loops(instructions) if any(map(is_arithmetic, lines)))
