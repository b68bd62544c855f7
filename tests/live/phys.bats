#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Physical memory: totals, cells and pictures against independent counts of the same frames.

load helpers

phys() # ARG...: JSON in $json, exit status in $status
{
	json=$BATS_TEST_TMPDIR/phys.json
	"$SAFEVMA" phys -J "$@" >"$json" 2>"$BATS_TEST_TMPDIR/gaps" && status=0 || status=$?
}

value() # FILTER
{
	jq -r "$1" "$json"
}

# holds WHAT ARG...: phys.py over $json
holds()
{
	local what=$1

	shift
	run python3 tests/live/phys.py "$what" "$json" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

# Where there is memory of processes: four pageblocks of this shell's first frame.
some_range()
{
	python3 - "$$" <<-'END'
		import struct, sys
		with open(f"/proc/{sys.argv[1]}/maps") as maps, \
		     open(f"/proc/{sys.argv[1]}/pagemap", "rb") as pagemap:
		    for line in maps:
		        start, end = (int(x, 16) // 4096 for x in line.split()[0].split("-"))
		        if start >= 1 << 35:
		            continue
		        pagemap.seek(start * 8)
		        for (word,) in struct.iter_unpack("<Q", pagemap.read((end - start) * 8)):
		            pfn = word & (1 << 55) - 1
		            if word >> 63 and pfn > 4096:
		                print(f"{pfn - 1000:#x}-{pfn + 1047:#x}")
		                sys.exit()
		sys.exit(1)
	END
}

once_between()
{
	python3 tests/live/phys.py count >"$BATS_TEST_TMPDIR/before"
	phys
	[ "$status" -eq 0 ]
	python3 tests/live/phys.py count >"$BATS_TEST_TMPDIR/after"
	python3 tests/live/phys.py live "$json" "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "totals by flag lie between two counts of kpageflags" {
	need_root
	once_between || once_between || once_between
}

@test "flags, classes and cells of a range are what its recorded words give" {
	need_root
	range=$(some_range)
	for zoom in 1 64 fit; do
		rm -rf "$BATS_TEST_TMPDIR/recording"
		phys --range "$range" --zoom "$zoom" --record "$BATS_TEST_TMPDIR/recording"
		[ "$status" -eq 0 ]
		[ "$(value .raster.looked_frames)" -eq 2048 ]
		[ "$(value '"\(.raster.first_pfn)-\(.raster.last_pfn)"')" = "$range" ]
		[ "$zoom" = fit ] || [ "$(value .raster.cell_frames)" -eq "$zoom" ]
		holds words "$BATS_TEST_TMPDIR/recording"
	done
}

@test "page-types finds the same flags in the recorded words" {
	need_root
	types=$(find "$HOME/.cache/safevma-bench" -name 'page-types-*' -perm /1 2>/dev/null |
		head -n 1) || true
	[ -n "$types" ] || skip "page-types is not built: tests/bench/page-types.sh"
	phys --record "$BATS_TEST_TMPDIR/recording"
	[ "$status" -eq 0 ]
	python3 tests/live/phys.py unpack "$BATS_TEST_TMPDIR/recording" "$BATS_TEST_TMPDIR/words"
	"$types" --raw -F "$BATS_TEST_TMPDIR/words" >"$BATS_TEST_TMPDIR/types"
	holds types "$BATS_TEST_TMPDIR/types"
}

@test "frames of a process lie in the cells where its pagemap has them" {
	need_root
	start_victim --only locked
	settle "$victim"
	phys -p "$victim"
	[ "$status" -eq 0 ]
	holds selected "$victim" || { phys -p "$victim"; holds selected "$victim"; }
}

@test "without a selection none is made up" {
	need_root
	phys
	[ "$status" -eq 0 ]
	[ "$(value '[.cells[].selected_frames, .raster.selected_cells] | unique == [null]')" = true ]
	[ "$(value 'has("processes")')" = false ]
	[ "$(value .cost.lock_reads)" -eq 0 ]
}

@test "more cells than can be shown are made larger, and that is said" {
	need_root
	phys --zoom 1
	[ "$(value '.cells | length <= 65536')" = true ]
	[ "$status" -eq 3 ]
	[ "$(value '[.gaps[] | select(.incomplete)] | length')" -eq 1 ]
	[ "$(value '.raster.cell_frames > 1')" = true ]
}

@test "a range without memory is no result" {
	need_root
	phys --range 0xfffffffff0000-0xfffffffffffff
	[ "$status" -eq 3 ]
	[ "$(value '.cells | length')" -eq 0 ]
}

@test "as nobody there is no raster, no zeros, and exit 3" {
	private_copy
	run --separate-stderr as_nobody "$tool" phys -J -p $$
	[ "$status" -eq 3 ]
	json=$BATS_TEST_TMPDIR/nobody.json
	echo "$output" >"$json"
	[ "$(value '.cells + .classes + .nodes + .zones + .mixing + .flags | length')" -eq 0 ]
	[ "$(value '[.raster[]] | unique == [null]')" = true ]
	[ "$(value '.processes[0] | [.frames, .stretches, .blocks, .cells, .cell_share] |
		unique == [null]')" = true ]
	run -3 --separate-stderr as_nobody "$tool" phys
	[[ $output == "no memory was seen"* ]]
}

@test "the picture fits 80 columns, the text shows the cells, the SVG is sound" {
	need_root
	d=$BATS_TEST_TMPDIR
	range=$(some_range)
	"$SAFEVMA" phys -p $$ --range "$range" --record "$d/recording" >/dev/null 2>&1
	COLUMNS=80 "$SAFEVMA" phys -p $$ --range "$range" --zoom 8 --svg "$d/picture.svg" \
		--root "$d/recording" >"$d/text" 2>/dev/null
	phys -p $$ --range "$range" --zoom 8 --root "$d/recording"
	[ "$status" -eq 0 ]
	holds svg "$d/picture.svg" "$d/text"
	COLUMNS=40 "$SAFEVMA" phys --root "$d/recording" --range "$range" 2>/dev/null |
		awk '/^0x/ && length > 40 { exit 1 }'
}

@test "an SVG takes the place of its name when it is whole" {
	need_root
	d=$BATS_TEST_TMPDIR/out
	mkdir "$d"
	echo old >"$d/picture"
	"$SAFEVMA" phys --range 0-0xffff --svg "$d/picture" >/dev/null
	grep -q '</svg>' "$d/picture"
	[ "$(ls "$d")" = picture ]
	[ "$(stat -c %a "$d/picture")" = "$(printf '%o' $((0666 & ~$(umask))))" ]
	cp "$d/picture" "$d/kept"
	run -1 --separate-stderr "$SAFEVMA" phys --svg "$d/none/picture"
	[ -z "$output" ]
	[[ $stderr == *"none/picture: write: No such file or directory"* ]]
	run -1 --separate-stderr "$SAFEVMA" phys --svg "$d"
	run -1 --separate-stderr "$SAFEVMA" phys --svg "$d/picture" --root "$d/none"
	cmp "$d/kept" "$d/picture"
	[ "$(ls "$d")" = "$(printf 'kept\npicture')" ]
}

@test "a full disk leaves the old picture" {
	need_root
	d=$BATS_TEST_TMPDIR/small
	mkdir "$d"
	mount -t tmpfs -o size=16k none "$d" || skip "no tmpfs can be mounted here"
	echo old >"$d/picture"
	run -1 --separate-stderr "$SAFEVMA" phys --svg "$d/picture"
	left=$(ls "$d") kept=$(cat "$d/picture")
	umount "$d"
	[ "$left" = picture ]
	[ "$kept" = old ]
	[[ $stderr == *"No space left"* ]]
}

@test "a directory of somebody else is written with the rights of the start" {
	need_root
	d=$BATS_TEST_TMPDIR/theirs
	mkdir -m 755 "$d"
	chown 65534:65534 "$d"
	"$SAFEVMA" phys --range 0-0xffff --svg "$d/picture" >/dev/null
	grep -q '</svg>' "$d/picture"
}
