#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""python.py FILE...: says what does not compile, lines that are too long, and blanks at the end of
one. Silent when all is well."""
import ast
import sys

COLUMNS = 104  # 100 is what to aim at


def faults(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    try:
        ast.parse(text, path)
    except SyntaxError as e:
        yield e.lineno, e.msg
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS:
            yield number, f"longer than {COLUMNS} columns"
        if line != line.rstrip():
            yield number, "blanks at the end"
    if not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end"


def main():
    found = [f"{path}:{n}: {why}" for path in sys.argv[1:] for n, why in faults(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
