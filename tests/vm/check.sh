#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# check.sh BUILD [TIER]: the static recorder alone in guests with other kernels. What it streams out
# is analysed here and held against what the victim in the guest said of itself. Prints TAP.
#
# Which guests there are stands in tests/vm/guests; TIER takes those of one tier, VM those whose name
# fits a pattern. Each leaves its folder in BUILD/vm/NAME (see boot.sh) beside BUILD/vm/NAME.log.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=$1
tier=${2:-}
safevma=$build/safevma
work=$build/vm
n=0
failed=0
chosen=0

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

# What the table expects of the guest: the value behind a key, or another one.
expected() # KEY DEFAULT
{
	local word

	for word in $expectations; do
		if [ "${word%%=*}" = "$1" ]; then
			echo "${word#*=}"
			return
		fi
	done
	echo "$2"
}

# Sums of what each VMA of secretmem is said to reach, for jq.
secret_reach='[.processes[0].vmas[] | select(.kind == "secretmem")] |
	{ count: length, resident: (map(.resident_bytes) | add), removed: (map(.reach.removed_bytes) |
	add), mapped: (map(.reach.mapped_bytes) | add), unknown: (map(.reach.unknown_bytes) | add) }'

analyse_secretmem() # NAME MAPS VICTIM
{
	local name=$1 maps=$2 victim=$3

	case $(expected secretmem removed) in
	removed)
		jq -e "$secret_reach | .count > 0 and .removed == .resident and .mapped == 0" \
			"$maps" >/dev/null
		ok "$name: secretmem is removed from the linear map" $?
		;;
	unknown)
		jq -e "$secret_reach | .count > 0 and .unknown == .resident and .mapped == 0" \
			"$maps" >/dev/null
		ok "$name: secretmem is there, and its reach unknown" $?
		;;
	none)
		[ "$(jq "$secret_reach | .count" "$maps")" = 0 ]
		ok "$name: no secretmem is reported where there is none" $?
		skip "$name: reach of secretmem" \
			"$(jq -r 'select(.name == "secret") | .skipped // "the victim has some"' "$victim")"
		;;
	esac
}

# In HighMem lie the pages of all processes, but what the kernel needs at hand.
analyse_highmem() # NAME MAPS
{
	if [ "$(expected highmem no)" = yes ]; then
		jq -e '[.processes[0].vmas[] | select(.kind == "anon") | .reach.removed_bytes] | add > 0' \
			"$2" >/dev/null
		ok "$1: ordinary memory in HighMem is out of the linear map" $?
	fi
}

analyse_truth() # NAME STEM VICTIM
{
	python3 tests/live/truth.py "$3" --tool "$2.maps.json" "$2.frames.json" >"$2.truth"
	ok "$1: the victim's truth" $? "$2.truth"
	jq -e --arg guard "$(jq -r 'select(.name == "guard") | .start // ""' "$3")" \
		'[.processes[0].vmas[] | select(.start != $guard and .marker_bytes != 0)] |
		length == 0' "$2.maps.json" >/dev/null
	ok "$1: no page is taken for a marker but those of guard regions" $?
}

analyse_critical() # NAME RECORDING PID
{
	local why='(index("realtime") != null and index("secretmem") != null)'

	[ "$(expected secretmem removed)" != none ] || why='index("realtime") != null'
	"$safevma" ps -J --critical --root "$2" 2>/dev/null | jq -e --argjson pid "$3" \
		".processes[] | select(.pid == \$pid) | .policy == \"fifo\" and (.why_selected | $why)" \
		>/dev/null
	ok "$1: the real-time victim is critical" $?
}

# Sums over the victim's mappings of one sort of accounting, for jq.
sum_of='def sum(sort; what): [.processes[0].vmas[] | select(.accounting == sort) | what] | add // 0;'

# Nothing else runs in the guest: what the mappings promise is what the kernel counted.
analyse_commit() # NAME STEM ROOT PID
{
	local commit=$2.commit.json huge

	"$safevma" commit -J -p "$4" --root "$3" >"$commit" 2>"$2.commit.err"
	ok "$1: commit of the recording is complete" $? "$2.commit.err"
	jq -e '.budget.accounted_ratio | . != null and . >= 0.97 and . <= 1.03' "$commit" >/dev/null
	ok "$1: promises and shared memory are Committed_AS within 3 %" $? "$commit"
	jq -e '.budget | .commit_limit_bytes == .commit_limit_recomputed_bytes' "$commit" >/dev/null
	ok "$1: the commit limit follows from its formula" $? "$commit"
	if [ "$(expected secretmem removed)" = none ]; then
		jq -e '.budget.secretmem_bytes == 0' "$commit" >/dev/null
	else
		jq -e "$sum_of"' sum("secretmem"; .size_bytes) as $mapped | $mapped > 0 and
			sum("secretmem"; .promised_bytes) == 0 and
			.budget.secretmem_bytes >= $mapped and
			.budget.unaccounted_bytes >= .budget.secretmem_bytes' "$commit" >/dev/null
	fi
	ok "$1: secretmem is outside Committed_AS" $? "$commit"
	huge=$(jq "$sum_of"' sum("hugetlb"; .size_bytes)' "$commit")
	jq -e --argjson huge "$huge" "$sum_of"' sum("hugetlb"; .promised_bytes) == 0 and
		.budget.hugetlb_bytes >= $huge and
		.budget.unaccounted_bytes >= .budget.hugetlb_bytes' "$commit" >/dev/null
	ok "$1: huge pages are outside Committed_AS" $? "$commit"
	printf '# %s: accounted %s of Committed_AS %s; hugetlb mapped %s; secretmem %s\n' "$1" \
		"$(jq .budget.accounted_sum_bytes "$commit")" \
		"$(jq .budget.committed_as_bytes "$commit")" "$huge" \
		"$(jq .budget.secretmem_bytes "$commit")"
}

# States of its pages, and nothing unknown but what old kernels do not name.
analyse_states() # NAME STEM ROOT VICTIM PID
{
	"$safevma" locks -J -p "$5" --root "$3" >"$2.locks.json" 2>"$2.locks.err"
	"$safevma" locks -J --each -p "$5" --root "$3" >"$2.each.json" 2>"$2.each.err"
	jq -e '.processes[0].unknown - ["onfault", "hidden"] == [] and
		([.movers[] | select(. == null)] == []) and ([.stacks[] | select(.sp == null)] == [])' \
		"$2.locks.json" >/dev/null
	ok "$1: locks: nothing is unknown but what the kernel does not name" $? "$2.locks.err"
	python3 tests/live/locks.py "$2.locks.json" "$2.each.json" "$4" >"$2.locks.log"
	ok "$1: locks: states of the victim's pages" $? "$2.locks.log"
	printf '# %s: movers: %s\n' "$1" "$(jq -c .movers "$2.locks.json")"
}

# Its settings: what the configuration is said to tell is in it, and what was asked for at boot is on.
analyse_kernel() # NAME STEM ROOT
{
	local report=$2.kernel.json status

	"$safevma" kernel -J --root "$3" >"$report" 2>"$2.kernel.err"
	status=$?
	[ "$status" -eq "$(jq 'if any(.items[]; .state == "unknown") then 3 else 0 end' "$report")" ]
	ok "$1: kernel: what is unknown is in the exit status" $? "$2.kernel.err"
	if zcat "$3/proc/config.gz" >"$2.config" 2>/dev/null; then
		python3 tests/live/kernel.py config "$report" "$2.config" >"$2.kernel.log"
		ok "$1: kernel: rows are lines of the configuration" $? "$2.kernel.log"
	else
		jq -e 'all(.items[]; .how != "config")' "$report" >/dev/null
		ok "$1: kernel: without configuration no row rests on it" $?
	fi
	case "$(cat "$3/proc/cmdline@kernel")" in *debug_pagealloc=on*)
		jq -e '.items[] | select(.item == "debug-pagealloc") | .state == "on"' "$report" \
			>/dev/null
		ok "$1: kernel: debug_pagealloc=on is on" $? ;;
	esac
	printf '# %s: kernel: %s; %s\n' "$1" \
		"$(jq -c '[.items[].state] | group_by(.) | map({(.[0]): length}) | add' "$report")" \
		"$(jq -c '[.issues[] | {(.issue): .verdict}] | add' "$report")"
}

# One recording of the victim, and what the program says of it.
analyse() # NAME DIR RECORDING
{
	local name=$1 stem=$2/$3 root=$2/$3 victim=$2/victim.jsonl pid c

	pid=$(jq -r 'select(.ready).pid' "$victim")
	for c in maps frames; do
		"$safevma" "$c" -J -p "$pid" --root "$root" >"$stem.$c.json" 2>"$stem.$c.err"
		ok "$name: $c of the recording is complete" $? "$stem.$c.err"
	done
	analyse_truth "$name" "$stem" "$victim"
	analyse_secretmem "$name" "$stem.maps.json" "$victim"
	analyse_highmem "$name" "$stem.maps.json"
	"$safevma" doctor --reconcile -J -p "$pid" --root "$root" >"$stem.doctor.json" \
		2>"$stem.doctor.err"
	ok "$name: counts agree with meminfo, pagemap with smaps" $? "$stem.doctor.json"
	analyse_critical "$name" "$root" "$pid"
	analyse_commit "$name" "$stem" "$root" "$pid"
	analyse_kernel "$name" "$stem" "$root"
	analyse_states "$name" "$stem" "$root" "$victim" "$pid"
	"$safevma" frames -J -p "$pid" --root "$root" 2>/dev/null | cmp -s - "$stem.frames.json"
	ok "$name: a second replay is the same to the byte" $?
}

# What the victim expects of its pages, and at which of them it then met a fault.
analyse_locks() # NAME DIR
{
	local name=$1 stem=$2/recording pid want=0

	pid=$(jq -r 'select(.ready).pid' "$2/victim.jsonl")
	# Up to 6.1 it cannot be told whether absent locked pages are locked on fault.
	[ "$(expected onfault known)" = known ] || want=3
	"$safevma" locks -J -p "$pid" --root "$stem" >"$stem.locks.json" 2>"$stem.locks.err"
	[ $? -eq "$want" ]
	ok "$name: locks of the recording ends with $want" $? "$stem.locks.err"
	"$safevma" locks -J --each -p "$pid" --root "$stem" >"$stem.each.json" 2>"$stem.each.err"
	[ $? -eq "$want" ]
	ok "$name: so do its pages" $? "$stem.each.err"
	mkdir -p "$2/proc"
	cp "$stem/proc/$pid/status" "$2/proc/status"
	cp "$stem/proc/$pid/smaps@1" "$2/proc/smaps"
	cat "$2/victim.jsonl" "$2/victim.touched.jsonl" >"$2/locks.jsonl"
	python3 tests/live/locks.py "$stem.locks.json" "$stem.each.json" "$2/locks.jsonl" --faults \
		--proc "$2/proc" >"$stem.locks.log"
	ok "$name: states and faults are the victim's" $? "$stem.locks.log"
	grep -F '# SKIP' "$stem.locks.log" | sed "s/^/# $name: /"
	jq -e '[.processes[0].vmas[] | select(.swapped_bytes > 0)] | length > 0' \
		"$stem.locks.json" >/dev/null
	ok "$name: what is in swap is seen" $? "$stem.locks.log"
	[ "$(jq -r '.processes[0].vmas[] | select(.onfault != false and .lock != null) | .lock' \
		"$stem.locks.json" | sort -u)" = "$(expected onfault-word onfault)" ]
	ok "$name: locks on fault are called so, or may be" $? "$stem.locks.log"
	analyse_future "$@"
}

# After mlockall(MCL_CURRENT) what is new is not locked, with MCL_FUTURE it is.
analyse_future() # NAME DIR
{
	local which pid state

	for which in future current; do
		pid=$(jq -r 'select(.ready).pid' "$2/$which.jsonl")
		"$safevma" locks -J -p "$pid" --root "$2/$which" >"$2/$which.locks.json" \
			2>"$2/$which.locks.err"
		state=$(jq -r '.processes[0].future.state' "$2/$which.locks.json")
		[ "$which $state" = "future covered" ] || [ "$which $state" = "current partly" ]
		ok "$1 $which: what mlockall() covers" $? "$2/$which.locks.json"
		jq -e '.processes[0] | .flagged_bytes == .vm_locked_bytes' "$2/$which.locks.json" \
			>/dev/null
		ok "$1 $which: what is flagged is VmLck" $? "$2/$which.locks.json"
	done
	for which in recording future; do
		printf '# %s %s: secretmem: %s\n' "$1" "$which" "$(jq -c '.processes[0] | [(.vmas[] |
			select(.kind == "secretmem") | {lock, lock_flag}), .memlock.secretmem_rule]' \
			"$2/$which.locks.json")"
		jq -e '[.processes[0].vmas[] | select(.kind == "secretmem")] | length > 0 and
			all(.lock == "secretmem" and (.reasons - ["first-touch"]) == [])' \
			"$2/$which.locks.json" >/dev/null || [ "$(expected secretmem removed)" = none ]
		ok "$1 $which: secretmem is not blamed, with the flag or without" $? \
			"$2/$which.locks.json"
	done
}

# Every process of a guest can be read: nothing may be unknown, and nothing unexplained.
analyse_share() # NAME DIR
{
	local name=$1 stem=$2/recording pid child twin

	pid=$(jq -r 'select(.ready).pid' "$2/victim.jsonl")
	child=$(jq -r 'select(.child).child' "$2/victim.jsonl")
	twin=$(jq -r 'select(.child).twin' "$2/victim.jsonl")
	"$safevma" share -J --each -p "$pid" --root "$stem" >"$stem.share.json" 2>"$stem.share.err"
	ok "$name: share of the recording ends with 0" $? "$stem.share.err"
	python3 tests/live/share.py --recorded "$stem.share.json" "$pid" "$child" "$2/victim.jsonl" \
		>"$stem.share.log"
	ok "$name: pages in common are those that were made so" $? "$stem.share.log"
	grep -F skipped "$2/victim.jsonl" | sed "s/^/# $name: /"
	jq -e --arg twin "$twin" '.processes[0] | .same_memory == [$twin] and
		.unexplained_frames == 0 and .beyond_frames == 0 and
		.shared_pages == .shared_seen_pages and .bleeding_pages > 0' "$stem.share.json" >/dev/null
	ok "$name: all mappings of its frames were found" $? "$stem.share.json"
	jq -e --argjson twin "$twin" '[.processes[0].pairs[] | select(.other.pid == $twin)] == []' \
		"$stem.share.json" >/dev/null
	ok "$name: with its own memory it shares nothing" $?
	printf '# %s: %s\n' "$name" "$(jq -c '.processes[0] | del(.pairs)' "$stem.share.json")"
}

jobs_file()
{
	echo "tests/vm/jobs/$(expected jobs record)"
}

jobs_streams()
{
	awk '$1 == "victim" { print $2 ".jsonl" } $1 == "touch" { print $2 ".touched.jsonl" }
		$1 == "run" || $1 == "read" { print $2 }' \
		"$(jobs_file)"
}

# A figure of the linear map; -1 where it is not known.
figure() # LINEAR NAME
{
	jq --arg name "$2" '[.linear_map[] | select(.figure == $name) | .number][0] // -1' "$1"
}

# Every frame of RAM decided, by tables that a page of the observer's own confirms.
analyse_walk() # NAME LINEAR
{
	local name=$1 linear=$2

	jq -e '.complete and .coverage.total > 0 and .coverage.examined == .coverage.total' \
		"$linear" >/dev/null
	ok "$name: every frame of RAM is decided" $? "$linear"
	if [ "$(expected highmem no)" = no ]; then # where the observer's own page may lie
		[ "$(jq -r '.linear_map[] | select(.figure == "self-check") | .value' \
			"$linear")" = yes ]
		ok "$name: the self-check was made" $?
	fi
	[ "$(figure "$linear" levels)" = "$(expected levels "")" ]
	ok "$name: page tables of the levels expected" $?
	if [ "$(expected leaf "")" = 1G ]; then
		[ "$(figure "$linear" huge-entries)" -gt 0 ]
		ok "$name: the linear map has entries of 1 GiB" $?
	elif [ "$(figure "$linear" DirectMap4k)" -ge 0 ]; then
		[ $(($(figure "$linear" small-entries) + $(figure "$linear" large-entries))) -eq \
			$(($(figure "$linear" DirectMap4k) + $(figure "$linear" DirectMap2M))) ]
		ok "$name: sizes of entries add up to the kernel's own count" $? "$linear"
	fi
	# The root is read without a reference to it.
	[ "$(figure "$linear" tables-read)" -le $(($(figure "$linear" table-references) + 1)) ]
	ok "$name: no table is read twice" $?
	printf '# %s: %s tables read, %s references; %s for the victim with %s frames\n' "$name" \
		"$(figure "$linear" tables-read)" "$(figure "$linear" table-references)" \
		"$(jq '.processes[0].tables_read' "$linear")" \
		"$(jq '(.processes[0].resident_bytes // 0) / .host.page_size' "$linear")"
}

analyse_two_sources() # NAME LINEAR
{
	local frames

	if [ "$(expected jobs record)" != freed ]; then
		return
	fi
	frames=$(figure "$2" frames-compared)
	[ "$(figure "$2" frames-differing)" = 0 ] && [ "$frames" -gt 100000 ]
	ok "$1: walk and dump agree on every frame" $? "$2"
	printf '# %s: %s frames compared\n' "$1" "$frames"
	printf '# %s: %s frames changed meanwhile\n' "$1" "$(figure "$2" frames-changed)"
}

# Of frames of processes: all observed, secretmem removed, and where else it is mapped is known.
analyse_observed() # NAME MAPS
{
	jq -e '[.processes[].vmas[].reach | .basis.inferred_bytes + .basis.assumed_bytes] | add == 0' \
		"$2" >/dev/null || [ "$(expected highmem no)" = yes ]
	ok "$1: reach is observed" $? "$2"
	jq -e '[.processes[].vmas[] | select(.kind == "secretmem")] | all(.reach |
		.other_mapped_bytes != null and .other_unknown_bytes == 0)' "$2" >/dev/null
	ok "$1: further mappings of secretmem are known" $? "$2"
	printf '# %s: secretmem mapped elsewhere: %s bytes\n' "$1" "$(jq '[.processes[].vmas[] |
		select(.kind == "secretmem") | .reach.other_mapped_bytes] | add' "$2")"
}

analyse_reach() # NAME DIR STREAM PID
{
	local stem=$2/${3%.tar} both=auto

	case $3 in
	*.tar) ;;
	*) return ;;
	esac
	[ "$(expected jobs record)" != freed ] || both=both
	"$safevma" linear -J --page-tables "$both" -p "$4" --root "$stem" >"$stem.linear.json" \
		2>"$stem.linear.err"
	if [ "$(expected kcore yes)" != yes ]; then
		jq -e '[.processes[].vmas[].reach.basis.observed_bytes] | add == 0' \
			"$stem.maps.json" >/dev/null
		ok "$1: nothing is said to be observed" $? "$stem.maps.json"
		jq -e '.complete == false and ([.gaps[] | select(.interface == "kcore")] | length) > 0' \
			"$stem.linear.json" >/dev/null
		ok "$1: why the page tables are not seen is said" $? "$stem.linear.json"
		return
	fi
	analyse_walk "$1" "$stem.linear.json"
	analyse_two_sources "$1" "$stem.linear.json"
	analyse_observed "$1" "$stem.maps.json"
}

# The verdict on a claim.
verdict() # PROBE CLAIM
{
	jq -r --arg id "$2" '[.claims[] | select(.claim == $id) | .verdict][0]' "$1"
}

# The ledger: settled by experiments, and where page tables are seen, by those.
analyse_probe() # NAME DIR
{
	local out=$2/probe.json alias one

	"$safevma" probe -J --root "$2/probe" >"$out" 2>"$2/probe.err"
	jq -e '[.claims[] | select(.verdict == "error")] | length == 0' "$out" >/dev/null
	ok "$1: no experiment went wrong" $? "$2/probe.err"
	jq -e '[.claims[] | select(.verdict == "pass" or .verdict == "fail")] | length >= 20' "$out" \
		>/dev/null
	ok "$1: experiments settle claims" $? "$2/probe.err"
	jq -e '.claims | length >= 30 and all(.observed != null and .observed != "")' "$out" >/dev/null
	ok "$1: each claim has what was observed" $? "$2/probe.err"
	printf '# %s: claims: %s\n' "$1" "$(jq -r '[.claims[].verdict] | group_by(.) |
		map("\(length) \(.[0])") | join(", ")' "$out")"
	alias=$(verdict "$out" linear-alias)
	one=$(verdict "$out" secretmem-one-mapping)
	printf '# %s: secretmem-one-mapping: %s\n' "$1" \
		"$(jq -r '.claims[] | select(.claim == "secretmem-one-mapping") | .observed' "$out")"
	if [ "$(expected kcore yes)" != yes ]; then
		[ "$alias" = unknown ] && [ "$one" = unknown ]
		ok "$1: what takes kcore is unknown" $?
		return
	fi
	if [ "$(expected highmem no)" = no ]; then
		[ "$alias" = pass ]
		ok "$1: a marker of ours is readable at its linear address" $?
	fi
	if [ "$(expected secretmem removed)" = removed ]; then
		[ "$(verdict "$out" secretmem-removed)" = pass ] || [ "$(expected highmem no)" = yes ]
		ok "$1: secretmem is not" $?
	fi
}

# Exposure of the idle machine and of the fragmented one: each as an independent count has it, and
# far apart.
analyse_exposure() # NAME DIR
{
	local name=$1 stem state idle fragmented

	for state in recording fragmented; do
		stem=$2/$state
		"$safevma" adjacency -J -a --root "$stem" >"$stem.adjacency.json" 2>"$stem.adjacency.err"
		python3 tests/live/exposure.py "$stem" <"$stem.adjacency.json" >"$stem.exposure.log"
		ok "$name $state: exposure is what an independent count gives" $? "$stem.exposure.log"
	done
	idle=$(python3 tests/live/exposure.py --figures <"$2/recording.adjacency.json")
	fragmented=$(python3 tests/live/exposure.py --figures <"$2/fragmented.adjacency.json")
	printf '# %s: lift, mixed frames, share of over-edges: idle %s, fragmented %s\n' "$name" \
		"$idle" "$fragmented"
	awk -v a="$idle" -v b="$fragmented" 'BEGIN { split(a, i); split(b, f)
		exit !(f[1] > 3 * i[1] && f[2] > 10 * i[2] + 1000 && f[3] > 10 * i[3]) }'
	ok "$name: fragmentation shows in lift and mixing" $? "$2/fragmented.adjacency.err"
}

# Totals by flag: what page-types makes of the very words that were recorded, to the frame; and what
# it made of the idle machine before and after, but for the memory of the two programs.
analyse_phys() # NAME DIR
{
	local phys=$2/phys.json words=$2/words

	"$safevma" phys -J --root "$2/recording" >"$phys" 2>"$2/phys.err"
	ok "$1: phys of the recording is complete" $? "$2/phys.err"
	python3 tests/live/phys.py unpack "$2/recording" "$words"
	"$build/bench/page-types" --raw -F "$words" >"$2/same.txt"
	python3 tests/live/phys.py types "$phys" "$2/same.txt" >"$2/phys.log"
	ok "$1: totals by flag are those of page-types" $? "$2/phys.log"
	sed "s/^/# $1: /" "$2/phys.log"
	python3 tests/live/phys.py types "$phys" "$2/before.txt" "$2/after.txt" >"$2/phys.log"
	ok "$1: and those of its own look at the idle machine" $? "$2/phys.log"
	sed "s/^/# $1: /" "$2/phys.log"
	python3 tests/live/phys.py words "$phys" "$2/recording" >"$2/phys.log"
	ok "$1: cells, classes and flags are what an independent count gives" $? "$2/phys.log"
	sed "s/^/# $1: /" "$2/phys.log"
}

# A verdict over a recorded time: the loop settled, and moved by the kernel. What moved is in its
# count of migrated pages, too.
analyse_watch() # NAME DIR STREAM PID
{
	local stem=$2/${3%.tar} status=0

	"$safevma" watch -J -p "$4" --expect-settled --root "$stem" >"$stem.watch.json" \
		2>"$stem.watch.err" || status=$?
	if [ "$3" = settled.tar ]; then
		[ "$status" -eq 0 ]
		ok "$1: a settled process passes" $? "$stem.watch.json"
		return
	fi
	[ "$status" -eq 2 ] && jq -e '.settled.verdict == "fail" and
		(.processes[0].reason | startswith("page-moved"))' "$stem.watch.json" >/dev/null
	ok "$1: moved pages are the culprit" $? "$stem.watch.json"
	jq -e '.processes[0] as $p | $p.pages_moved > 0 and
		$p.pages_moved <= .settled.pgmigrate_success and
		([$p.changes[] | select(.what == "page-moved").pages] | add) == $p.pages_moved and
		all($p.changes[] | select(.what == "page-moved" and .before != null);
			.before != .after)' "$stem.watch.json" >/dev/null
	ok "$1: each with its frame before and after, within the kernel's count" $? \
		"$stem.watch.json"
	printf '# %s: %s of %s pages moved, the kernel migrated %s\n' "$1" \
		"$(jq '.processes[0].pages_moved' "$stem.watch.json")" \
		"$(jq '.processes[0].pages_watched' "$stem.watch.json")" \
		"$(jq '.settled.pgmigrate_success' "$stem.watch.json")"
}

# What was said to fit, against what then happened.
analyse_fit() # NAME DIR
{
	local line

	python3 tests/vm/fit.py "$safevma" "$2" >"$2/fit.log" 2>"$2/fit.err"
	ok "$1: predictions were compared" $? "$2/fit.err"
	while read -r line; do
		echo "${line#*ok }" >"$2/fit.one"
		ok "$1: ${line#*ok }" "$([ "${line%% *}" = ok ] && echo 0 || echo 1)" "$2/fit.one"
	done <"$2/fit.log"
}

# The lines that a comparison prints: "ok TEXT", "not ok TEXT", "# TEXT".
compare_by() # NAME DIR PROGRAM ARGUMENT...
{
	local line name=$1 stem=$2/$3

	python3 "tests/vm/$3" "$2" "${@:4}" >"$stem.log" 2>"$stem.err"
	while read -r line; do
		case $line in
		'#'*) echo "# $name: ${line#\# }" ;;
		*)
			echo "${line#*ok }" >"$stem.one"
			ok "$name: ${line#*ok }" "$([ "${line%% *}" = ok ] && echo 0 || echo 1)" \
				"$stem.one"
			;;
		esac
	done <"$stem.log"
	[ ! -s "$stem.err" ] && [ -s "$stem.log" ]
	ok "$name: the comparison went through" $? "$stem.err"
}

# Frames by their struct pages, against page_owner where it is on, and against the counts of slabs.
analyse_structpages() # NAME DIR
{
	local pid stem=$2/recording

	pid=$(jq -r 'select(.ready).pid' "$2/victim.jsonl")
	"$safevma" adjacency -J --without page_owner -p "$pid" --root "$stem" \
		>"$stem.adjacency.json" 2>"$stem.adjacency.err"
	ok "$1: adjacency of the recording is complete" $? "$stem.adjacency.err"
	compare_by "$1" "$2" structpages.py
}

# Slab that filled the holes of locked memory and left again, in figures of slab and adjacency.
analyse_slabstress() # NAME DIR
{
	local state pid

	pid=$(jq -r 'select(.ready).pid' "$2/stress.jsonl")
	for state in before during after; do
		"$safevma" slab -J --root "$2/$state" >"$2/$state.slab.json" 2>"$2/$state.slab.err"
		ok "$1 $state: slab of the recording is complete" $? "$2/$state.slab.err"
		"$safevma" adjacency -J -p "$pid" --root "$2/$state" >"$2/$state.adjacency.json" \
			2>"$2/$state.adjacency.err"
		ok "$1 $state: adjacency of the recording is complete" $? "$2/$state.adjacency.err"
		python3 tests/live/exposure.py "$2/$state" <"$2/$state.adjacency.json" \
			>"$2/$state.exposure.log"
		ok "$1 $state: exposure is what an independent count gives" $? \
			"$2/$state.exposure.log"
	done
	compare_by "$1" "$2" slabstress.py
}

# Every stream of a guest.
analyse_streams() # NAME DIR
{
	local stream status rest want whole

	jobs_streams | cmp -s - <(cut -d ' ' -f 1 "$2/streams")
	ok "$1: every job was done" $? "$2/console.log"
	case $(expected jobs record) in
	fit-*)
		analyse_fit "$1" "$2"
		return
		;;
	structpages)
		analyse_structpages "$1" "$2"
		return
		;;
	slabstress)
		analyse_slabstress "$1" "$2"
		return
		;;
	slabs)
		compare_by "$1" "$2" slabs.py "$safevma"
		return
		;;
	esac
	while read -r stream status rest; do
		want=0 whole=$1
		case $stream in
		*.tar) want=$(expected status 0) ;;
		esac
		[ "$stream" = recording.tar ] || whole="$1 ${stream%.tar}"
		[ "$status" -eq "$want" ]
		ok "$whole: status $want ($rest bytes)" $? "$2/console.log"
		case $(expected jobs record) in locks | share) continue ;; esac
		case $stream in
		probe.tar)
			analyse_probe "$1" "$2"
			continue
			;;
		settled.tar | moved.tar)
			analyse_watch "$whole" "$2" "$stream" \
				"$(jq -r 'select(.ready).pid' "$2/victim.jsonl")"
			continue
			;;
		*.tar) analyse "$whole" "$2" "${stream%.tar}" ;;
		esac
		analyse_reach "$whole" "$2" "$stream" \
			"$(jq -r 'select(.ready).pid' "$2/victim.jsonl")"
	done <"$2/streams"
	[ "$(expected jobs record)" != locks ] || analyse_locks "$1" "$2"
	[ "$(expected jobs record)" != share ] || analyse_share "$1" "$2"
	[ "$(expected jobs record)" != fragmented ] || analyse_exposure "$1" "$2"
	[ "$(expected jobs record)" != phys ] || analyse_phys "$1" "$2"
}

programs_of() # ARCH
{
	case $(uname -m):$1 in
	x86_64:x86_64 | aarch64:arm64 | riscv64:riscv64) echo "$build" ;;
	*) echo "$build/cross/$1" ;;
	esac
}

boot() # NAME KERNEL ARCH CPU MEM APPEND
{
	local kernel where extra=

	read -r where kernel <<<"$2"
	case $where in
	stock) kernel=$(tests/vm/kernel.sh stock "${kernel%% *}" "$3" "${kernel#* }") || return ;;
	own) kernel=$(tests/vm/kernel.sh own "$kernel" "$3") || return ;;
	esac
	case $(expected jobs record) in
	fit-*) export TIMEOUT=${TIMEOUT:-900} ;; # a dozen recordings
	structpages | slabs | slabstress) extra=$(programs_of "$3")/tests/vm-extra ;;
	phys)
		tests/bench/page-types.sh "$build/bench/page-types" || return
		mkdir -p "$work/extra"
		cp "$build/bench/page-types" "$work/extra/"
		extra=$work/extra
		;;
	esac
	EXTRA=$extra DISK=$(expected disk "") CPU=$4 MEM=$5 APPEND=$6 JOBS=$(jobs_file) tests/vm/boot.sh "$3" "$kernel" "$(programs_of "$3")" "$work/$1"
}

guest() # NAME KERNEL ARCH CPU MEM APPEND
{
	local name=$1 status said began=$SECONDS

	rm -rf "${work:?}/$name"
	mkdir -p "$work"
	boot "$@" >"$work/$name.log" 2>&1
	status=$?
	said="$name: $((SECONDS - began)) s: $(tail -n 1 "$work/$name.log")"
	echo "# $said"
	echo "$said" >&2
	if [ "$status" -eq 77 ]; then
		skip "$name: the guest" "$(tail -n 1 "$work/$name.log")"
		return
	fi
	ok "$name: the guest did its jobs and left" "$status" "$work/$name.log"
	sed -n 's/^safevma-vm: failed/# failed:/p' "$work/$name/console.log" 2>/dev/null
	[ "$status" -ne 0 ] || analyse_streams "$name" "$work/$name"
}

trim()
{
	read -r REPLY <<<"$1"
	echo "$REPLY"
}

while IFS='|' read -r name in_tier kernel arch cpu mem append expectations; do
	name=$(trim "$name")
	# shellcheck disable=SC2053 # VM is a pattern
	if [[ -z $name || $name == \#* || $name != ${VM:-*} ]] ||
		[ "${tier:-$(trim "$in_tier")}" != "$(trim "$in_tier")" ]; then
		continue
	fi
	chosen=$((chosen + 1))
	guest "$name" "$(trim "$kernel")" "$(trim "$arch")" "$(trim "$cpu")" "$(trim "$mem")" \
		"$(trim "$append")" </dev/null
done <tests/vm/guests
[ "$chosen" -gt 0 ] || ok "no guest is called ${VM:-}" 1
echo "1..$n"
exit $failed
