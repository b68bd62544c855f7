#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check.sh BUILD MAKE: every suite, then what failed and one line that counts.
# A suite that fails to build or dies without a case of its own counts as one failure.
set -u
build=$1 make=$2
results=$build/test-results
rm -rf "$results" "$build/asan/test-results"
mkdir -p "$results"

$make --no-print-directory -j2 WERROR=-Werror all recorder >"$results/build.log" 2>&1 ||
	echo "not ok 1 - the build (see $results/build.log)" >"$results/build.tap"
tail -3 "$results/build.log"

failures()
{
	cat "$results"/*.tap "$build"/asan/test-results/*.tap 2>/dev/null | grep -c '^not ok'
}

for suite in unit corpus golden walk live bench lint asan vm-smoke; do
	echo "== $suite"
	began=$(date +%s)
	before=$(failures)
	if ! $make --no-print-directory -j2 WERROR=-Werror "check-$suite" >"$results/$suite.log" 2>&1 &&
		[ "$(failures)" -eq "$before" ]; then
		echo "not ok 1 - suite $suite ended badly (see $results/$suite.log)" >"$results/$suite.tap"
		tail -20 "$results/$suite.log"
	fi
	echo "   $(($(date +%s) - began)) s"
done

all=$(mktemp)
trap 'rm -f "$all"' EXIT
for f in "$results"/*.tap "$build"/asan/test-results/*.tap; do
	[ -f "$f" ] || continue
	case $f in
	*/asan/*) where="asan " ;;
	*) where= ;;
	esac
	sed "s|^|$where$(basename "$f" .tap): |" "$f" >>"$all"
done
grep -iE ': ok .*# skip' "$all" | sed 's/^/skipped: /'
grep -A 30 ': not ok' "$all" | grep -E ': (not ok|# )' | head -200

failed=$(grep -c ': not ok' "$all")
skipped=$(grep -ciE ': ok .*# skip' "$all")
passed=$(($(grep -c ': ok ' "$all") - skipped))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
