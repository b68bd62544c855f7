#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# demo.sh SAFEVMA VICTIM: starts a small safety process with good and bad memory and shows what
# safevma says of it, region by region, a sentence for each finding.
set -eu

safevma=$1 victim=$2
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

declare -A what=(
	[locked]='memory that was locked and touched before the loop began'
	[unlocked]='memory that was touched and never locked'
	[reserved]='memory that was asked for and never touched'
	[onfault]='memory locked with MLOCK_ONFAULT, half of it touched'
	[cow]='locked memory, after a fork whose child still lives'
	[secret]='memory from memfd_secret, half of it touched'
	[huge]='memory in a huge page'
)
regions=locked,unlocked,reserved,onfault,cow,secret,huge

"$victim" --only "$regions" --stay >"$dir/truth" 2>"$dir/complaints" &
pid=$!
for _ in $(seq 100); do
	grep -q '"ready"' "$dir/truth" && break
	sleep 0.1
done
grep -q '"ready"' "$dir/truth" || {
	cat "$dir/complaints" >&2
	echo "demo: the safety process did not start" >&2
	exit 1
}
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null || true; rm -rf "$dir"' EXIT

status=0
"$safevma" maps -J -p "$pid" >"$dir/maps" || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"

size() # bytes, or "unknown"
{
	if [ "$1" = null ]; then
		echo unknown
	else
		numfmt --to=iec "$1"
	fi
}

interval() # STRONG UNCLASSIFIED
{
	if [ "$1" = null ]; then
		echo unknown
	else
		echo "$1 to $(($1 + $2)) frames"
	fi
}

echo "A safety process (pid $pid), and what  safevma maps -p $pid  says of its memory"
jq -c 'select(.name and .start)' "$dir/truth" | while read -r region; do
	name=$(jq -r .name <<<"$region")
	start=$(jq -r .start <<<"$region")
	row=$(jq -c --arg at "$start" \
		'.processes[0].vmas[] | select(.start == $at)' "$dir/maps")
	[ -n "$row" ] || continue
	IFS=' ' read -r all resident locked mapped removed over perhaps basis < <(jq -r '[.size_bytes,
		.resident_bytes, .locked_bytes, .reach.mapped_bytes, .reach.removed_bytes,
		.edges.over.strong, .edges.over.unclassified,
		if .reach.basis.observed_bytes == .resident_bytes then "observed" else "inferred" end] |
		map(tostring) | join(" ")' <<<"$row")
	printf '\n%s: %s\n' "$name" "${what[$name]:-}"
	printf '  %s, resident %s, locked %s; linear map reaches %s, removed %s; kernel memory below: %s\n' \
		"$(size "$all")" "$(size "$resident")" "$(size "$locked")" "$(size "$mapped")" \
		"$(size "$removed")" \
		"$(interval "$over" "$perhaps")"
	findings=$(jq -r '.findings[]' <<<"$row")
	for finding in $findings; do
		"$safevma" explain "$finding" | sed -n "1s/^$finding (finding): /  $finding: /p"
	done
	[ -n "$findings" ] || echo '  nothing found that would let it fault or be reclaimed'
	[ "$removed" = null ] || [ "$removed" = 0 ] ||
		echo "  removed: an overrun of kernel memory faults here instead of landing ($basis)"
done

jq -r '.gaps[] | select(.kind != "unsupported") | "\ngap: \(.interface): \(.reason)"' "$dir/maps"
cat <<END

See more:
  $safevma frames -p PID       each page, its frame, and what lies beside it
  $safevma adjacency -p PID    the frames with kernel memory right beside them
  $safevma linear              what of RAM the kernel can write, and what it cannot reach
  $safevma doctor              what can be seen on this machine, and what not
END
