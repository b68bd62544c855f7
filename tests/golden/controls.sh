#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Controls of the tool itself: faults planted in a recording of a real kernel must be found, and the
# recording as it was must not show them. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${SAFEVMA:=build/safevma}"
source=tests/golden/recordings/deb61cloud
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0
pid=$(sed -n '1s/.*-p \([0-9]*\) .*/\1/p' tests/golden/cases/deb61cloud-maps.case)

ok() # NAME STATUS
{
	n=$((n + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $n - $1"
	else
		failed=1
		echo "not ok $n - $1"
	fi
}

# The page of a process that the faults are planted around: of a locked VMA, ordinary memory.
frames()
{
	"$SAFEVMA" frames --each -J -p "$pid" --root "$1" 2>/dev/null
}

maps()
{
	"$SAFEVMA" maps -J -p "$pid" --root "$1" 2>/dev/null
}

copy() # NAME
{
	cp -r "$source" "$work/$1"
	chmod -R u+w "$work/$1"
	echo "$work/$1"
}

page='first(.processes[0].runs[] | select(.kind == "anon" and .locked and .class == "anon" and
	.reach == "mapped" and .alias_perm == "rw" and .below.class == "anon"))'
read -r vaddr pfn vma below < <(frames "$source" |
	jq -r "$page | \"\(.vaddr) \(.pfn) \(.vma) \(.below.pfn)\"")
[ -n "$below" ]
ok "the recording has a locked ordinary page that is mapped rw, observed" $?

at() # QUERY, of the frame at vaddr
{
	jq -e --arg vaddr "$vaddr" "first(.processes[0].runs[] | select(.vaddr == \$vaddr)) | $1" \
		>/dev/null
}

in_vma() # QUERY
{
	jq -e --arg vma "$vma" "first(.processes[0].vmas[] | select(.start == \$vma)) | $1" >/dev/null
}

d=$(copy hole)
python3 tests/golden/plant.py hole "$d" "$pfn"
frames "$d" | at '.reach == "removed" and .basis == "observed" and .alias_perm == null'
ok "a planted hole is removed, observed" $?
removed='[.linear_map[] | select(.figure == "removed") | .number][0]'
before=$("$SAFEVMA" linear -J --root "$source" 2>/dev/null | jq "$removed")
after=$("$SAFEVMA" linear -J --root "$d" 2>/dev/null | jq "$removed")
[ "$after" -gt "$before" ]
ok "linear counts it" $?

d=$(copy alias)
python3 tests/golden/plant.py alias "$d" "$pfn"
frames "$d" | at '.reach == null and .basis == null and .reach_unknown_why != null'
ok "an entry that names another frame is unknown, and why is said" $?
"$SAFEVMA" linear --root "$d" >/dev/null 2>&1
[ $? -eq 3 ]
ok "linear is not complete then" $?

d=$(copy slab)
python3 tests/golden/plant.py slab "$d" "$below"
maps "$source" | in_vma '.edges.over.strong == 0'
ok "without the planted neighbour there is no edge" $?
maps "$d" | in_vma '.edges.over.strong == 1 and (.findings | index("slab-below") != null)'
ok "a planted slab neighbour is an edge and a finding" $?
"$SAFEVMA" adjacency -J -p "$pid" --root "$d" 2>/dev/null | jq -e --arg vaddr "$vaddr" \
	'.processes[0].edge_list[] | select(.vaddr == $vaddr and .direction == "over") |
	.source_class == "slab" and .effect == "silent"' >/dev/null
ok "adjacency names victim, source and effect" $?

d=$(copy unlock)
python3 tests/golden/plant.py unlock "$d" "$vma"
maps "$source" | in_vma '.unlocked_bytes == 0'
ok "the VMA is locked as it was recorded" $?
maps "$d" | in_vma '.unlocked_bytes == .resident_bytes and (.findings | index("unlocked") != null)'
ok "a lock that is taken away is found" $?
echo "1..$n"
exit $failed
