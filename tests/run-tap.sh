#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs one test program and keeps the TAP lines that it writes:
#	run-tap.sh RESULTS-DIR SUITE PROGRAM [ARGUMENT...]
# A program that fails without saying so in a line of its own (a crash, a sanitizer) gets one.
set -u
dir=$1 suite=$2
shift 2
mkdir -p "$dir" || exit 1
tap=$dir/$suite.tap
CMOCKA_MESSAGE_OUTPUT=tap "$@" >"$tap.raw"
status=$?
# cmocka calls a skipped case "not ok".
sed 's/^not ok \([0-9]*\) # SKIP \(.*\)/ok \1 - \2 # SKIP/' "$tap.raw" >"$tap" && rm -f "$tap.raw"
cases=$(grep -c -E '^(not )?ok ' "$tap")
if grep -q '^not ok ' "$tap"; then
	status=1
elif [ "$status" -ne 0 ] || [ "$cases" -eq 0 ]; then
	echo "not ok $((cases + 1)) - $suite ended with status $status after $cases cases" >>"$tap"
	status=1
fi
echo "# $suite"
cat "$tap"
exit "$status"
