#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# That what the tool says of itself, its manual pages, its schemas and its header agree. Writes TAP.
#	SAFEVMA=build/safevma tests/lint/agreement.sh
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$top" || exit 1
safevma=$(realpath "${SAFEVMA:-build/safevma}")
build=$(dirname "$safevma")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
n=0 failed=0

is() # NAME GOT EXPECTED
{
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
		return
	fi
	failed=1
	echo "not ok $n - $1"
	diff <(echo "$3") <(echo "$2") | sed -n 's/^</# missing:/p; s/^>/# too much:/p'
}

# ---- the tool ------------------------------------------------------------------------------------

section() # HEADING COMMAND...
{
	local heading=$1
	shift
	"$safevma" "$@" --help | awk -v heading="$heading" '
		index($0, heading) == 1 { on = 1; next } !NF { on = 0 } on'
}

commands=$(section Commands: | awk '{ print $1 }' | sort)

changes=$("$safevma" explain | awk '/^[a-z]/ { on = $0 == "change:" } on && /^  / { print $1 }' |
	sort)

# "-p --pid PID", the same of help and manual page
help_options()
{
	section Options: "$1" | sed -n -E \
		's/^ +(-[a-zA-Z])?,? *(--[a-z-]+)=?([^ ]*) .*/\1 \2 \3/p' | sort
}

# "RSS *", in order; with a second argument those of another table that the command has.
help_columns()
{
	section "${2:-Columns (}" "$1" | sed -E 's/^  ([* ]) ([^ ]+) .*/\2 \1/; s/ +$//'
}

# Of tables that a command has besides: "Columns with --pfn", "Columns of changes".
help_headings()
{
	"$safevma" "$1" --help | sed -n -E 's/^(Columns [a-z][a-z -]*[a-z]) *[(:].*/\1/p'
}

# ---- the manual pages ----------------------------------------------------------------------------

page() # FILE
{
	mandoc -T ascii -O width=200 "man/$1" | col -bx
}

# Up to its first subsection.
page_section() # FILE HEADING
{
	page "$1" | awk -v heading="$2" '$0 == heading { on = 1; next } /^ ? ? ?[A-Z]/ { on = 0 } on'
}

page_options()
{
	page_section "safevma-$1.1" OPTIONS |
		sed -n -E 's/^     (-[a-zA-Z])?,? ?(--[a-z-]+)=?([^ ]*)( .*)?$/\1 \2 \3/p' | sort
}

page_columns()
{
	page_section "safevma-$1.1" "${2:-COLUMNS}" |
		sed -n -E 's/^     ([A-Z][A-Z?#-]*)( \*)?(  .*)?$/\1\2/p'
}

members_documented()
{
	page safevma-output.5 | grep -o -E '^     [a-z][a-z0-9_.]* \(' | tr -d ' (' | sort -u
}

# ---- tests ---------------------------------------------------------------------------------------

is "safevma(1) lists every command" \
	"$(page_section safevma.1 COMMANDS | grep -o -E '^     [a-z]+ ' | tr -d ' ' | sort)" \
	"$commands"
is "every command has a manual page, and every page a command" \
	"$(find man -name 'safevma-*.1' | sed 's|.*/safevma-||; s|\.1$||' | sort)" "$commands"
for c in $commands; do
	[ -f "man/safevma-$c.1" ] || continue
	is "safevma-$c(1) has the options of --help" "$(page_options "$c")" "$(help_options "$c")"
	is "safevma-$c(1) has the columns of --help, with the same ones shown" \
		"$(page_columns "$c")" "$(help_columns "$c")"
	while read -r heading; do
		is "safevma-$c(1) has the '$heading' of --help, with the same ones shown" \
			"$(page_columns "$c" "   $heading")" "$(help_columns "$c" "$heading")"
	done < <(help_headings "$c")
	is "safevma $c --help names its page" "$("$safevma" "$c" --help | tail -n 1)" \
		"More: man safevma-$c"
done
for f in man/*; do
	is "mandoc has nothing to say of $f" "$(mandoc -T lint -W warning "$f" 2>/dev/null)" ""
done

is "safevma-watch(1) has the changes that explain knows" \
	"$(page_section safevma-watch.1 CHANGES | sed -n -E 's/^     ([a-z-]+)(  .*)?$/\1/p' | sort)" \
	"$changes"
is "the schema of watch has the changes that explain knows" \
	"$(jq -r '."$defs".row.properties.what.enum[]' share/schema/safevma.watch.json | sort)" \
	"$changes"

# Members of arrays are named below their array in the schema, and by themselves in the page.
arrays='vmas|runs|edge_list|interfaces|facts|reconciliation|residency'
arrays+='|zones|linear_map|pools|holders|map_extents|claims|summary'
arrays+='|system|page_tables|mixing|mappings|changes|looks|settled|stacks|faults|sampling'
arrays+='|pressure|watermarks|swap|settings|cgroups|cgroup_limits|oom_order|oom_standing'
arrays+='|would_fit|would_fit_limits|caches|slab_frames|grown|window|aliases|slab_settings|cells|raster|classes|nodes|block_types|flags|places|pairs|descriptors|ways|items|issues'
for s in share/schema/*.json; do
	missing=$(comm -23 <(tests/lint/schema.py --members "$s" | sed -E \
		"s/^(processes|frames)\\.//; s/^($arrays)\\.//" | sort -u) <(members_documented))
	is "safevma-output(5) has the members of ${s##*/}" "$missing" ""
done
is "every command that writes JSON has a schema" \
	"$(find share/schema -name 'safevma.*.json' | sed 's/.*safevma\.//; s/\.json//' |
		grep -v -x -e recording -e frames-pfn -e locks-each -e slab-grow | sort)" \
	"$(for c in $commands; do help_options "$c" | grep -q -e --json && echo "$c"; done)"

# ---- the library ---------------------------------------------------------------------------------

functions=$(grep -o -E '\bsafevma_[a-z_]+\(' include/safevma.h | tr -d '(' | sort -u)
is "libsafevma(3) has the functions of safevma.h" \
	"$(sed -n 's/^\.Fo //p' man/libsafevma.3 | sort)" "$functions"
is "libsafevma(3) has the enumerators of safevma.h" \
	"$(comm -23 <(grep -o -E '\bSAFEVMA_(OK|E|NEED|PAGE_TABLES|TYPE|FORMAT|LEVEL)[A-Z0-9_]*' \
		include/safevma.h | sort -u) \
		<(grep -o -E 'SAFEVMA_[A-Z0-9_]+' man/libsafevma.3 | sort -u))" \
	""
awk '/^\.Sh EXAMPLES/ { e = 1 } e && /^\.Bd/ { on = 1; next } on && /^\.Ed/ { exit } on' \
	man/libsafevma.3 | sed 's/^\\&//; s/\\-/-/g; s/\\e/\\/g' >"$work/example.c"
if [ -f "$build/libsafevma.a" ]; then
	# shellcheck disable=SC2046 # one word a library
	said=$(${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -Iinclude "$work/example.c" \
		"$build/libsafevma.a" $(pkg-config --libs libproc2 libcap libcjson smartcols zlib libbpf) -lpfm -lm \
		-o "$work/example" 2>&1)
	is "the example of libsafevma(3) compiles" "$said" ""
	is "the example of libsafevma(3) runs" \
		"$("$work/example" $$ 2>/dev/null | grep -c -E '^0x[0-9a-f]+ [0-9]+$')" \
		"$("$safevma" maps -r -n -p $$ -o START 2>/dev/null | wc -l)"
else
	n=$((n + 1))
	echo "ok $n - the example of libsafevma(3) compiles # SKIP no $build/libsafevma.a"
fi

# ---- the house -----------------------------------------------------------------------------------

version=$(sed -n 's/^#define SAFEVMA_VERSION "\(.*\)"/\1/p' include/safevma.h)
is "safevma --version is that of safevma.h" "$("$safevma" --version)" "safevma $version"
is "CHANGELOG.md begins with that version" \
	"$(grep -m 1 -o -E '^## \[?[0-9]+\.[0-9]+\.[0-9]+' CHANGELOG.md 2>/dev/null |
		grep -o -E '[0-9.]+$')" "$version"
is "every file says its licence" "$(git ls-files --cached --others --exclude-standard |
	grep -v -E '^LICENSE$|^tests/(fixtures|golden)/|/corpus/|\.(json|md)$|(^|/)\.[^/]*$' |
	while read -r f; do [ ! -f "$f" ] || grep -q SPDX-License-Identifier "$f" || echo "$f"; done)" ""
echo "1..$n"
exit "$failed"
