#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each tests/golden/cases/NAME.case holds a command line in its first line; below it stand what it
# printed on standard output, on standard error, and its exit status. UPDATE=1 rewrites these.
# The recordings were made in guests: deb61cloud and deb61phys (Debian 6.1, stock), c72 (7.2), and c612slab
# (6.12, 96 MiB: slab --grow alone). Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${SAFEVMA:=build/safevma}"

n=0
failed=0
now=$(mktemp)
trap 'rm -f "$now" "$now.err"' EXIT
export LC_ALL=C.UTF-8
unset COLUMNS

for f in tests/golden/cases/*.case; do
	n=$((n + 1))
	line=$(head -1 "$f")
	read -ra words <<<"${line#\$ safevma}"
	{
		printf '%s\n' "$line"
		"$SAFEVMA" "${words[@]}" 2>"$now.err"
		status=$?
		echo '--- standard error'
		cat "$now.err"
		echo "--- exit status $status"
	} >"$now"
	if [ "${UPDATE:-0}" = 1 ]; then
		cp "$now" "$f"
		echo "ok $n - $(basename "$f" .case) # SKIP rewritten"
	elif difference=$(diff -u "$f" "$now"); then
		echo "ok $n - $(basename "$f" .case)"
	else
		failed=1
		echo "not ok $n - $(basename "$f" .case)"
		printf '%s\n' "$difference" | head -40 | sed 's/^/# /'
	fi
done
echo "1..$n"
exit $failed
