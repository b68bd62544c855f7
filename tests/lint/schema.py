#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Validates output of safevma against its schema.

	schema.py FILE SCHEMA             one JSON document
	schema.py --ndjson FILE SCHEMA    each line against $defs/line
	schema.py --strict SCHEMA         that the schema itself leaves nothing open
	schema.py --members SCHEMA        names of the members that it knows, dotted, one a line

FILE - is standard input. Exit status 0: valid; 1: not, and standard error says where.
"""
import json
import sys

import jsonschema

SHOWN = 10  # findings told of one document


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def no_twice(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"member '{name}' twice in one object")
    return dict(pairs)


def findings(document, schema):
    validator = jsonschema.Draft202012Validator(schema)
    for error in validator.iter_errors(document):
        error = jsonschema.exceptions.best_match([error])
        yield f"$.{'.'.join(str(p) for p in error.absolute_path)}: {error.message[:300]}"


def validate(text, schema, where):
    try:
        document = json.loads(text, object_pairs_hook=no_twice)
    except ValueError as e:
        return [f"{where}: {e}"]
    return [f"{where}: {f}" for f in findings(document, schema)]


def line_schema(schema, line):
    """The one for lines of this record, so that findings are about it; else that of any line."""
    for name in (r["$ref"].rsplit("/", 1)[1] for r in schema["$defs"]["line"]["oneOf"]):
        if f'"record":"{schema["$defs"][name]["properties"]["record"]["const"]}"' in line:
            return {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
    return {"$ref": "#/$defs/line", "$defs": schema["$defs"]}


def validate_lines(text, schema):
    found = []
    lines = text.split("\n")
    if lines.pop():
        found.append("the last line has no end")
    for number, line in enumerate(lines, 1):
        found += validate(line, line_schema(schema, line), f"line {number}")
    records = [json.loads(line)["record"] for line in lines] if not found else []
    # Faults are told as they come, all else when it is over.
    while records[:1] == ["faults"] and "sampling_line" in schema["$defs"]:
        records.pop(0)
    if not found and records[:1] != ["head"]:
        found.append("expected the head first")
    if records.count("head") > 1:
        found.append("a second head")
    return found


def objects(schema, where="$"):
    """Every subschema that describes an object, with its place."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield where, schema
        for name, inner in schema.items():
            yield from objects(inner, f"{where}.{name}")
    elif isinstance(schema, list):
        for i, inner in enumerate(schema):
            yield from objects(inner, f"{where}[{i}]")


# Tables that an option adds are there or not; a list of claims has no summary.
OPTIONAL = {"reconciliation", "residency", "holders", "map_extents", "summary", "window"}


def optional(o):
    """With the kernel's page tables, processes are such a table too."""
    return OPTIONAL | ({"processes"} if "zones" in o["properties"] else set())


def strict(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    for where, o in objects(schema):
        missing = set(o["properties"]) - set(o.get("required", [])) - optional(o)
        if o.get("additionalProperties") is not False:
            yield f"{where}: lets further members pass"
        if missing:
            yield f"{where}: does not require {', '.join(sorted(missing))}"


def members(schema, root, prefix=""):
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for option in schema.get("anyOf", []):
        yield from members(option, root, prefix)
    yield from members(schema["items"], root, prefix) if "items" in schema else ()
    for name, inner in schema.get("properties", {}).items():
        leaf = list(members(inner, root, f"{prefix}{name}."))
        yield from leaf or [prefix + name]


def main(argv):
    mode = argv.pop(1) if len(argv) > 1 and argv[1].startswith("--") else None
    if mode in ("--strict", "--members") and len(argv) == 2:
        schema = load(argv[1])
        if mode == "--members":
            print("\n".join(sorted(set(members(schema, schema)))))
            return 0
        found = list(strict(schema))
    elif mode in (None, "--ndjson") and len(argv) == 3:
        # In binary: output that is not UTF-8 is a finding, and only \n ends a line.
        with sys.stdin.buffer if argv[1] == "-" else open(argv[1], "rb") as f:
            data = f.read()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as e:
            found = [f"not UTF-8: {e}"]
        else:
            schema = load(argv[2])
            found = validate_lines(text, schema) if mode else validate(text, schema, "document")
    else:
        print(__doc__, file=sys.stderr)
        return 64
    for f in found[:SHOWN]:
        print(f, file=sys.stderr)
    if len(found) > SHOWN:
        print(f"... and {len(found) - SHOWN} more", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
