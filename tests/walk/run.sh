#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Walks of kernel page tables against machines whose truth is known: every combination of
# architecture, levels, granule, sizes and leaves, and every way of being broken; WALK_SEEDS seeds
# each, from WALK_FIRST on. Prints TAP. Without `safevma linear` only the generator is checked.
#	run.sh WORK-DIR
set -u
: "${SAFEVMA:=build/safevma}" "${WALK_SEEDS:=1}" "${WALK_FIRST:=1}"
here=$(dirname "$0")
work=$1
rm -rf "$work"
mkdir -p "$work" || exit 1

n=0
failed=0
walks=no
"$SAFEVMA" linear --help >/dev/null 2>&1 && walks=yes

point() # STATUS NAME [FILE]
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		head -20 "${3:-/dev/null}" | sed 's/^/# /'
	fi
}

# The tool's own exit status is no matter here: 3 says that something is unknown.
walk() # NAME DIR
{
	if [ "$walks" = no ]; then
		point 0 "walk $1 # SKIP the program has no command 'linear' yet"
		return
	fi
	"$SAFEVMA" linear -J --map --root "$2" >"$work/tool.json" 2>"$work/tool.err"
	status=$?
	if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
		echo "exit status $status" >>"$work/tool.err"
		point 1 "walk $1" "$work/tool.err"
		return
	fi
	python3 "$here/compare.py" "$2/truth.json" "$work/tool.json" 2>"$work/compare.err"
	point $? "walk $1" "$work/compare.err"
}

# A machine that does not come out right is kept, to be looked at.
try() # OPTION...
{
	seed=$WALK_FIRST
	while [ "$seed" -lt $((WALK_FIRST + WALK_SEEDS)) ]; do
		name="seed $seed $*"
		dir="$work/$(printf '%s' "$name" | tr -c 'a-zA-Z0-9\n' '_')"
		before=$failed
		failed=0
		if python3 "$here/generate.py" "$seed" "$dir" "$@" 2>"$work/generate.err"; then
			walk "$name" "$dir"
		else
			point 1 "make $name" "$work/generate.err"
		fi
		if [ "$failed" -eq 0 ]; then
			rm -rf "$dir"
			failed=$before
		fi
		seed=$((seed + 1))
	done
}

# That the judge sees what is wrong.
for arch in x86_64 i386 arm64 riscv64; do
	python3 "$here/generate.py" 1 "$work/$arch" --arch $arch 2>"$work/generate.err" ||
		point 1 "make $arch" "$work/generate.err"
done
python3 "$here/test_compare.py" "$work/x86_64" "$work/i386" "$work/arm64" "$work/riscv64" \
	>"$work/judge" 2>&1
point $? "compare.py sees each kind of difference" "$work/judge"
rm -rf "$work/x86_64" "$work/i386" "$work/arm64" "$work/riscv64"

for leaf in page block huge; do
	for sme in 0 47; do
		try --arch x86_64 --levels 4 --leaf $leaf --sme $sme
		try --arch x86_64 --levels 5 --leaf $leaf --sme $sme
	done
	for levels in 3 4 5; do
		try --arch riscv64 --levels $levels --leaf $leaf
	done
done
for leaf in page block; do
	try --arch i386 --leaf $leaf
	for sizes in "4K 39 39" "4K 48 48" "4K 52 52" "4K 48 52" "16K 47 47" "16K 48 48" \
		"16K 52 52" "16K 47 52" "64K 42 42" "64K 48 48" "64K 52 52" "64K 48 52"; do
		# shellcheck disable=SC2086 # three words
		set -- $sizes
		try --arch arm64 --granule "$1" --va-bits "$2" --build-bits "$3" --leaf $leaf
	done
done
for va in 39 48 52; do
	try --arch arm64 --granule 4K --va-bits $va --leaf huge
done

for kind in $(python3 "$here/generate.py" --list-broken); do
	for arch in x86_64 arm64 riscv64 i386; do
		[ "$kind $arch" = "root-disagrees i386" ] || try --arch $arch --broken "$kind"
	done
done
echo "1..$n"
exit $failed
