#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# check.sh BUILD: the static recorder alone in guests with other kernels. What it streams out is
# analysed here and held against what the victim in the guest said of itself. Prints TAP.
#
# The stock Debian 6.1 kernel is fetched through apt. Further images are taken from the folder named
# by SAFEVMA_KERNELS (bzImage-*), when there is one.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=$1
safevma=$build/safevma
work=$build/vm
n=0
failed=0

ok() # NAME STATUS [FILE-WITH-WHY]
{
	n=$((n + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $n - $1"
		return
	fi
	failed=1
	echo "not ok $n - $1"
	[ -z "${3:-}" ] || tail -30 "$3" | sed 's/^/# /'
}

skip() # NAME WHY
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

analyse() # NAME DIR
{
	local name=$1 d=$2 pid c

	pid=$(jq -r 'select(.ready).pid' "$d/victim.jsonl")
	for c in maps frames; do
		"$safevma" "$c" -J -p "$pid" --root "$d/recording" >"$d/$c.json" 2>"$d/$c.err"
		ok "$name: $c of the recording is complete" $? "$d/$c.err"
	done
	python3 tests/live/truth.py "$d/victim.jsonl" --tool "$d/maps.json" "$d/frames.json" >"$d/truth"
	ok "$name: the victim's truth" $? "$d/truth"
	jq -e --arg guard "$(jq -r 'select(.name == "guard") | .start // ""' "$d/victim.jsonl")" \
		'[.processes[0].vmas[] | select(.start != $guard and .marker_bytes != 0)] |
		length == 0' "$d/maps.json" >/dev/null
	ok "$name: no page is taken for a marker but those of guard regions" $?
	jq -e '[.processes[0].vmas[] | select(.kind == "secretmem")] | length > 0 and
		all(.reach.removed_bytes == .resident_bytes and .reach.mapped_bytes == 0)' \
		"$d/maps.json" >/dev/null
	ok "$name: secretmem is removed from the linear map" $?
	"$safevma" doctor --reconcile -J -p "$pid" --root "$d/recording" >"$d/doctor.json" 2>"$d/doctor.err"
	ok "$name: counts agree with meminfo, pagemap with smaps" $? "$d/doctor.json"
	"$safevma" ps -J --critical --root "$d/recording" 2>/dev/null |
		jq -e --argjson pid "$pid" '.processes[] | select(.pid == $pid) |
			.policy == "fifo" and (.why_selected | index("realtime") != null and
			index("secretmem") != null)' >/dev/null
	ok "$name: the real-time victim is critical" $?
	"$safevma" frames -J -p "$pid" --root "$d/recording" 2>/dev/null | cmp -s - "$d/frames.json"
	ok "$name: a second replay is the same to the byte" $?
}

guest() # NAME [KERNEL]
{
	local name=$1 d=$work/$1 status

	rm -rf "$d"
	mkdir -p "$work"
	KERNEL=${2:-} tests/vm/boot.sh "$build/safevma-recorder" "$build/tests/victim-static" "$d" \
		>"$work/$name.log" 2>&1
	status=$?
	if [ "$status" -eq 77 ]; then
		skip "$name: the guest" "$(tail -1 "$work/$name.log")"
		return
	fi
	ok "$name: the recorder, alone in the guest, streamed a recording out" "$status" "$work/$name.log"
	[ "$status" -ne 0 ] || analyse "$name" "$d"
}

guest stock-6.1
kernels=${SAFEVMA_KERNELS:-../shared/kernels}
for image in "$kernels"/bzImage-*; do
	[ -f "$image" ] && guest "$(basename "$image")" "$image"
done
echo "1..$n"
exit $failed
