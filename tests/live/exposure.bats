#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Exposure of the machine, and the reverse question, against an independent count.

load helpers

adjacency() # ARG...: JSON in $json, exit status in $status
{
	json=$BATS_TEST_TMPDIR/adjacency.json
	"$SAFEVMA" adjacency -J "$@" >"$json" 2>"$BATS_TEST_TMPDIR/gaps" && status=0 || status=$?
}

owners() # PFN[,N]: JSON of frames --pfn in $json
{
	json=$BATS_TEST_TMPDIR/owners.json
	"$SAFEVMA" frames -J --pfn "$1" >"$json" 2>"$BATS_TEST_TMPDIR/gaps" || true
}

value() # FILTER
{
	jq -r "$1" "$json"
}

# pfn_of PID NAME: frame of the first present page of the VMA whose line of maps holds NAME.
pfn_of()
{
	python3 - "$1" "$2" <<-'END'
		import struct, sys
		pid, name = sys.argv[1:]
		with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb") as pagemap:
		    for line in maps:
		        if name not in line:
		            continue
		        start, end = (int(x, 16) // 4096 for x in line.split()[0].split("-"))
		        pagemap.seek(start * 8)
		        for (word,) in struct.iter_unpack("<Q", pagemap.read((end - start) * 8)):
		            if word >> 63:
		                print(word & (1 << 55) - 1)
		                sys.exit()
		sys.exit(1)
	END
}

# first_frame BIT: the first frame whose word of kpageflags has it.
first_frame()
{
	python3 - "$1" <<-'END'
		import array, sys
		at = 0
		with open("/proc/kpageflags", "rb", buffering=0) as f:
		    while data := f.read(1 << 19):
		        for i, word in enumerate(array.array("Q", data)):
		            if word >> int(sys.argv[1]) & 1:
		                print(at + i)
		                sys.exit()
		        at += len(data) // 8
	END
}

@test "every figure is what an independent count of the same words gives" {
	need_root
	[ -z "${SANITIZED:-}" ] || skip "counted once is enough: minutes under sanitizers"
	start_victim
	adjacency -p "$victim" --record "$BATS_TEST_TMPDIR/recording"
	[ "$status" -eq 0 ]
	run python3 tests/live/exposure.py "$BATS_TEST_TMPDIR/recording" <"$json"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "what must add up does, for all processes" {
	need_root
	adjacency -a
	run python3 tests/live/exposure.py --sums <"$json"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the machine's slab is about what meminfo says" {
	need_root
	adjacency -p $$
	slab=$(awk '$1 == "Slab:" { print $2 / 4 }' /proc/meminfo)
	strong=$(value .system.strong_sources)
	# Large kmalloc is strong here and counted elsewhere there.
	awk -v a="$strong" -v b="$slab" 'BEGIN { exit !(a > b * 0.9 && a < b * 1.2 + 20000) }'
}

@test "a sample says so, and its interval holds the share of the whole" {
	need_root
	adjacency -p $$
	whole=$(value .system.over_share)
	adjacency -p $$ --sample 30
	[ "$status" -eq 0 ]
	[ "$(value .system.sample.made)" = true ]
	[ "$(value '.processes[0].mixed_block_frames')" = null ]
	[ "$(value '.gaps | map(select(.reason | test("--sample"))) | length')" -eq 1 ]
	awk -v x="$whole" -v low="$(value .system.over_share_low)" \
		-v high="$(value .system.over_share_high)" 'BEGIN { exit !(low <= x && x <= high) }'
}

@test "without privilege nothing of the machine is made up" {
	private_copy
	run --separate-stderr as_nobody "$tool" adjacency -J -p $$
	[ "$status" -eq 3 ]
	json=$BATS_TEST_TMPDIR/nobody.json
	echo "$output" >"$json"
	[ "$(value .system.frames)" = null ]
	[ "$(value .system.lift)" = null ]
	[ "$(value '.zones + .mixing | length')" -eq 0 ]
}

@test "a frame that three processes map is found in all of them" {
	need_root
	start python3 -c "
import mmap, os, signal
m = mmap.mmap(-1, 4096)
m[0] = 1
for _ in range(2):
    if not os.fork():
        m[0]
        break
signal.pause()"
	settle "$started"
	children=$(pgrep -P "$started")
	to_end="$to_end $children"
	owners "$(pfn_of "$started" '/dev/zero')"
	[ "$(value '.frames[0].class')" = shmem ]
	[ "$(value '.frames[0].mapcount')" -eq 3 ]
	[ "$(value '.frames[0].mappings_unexplained')" -eq 0 ]
	[ "$(value '[.frames[0].mappings[].pid] | sort | join(" ")')" = \
		"$(printf '%s\n' "$started" $children | sort -n | xargs)" ]
}

@test "each line of NDJSON says once which frame and which process it is of" {
	need_root
	"$SAFEVMA" frames --ndjson --pfn "$(pfn_of $$ bash),2" 2>/dev/null >"$BATS_TEST_TMPDIR/lines" ||
		true
	run grep -c '"record":"mappings"' "$BATS_TEST_TMPDIR/lines"
	[ "$output" -gt 0 ]
	run tests/lint/schema.py --ndjson "$BATS_TEST_TMPDIR/lines" \
		share/schema/safevma.frames-pfn.json
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a frame of the slab allocator is of no process" {
	need_root
	for _ in 1 2 3; do
		owners "$(first_frame 7)"
		[ "$(value '.frames[0].class')" != slab ] || break
	done
	[ "$(value '.frames[0].class')" = slab ]
	[ "$(value '.frames[0].mixed_block')" = true ]
	[ "$(value '.frames[0].mappings | length')" -eq 0 ]
	[ "$(value '.frames[0].reach')" = mapped ]
}

@test "a hole is no memory" {
	need_root
	pfn=$(first_frame 20)
	[ -n "$pfn" ] || skip "this machine's memory has no hole"
	owners "$pfn"
	[ "$(value '.frames[0].class')" = nopage ]
	[ "$(value '.frames[0].reach')" = null ]
	[ "$(value '.frames[0].place')" != memory ]
}

@test "a frame of secretmem names who maps it, and is out of the linear map" {
	need_root
	start_victim --only secret
	pfn=$(pfn_of "$victim" '/secretmem (deleted)') || skip "no secretmem here"
	owners "$pfn"
	[ "$(value '.frames[0].mappings[0].pid')" -eq "$victim" ]
	[ "$(value '.frames[0].mappings[0].kind')" = secretmem ]
	[ "$(value '.frames[0].reach')" = removed ]
}

@test "a number past the end is said to be" {
	need_root
	owners 0xfffffffff,2
	[ "$(value '[.frames[].place] | join(" ")')" = "beyond beyond" ]
	[ "$(value '.frames[1].class')" = nopage ]
	[ "$(value '.frames[1].reach')" = null ]
	[ "$(value '.frames[1] | [.mapcount, .mixed_block, .distance] | all(. == null)')" = true ]
}

@test "a number with zeros before it is decimal all the same" {
	owners 010
	[ "$(value '.frames[0].pfn')" = 0xa ]
}

@test "frames that nobody may see are not made up" {
	private_copy
	run --separate-stderr as_nobody "$tool" frames -J --pfn 0x1000
	[ "$status" -eq 3 ]
	json=$BATS_TEST_TMPDIR/nobody.json
	echo "$output" >"$json"
	[ "$(value '.frames[0].class')" = null ]
	[ "$(value '.frames[0].mapcount')" = null ]
	[ "$(value '.frames[0].mappings_found')" = null ]
	[ "$(value '.frames[0].reach')" = null ]
}

@test "what is no frame number, no share, no selection beside it is refused" {
	for wrong in x 0x 1x 5, 5,0 5,-1 -5 0x10000000000000 5,2000000 5,0x2 '' ' 5'; do
		run "$SAFEVMA" frames --pfn "$wrong"
		[ "$status" -eq 64 ]
		[[ $output == *"--pfn takes a frame number"* ]]
	done
	for wrong in 0 100 x 5% -1 ''; do
		run "$SAFEVMA" adjacency --sample "$wrong"
		[ "$status" -eq 64 ]
		[[ $output == *"--sample takes a share from 1 to 99"* ]]
	done
	run "$SAFEVMA" frames --pfn 5 -a
	[ "$status" -eq 64 ]
	run "$SAFEVMA" maps --pfn 5
	[ "$status" -eq 64 ]
}

@test "a process whose mappings change during the pass keeps its figures" {
	need_root
	start python3 -c "
import mmap, time
while True:
    m = mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    time.sleep(0.3)
    m.close()
    time.sleep(0.3)"
	settle "$started"
	for _ in 1 2 3; do
		adjacency -p "$started"
		[ "$(value '.processes[0].reading')" = stable ] || continue
		[ "$(value '.processes[0].mixed_block_frames')" != null ]
		[ "$(value '.processes[0].distance')" != null ]
	done
}

@test "a mapping that may be in a process that could not be read is not called unexplained" {
	need_root
	start python3 -c "
import ctypes, mmap, threading, time
m = mmap.mmap(-1, 4096)
m[0] = 1
threading.Thread(target=time.sleep, args=(600,)).start()
time.sleep(2)
ctypes.CDLL(None).pthread_exit(None)"
	settle "$started"
	pfn=$(pfn_of "$started" '/dev/zero')
	for _ in $(seq 50); do
		[ "$(awk '$1 == "State:" { print $2 }' "/proc/$started/status")" != Z ] || break
		sleep 0.1
	done
	[ "$(awk '$1 == "State:" { print $2 }' "/proc/$started/status")" = Z ]
	owners "$pfn"
	[ "$(value '.frames[0].mapcount')" -eq 1 ]
	[ "$(value '.frames[0].mappings_found')" -eq 0 ]
	[ "$(value '.frames[0].mappings_unexplained')" = null ]
}

@test "a table of all frames that ends too early is no machine with fewer frames" {
	need_root
	recording=$BATS_TEST_TMPDIR/cut
	adjacency -p $$ --record "$recording"
	[ "$status" -eq 0 ]
	python3 - "$recording" <<-'END'
		import json, sys
		journal = sys.argv[1] + "/recording.json"
		lines = open(journal).read().splitlines()
		for i, line in enumerate(lines):
		    if '"/proc/kpageflags"' not in line or '"tag":"all"' not in line:
		        continue
		    op = json.loads(line.rstrip(","))
		    op["extents"], op["ends"] = [[0, 1 << 19]], [[1 << 19, 0]]
		    lines[i] = json.dumps(op, separators=(",", ":")) + line[len(line.rstrip(",")):]
		open(journal, "w").write("\n".join(lines) + "\n")
		open(sys.argv[1] + "/proc/kpageflags@all", "r+b").truncate(1 << 19)
	END
	adjacency -p $$ --root "$recording"
	[ "$status" -eq 3 ]
	[ "$(value .system.frames)" = null ]
	[ "$(value '.gaps | map(select(.reason | test("before the zones do"))) | length')" -eq 1 ]
}

@test "processes that have one memory have one mapping" {
	need_root
	cat >"$BATS_TEST_TMPDIR/one.c" <<-'END'
		#include <sched.h>
		#include <signal.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/mman.h>
		#include <unistd.h>
		static int rest(void *arg) { (void)arg; for (;;) pause(); }
		int main(void)
		{
			char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *stack = malloc(1 << 16);
			page[0] = 1;
			clone(rest, stack + (1 << 16), CLONE_VM | SIGCHLD, NULL);
			printf("%lx\n", (unsigned long)page);
			fflush(stdout);
			return rest(NULL);
		}
	END
	"${CC:-cc}" -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/one.c"
	start "$BATS_TEST_TMPDIR/one"
	settle "$started"
	to_end="$to_end $(pgrep -P "$started")"
	pfn=$(python3 - "$started" "$(cat "$BATS_TEST_TMPDIR/started.out")" <<-'END'
		import struct, sys
		with open(f"/proc/{sys.argv[1]}/pagemap", "rb") as f:
		    f.seek(int(sys.argv[2], 16) // 4096 * 8)
		    print(struct.unpack("<Q", f.read(8))[0] & (1 << 55) - 1)
	END
	)
	owners "$pfn"
	[ "$(value '.frames[0].mapcount')" -eq 1 ]
	[ "$(value '.frames[0].mappings | length')" -eq 2 ]
	[ "$(value '.frames[0].mappings_found')" -eq 1 ]
	[ "$(value '.frames[0].mappings_unexplained')" -eq 0 ]
}
