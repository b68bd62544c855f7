#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Caches of the allocator against the files of sysfs and the kernel's own sum.

load helpers

slab() # ARG...: JSON in $json, exit status in $status
{
	json=$BATS_TEST_TMPDIR/slab.json
	"$SAFEVMA" slab -J "$@" >"$json" 2>"$BATS_TEST_TMPDIR/gaps" && status=0 || status=$?
}

# Settings to the letter; slabs within a tenth or 50, since the allocator works meanwhile.
compare()
{
	python3 - "$json" <<-'END'
		import json, os, sys
		base = "/sys/kernel/slab"
		caches = json.load(open(sys.argv[1]))
		wrong = []
		names = os.listdir(base)
		links = {n: os.readlink(f"{base}/{n}") for n in names if os.path.islink(f"{base}/{n}")}
		if links != {a["name"]: a["id"] for a in caches["aliases"]}:
		    wrong.append("aliases")
		if {c["id"] for c in caches["caches"]} != set(names) - set(links):
		    wrong.append("directories")
		same = (("object_size", "object_bytes"), ("slab_size", "slab_bytes"), ("order", "order"),
		        ("objs_per_slab", "objects_per_slab"), ("sheaf_capacity", "sheaf_capacity"),
		        ("cpu_partial", "cpu_partial"), ("red_zone", "red_zone"), ("trace", "trace"))
		for c in caches["caches"]:
		    for attribute, member in same:
		        try:
		            with open(f"{base}/{c['id']}/{attribute}") as f:
		                want = int(f.read().split()[0])
		        except FileNotFoundError:
		            want = None
		        if c[member] != want or (c[member] is None) != (want is None):
		            wrong.append(f"{c['name']} {attribute}: {c[member]}, expected {want}")
		    with open(f"{base}/{c['id']}/slabs") as f:
		        now = int(f.read().split()[0])
		    if abs(now - c["slabs"]) > max(50, now / 10):
		        wrong.append(f"{c['name']} slabs: {c['slabs']}, now {now}")
		    if c["names"] != max(1, sum(t == c["id"] for t in links.values())):
		        wrong.append(f"{c['name']} names: {c['names']}")
		print("\n".join(wrong))
		sys.exit(bool(wrong))
	END
}

# Complete where struct pages can be read; else what they tell is missing, and said to be.
told()
{
	if [ -r /proc/kcore ]; then
		[ "$status" -eq 0 ]
	else
		[ "$status" -eq 3 ]
		jq -e '.gaps | any(.interface == "kcore" and .incomplete)' "$json"
	fi
}

# An own count over the words of kpageflags that the recording holds; and over those of now, which
# are others in part: page tables not at all, the tool has its own while it looks.
count_flags()
{
	PYTHONPATH=$BATS_TEST_DIRNAME python3 - "$json" "$BATS_TEST_TMPDIR/recording" <<-'END'
		import json, struct, sys
		from exposure import words_of
		SLAB, NOPAGE, PGTABLE = 1 << 7, 1 << 20, 1 << 26
		kept = words_of(sys.argv[2], "all")
		slab = [p for p, word in kept.items() if word & SLAB and not word & NOPAGE]
		mine = {"frames": len(slab),
		        "tables": sum(bool(kept.get(at, 0) & PGTABLE) for p in slab for at in (p - 1, p + 1))}
		told = json.load(open(sys.argv[1]))["slab_frames"][0]
		of = {"frames": told["frames"], "tables": told["edges"]["tables"]}
		now = 0
		with open("/proc/kpageflags", "rb", buffering=0) as f:
		    while piece := f.read(1 << 19):
		        words = struct.unpack("<%dQ" % (len(piece) // 8), piece)
		        now += sum(1 for word in words if word & SLAB and not word & NOPAGE)
		print(mine, of, now)
		sys.exit(mine != of or abs(now - of["frames"]) > max(64, now / 10))
	END
}

@test "each cache is as its files in sysfs say" {
	need_root
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	slab
	told
	compare || { slab; compare; }
}

@test "their memory is about the slab of meminfo" {
	need_root
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	slab
	sum=$(jq '[.caches[].bytes] | add' "$json")
	awk -v a="$sum" '$1 == "Slab:" { exit !(a > $2 * 1024 * 0.9 && a < $2 * 1024 * 1.1) }' \
		/proc/meminfo
}

@test "a recording replays to the byte" {
	need_root
	slab --record "$BATS_TEST_TMPDIR/recording"
	"$SAFEVMA" slab -J --root "$BATS_TEST_TMPDIR/recording" >"$BATS_TEST_TMPDIR/again" && again=0 ||
		again=$?
	[ "$again" -eq "$status" ]
	cmp "$json" "$BATS_TEST_TMPDIR/again"
}

@test "as nobody figures are unknown, never 0, and exit 3" {
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	private_copy
	run --separate-stderr as_nobody "$tool" slab -J
	[ "$status" -eq 3 ]
	jq -e '[.caches[] | .slabs, .bytes, .object_bytes, .active_objects, .red_zone] |
		unique - [null] == []' <<<"$output"
}

@test "all slab memory is as an own count of flags has it" {
	need_root
	[ -r /proc/kpageflags ] || skip "no /proc/kpageflags"
	slab --record "$BATS_TEST_TMPDIR/recording"
	jq -e '.slab_frames | map(.part) == ["all", "caches", "kfence", "unnamed", "changed"]' "$json"
	count_flags
}

@test "without struct pages nothing is told of caches, and nothing is 0" {
	need_root
	[ ! -r /proc/kcore ] || skip "/proc/kcore can be read here: guests without it tell"
	slab -p $$
	[ "$status" -eq 3 ]
	jq -e '[.caches[] | .frames, .blocks, .shared_blocks, .movable_blocks, .zones, .nodes, .edges[]] |
		unique == [null]' "$json"
	jq -e '[.slab_frames[1:][] | .frames, .blocks, .edges[]] | unique == [null]' "$json"
	jq -e '.slab_frames[0] | .frames > 0 and (.edges.selected | type) == "number"' "$json"
	jq -e '[.caches[].bytes] | . == (sort | reverse)' "$json"
}

@test "slabs that are made within the time are told, and a signal ends it with a whole report" {
	need_root
	[ -d /sys/kernel/slab ] || skip "this kernel has no /sys/kernel/slab"
	json=$BATS_TEST_TMPDIR/grown.json files=$BATS_TEST_TMPDIR/files
	mkdir "$files"
	"$SAFEVMA" slab --grow -J --record "$BATS_TEST_TMPDIR/recording" >"$json" \
		2>"$BATS_TEST_TMPDIR/gaps" 3>&- &
	pid=$!
	# The first look is over when the waiting has begun: its clock is in the recording by then.
	for _ in $(seq 300); do
		[ ! -e "$BATS_TEST_TMPDIR/recording/proc@note@clock.slab.from" ] || break
		sleep 0.1
	done
	(cd "$files" && seq 20000 | xargs touch)
	kill -INT "$pid"
	wait "$pid" && status=0 || status=$?
	case $status in 0 | 3) ;; *) false ;; esac
	jq -e '.grown[] | select(.name == "dentry") | .slabs_gained > 100 and
		.slabs_gained == .slabs_after - .slabs_before' "$json"
	jq -e '.window.after.frames > .window.before.frames' "$json"
	"$SAFEVMA" slab --grow -J --root "$BATS_TEST_TMPDIR/recording" >"$BATS_TEST_TMPDIR/again" ||
		true
	cmp "$json" "$BATS_TEST_TMPDIR/again"
}

@test "a duration without --grow makes no sense" {
	run --separate-stderr "$SAFEVMA" slab --duration 1
	[ "$status" -eq 64 ]
}
