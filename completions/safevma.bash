# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for safevma(1). Commands, options, columns and topics are what the tool itself
# says they are (--help, explain): nothing of them is repeated here.

_safevma_commands()
{
	"$1" --help 2>/dev/null | awk '/^Commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'
}

_safevma_options()
{
	"$1" "$2" --help 2>/dev/null | awk '
		/^Options:/ { on = 1; next }
		!NF { on = 0 }
		on { for (i = 1; i <= 2; i++) if ($i ~ /^-/) { sub(/[,=].*/, "", $i); print $i } }'
}

_safevma_columns()
{
	"$1" "$2" --help 2>/dev/null | awk '
		/^Columns.* named\):/ { on = 1; next }
		!NF { on = 0 }
		on { print $1 == "*" ? $2 : $1 }'
}

_safevma_topics()
{
	"$1" explain 2>/dev/null | awk '/^  / { print $1 }'
}

_safevma_claims()
{
	"$1" probe --list -r -n -o CLAIM 2>/dev/null
}

# Names of a list with commas: what stands before the last one stays. $1: words, $2: prefix sign.
_safevma_list()
{
	local before='' last=${cur^^}

	if [[ $2 && $last == "$2"* ]]; then
		before=$2 last=${last#"$2"}
	fi
	if [[ $last == *,* ]]; then
		before+=${last%,*}, last=${last##*,}
	fi
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "$last")
	compopt -o nospace
}

_safevma()
{
	local cur prev words cword split command i

	_init_completion -s || return
	if ((cword == 1)); then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_safevma_commands "$1") -h --help -V --version" -- "$cur")
		return
	fi
	command=${words[1]}
	# What stands behind -- is a command with its own words.
	for ((i = 2; i < cword; i++)); do
		[[ ${words[i]} == -- ]] || continue
		if [[ $command == faults ]] && ((cword == i + 1)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		elif [[ $command == faults ]]; then
			_filedir
		fi
		return
	done
	case $prev in
	-p | --pid)
		_pids
		return
		;;
	--comm)
		_pnames
		return
		;;
	--exe | --cgroup | --svg)
		_filedir
		return
		;;
	--unit)
		mapfile -t COMPREPLY < <(compgen -W "$(systemctl list-units --plain --no-legend \
			--no-pager 2>/dev/null | awk '{ print $1 }')" -- "$cur")
		return
		;;
	-o | --output)
		_safevma_list "$(_safevma_columns "$1" "$command")" +
		return
		;;
	--sort)
		cur=${cur^^}
		[[ $cur == -* ]] && mapfile -t COMPREPLY < <(compgen -P - -W \
			"$(_safevma_columns "$1" "$command")" -- "${cur#-}") && return
		mapfile -t COMPREPLY < <(compgen -W "$(_safevma_columns "$1" "$command")" -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur")
		return
		;;
	--root | --record)
		_filedir -d
		return
		;;
	esac
	$split && return
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_safevma_options "$1" "$command")" -- "$cur")
	elif [[ $command == explain ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_safevma_topics "$1")" -- "$cur")
	elif [[ $command == probe ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_safevma_claims "$1")" -- "$cur")
	elif [[ $command == record ]]; then
		_filedir -d
	fi
} &&
	complete -F _safevma safevma
