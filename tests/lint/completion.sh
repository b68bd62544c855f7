#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Loads the completions in bash, zsh and fish, and compares what each offers with what the tool says
# of itself (--help, explain). Writes TAP.
#	SAFEVMA=build/safevma tests/lint/completion.sh
# shellcheck disable=SC2317 # offers() calls SHELL_offers
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
safevma=$(realpath "${SAFEVMA:-$top/build/safevma}")
files=$top/completions
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# The completions call what the command line names: safevma, found here.
ln -s "$safevma" "$work/safevma"
mkdir "$work/recordings" "$work/recordings/one"
printf '#!/bin/sh\n' >"$work/sleep-for-long" && chmod 755 "$work/sleep-for-long"
export PATH=$work:$PATH HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work LC_ALL=C
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

# ---- what a shell offers, sorted, a word a line ---------------------------------------------------

bash_offers()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	bash --norc --noprofile -c '
		source /usr/share/bash-completion/bash_completion
		source "$1/safevma.bash"
		read -ra COMP_WORDS <<<"$2"
		[[ $2 == *" " ]] && COMP_WORDS+=("")
		COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		compopt() { :; }
		_safevma safevma "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]%/}"' - "$files" "$1"
}

zsh_offers()
{
	timeout 20 zsh -f "$top/tests/lint/zsh-offers.zsh" "$files" "$1"
}

fish_offers()
{
	# shellcheck disable=SC2016
	fish -N -c 'source $argv[1]/safevma.fish; complete -C $argv[2]' "$files" "$1" |
		sed 's/\t.*//; s|/$||'
}

offers() # SHELL LINE
{
	"$1_offers" "$2" | sort -u
}

# ---- what the tool says --------------------------------------------------------------------------

section() # HEADING COMMAND...: the heading is a pattern
{
	local heading=$1
	shift
	safevma "$@" --help | awk -v heading="$heading" '
		$0 ~ "^" heading { on = 1; next } !NF { on = 0 } on'
}

commands=$(section Commands: | awk '{ print $1 }' | sort)

long_options()
{
	section Options: "$1" | grep -o -E -- '^ +(-., )?--[a-z-]+' | sed 's/.* //' | sort
}

letters()
{
	section Options: "$1" | sed -n 's/^ *\(-.\), .*/\1/p' | sort
}

columns()
{
	section "Columns.* named" "$1" | sed 's/^[ *]*\([^ ]*\).*/\1/' | sort -u
}

topics=$(safevma explain | awk '/^  / { print $1 }' | sort -u)

claims=$(safevma probe --list -r -n -o CLAIM | sort)

# ---- tests ---------------------------------------------------------------------------------------

values() # SHELL COMMAND: of the options that take a closed set of words
{
	local first
	is "$1: $2 -o offers the columns" "$(offers "$1" "safevma $2 -o ")" "$(columns "$2")"
	is "$1: $2 --sort offers the columns" \
		"$(offers "$1" "safevma $2 --sort " | grep -v ^-)" "$(columns "$2")"
	first=$(columns "$2" | head -n 1)
	is "$1: $2 -o goes on after a comma" \
		"$(offers "$1" "safevma $2 -o +PATH,${first%?}" | sed 's/.*,//' | grep -x "$first")" \
		"$first"
	is "$1: $2 --color" "$(offers "$1" "safevma $2 --color ")" "$(printf 'always\nauto\nnever')"
	is "$1: $2 --root offers directories" \
		"$(offers "$1" "safevma $2 --root $work/recordings/o" | sed 's|.*/||')" one
	is "$1: $2 --record offers directories" \
		"$(offers "$1" "safevma $2 --record $work/recordings/o" | sed 's|.*/||')" one
}

pids() # SHELL COMMAND
{
	is "$1: $2 -p offers processes" \
		"$(offers "$1" "safevma $2 -p " | grep -x $$)" $$
}

for shell in bash zsh fish; do
	# zsh completes only on a terminal, and zsh-offers.zsh makes one.
	if [ "$shell" = zsh ] && ! python3 -c 'import pty; pty.openpty()' 2>/dev/null; then
		n=$((n + 1))
		echo "ok $n - zsh # SKIP no pseudo-terminal can be had here"
		continue
	fi
	if ! command -v "$shell" >/dev/null; then
		n=$((n + 1))
		echo "ok $n - $shell # SKIP not installed"
		continue
	fi
	is "$shell: commands" "$(offers "$shell" "safevma " | grep -v ^-)" "$commands"
	for c in $commands; do
		is "$shell: $c options" "$(offers "$shell" "safevma $c --")" "$(long_options "$c")"
		is "$shell: $c letters" \
			"$(offers "$shell" "safevma $c -" | grep -x -e '-.')" "$(letters "$c")"
		[ -z "$(columns "$c")" ] || values "$shell" "$c"
		! letters "$c" | grep -q -x -e -p || pids "$shell" "$c"
	done
	is "$shell: explain offers the topics" "$(offers "$shell" "safevma explain ")" "$topics"
	is "$shell: probe offers the claims" "$(offers "$shell" "safevma probe ")" "$claims"
	is "$shell: record offers directories" \
		"$(offers "$shell" "safevma record $work/recordings/o" | sed 's|.*/||')" one
	is "$shell: faults offers commands behind --" \
		"$(offers "$shell" "safevma faults -p 1 -- sleep-for-lo" | sed 's|.*/||')" \
		sleep-for-long
	is "$shell: faults offers files to a command, and none of its own options" \
		"$(offers "$shell" "safevma faults -- cat $work/recordings/o" | sed 's|.*/||'
			offers "$shell" "safevma faults -- sleep-for-long --until")" one
done
echo "1..$n"
exit "$failed"
