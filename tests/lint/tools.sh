#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Formatters and checkers over all files of the project. Prints TAP.
set -eu
cd "$(dirname "$0")/../.."

n=0
failed=0

point() # NAME COMMAND...
{
	name=$1
	shift
	n=$((n + 1))
	if ! command -v "$1" >/dev/null; then
		echo "ok $n - $name # SKIP $1 is not installed"
		return
	fi
	if out=$("$@" 2>&1) && [ -z "$out" ]; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		printf '%s\n' "$out" | head -60 | sed 's/^/# /'
	fi
}

sources=$(find lib cmd tests include -name '*.[ch]' | sort)
pythons=$(find tests -name '*.py' | sort)
scripts=$(grep -rlE '^#!/bin/(ba)?sh' tests share .ci --include='*' | grep -v '\.bats$' | sort)

# shellcheck disable=SC2086 # lists of names
{
	point "clang-format" clang-format --dry-run -Werror $sources
	point "shellcheck" shellcheck $scripts tests/live/helpers.bash
	point "python" python3 -B tests/lint/python.py $pythons
	point "cppcheck" cppcheck --quiet --error-exitcode=1 --inline-suppr -Iinclude -Ilib \
		--enable=warning,performance,portability --std=c11 --force \
		--suppress=missingIncludeSystem --suppress=nullPointerArithmetic lib cmd
	for page in man/*.[1-8]; do
		[ -f "$page" ] && point "mandoc -T lint $page" mandoc -T lint -W warning "$page"
	done
}

# Every file says its licence, but for texts, data and the licence itself.
bad=$(git ls-files 2>/dev/null |
	grep -vE '(^LICENSE$|\.md$|\.json$|^\.git|^\.clang|^tests/(fixtures|golden|fuzz/corpus)/|\.in$|\.map$)' |
	while read -r f; do
		head -5 "$f" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' || echo "$f"
	done)
n=$((n + 1))
if [ -z "$bad" ]; then
	echo "ok $n - every file has an SPDX line"
else
	failed=1
	echo "not ok $n - every file has an SPDX line"
	printf '%s\n' "$bad" | sed 's/^/# /'
fi
echo "1..$n"
exit $failed
