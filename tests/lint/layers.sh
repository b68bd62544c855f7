#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file may include its own layer and those left of it; cmd and ui the public header and their own.
# Prints TAP.
set -eu
cd "$(dirname "$0")/../.."

layers='base iface model capture measure check report'
n=0
failed=0

verdict() # NAME PROBLEMS
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=1
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

allowed=
for layer in $layers; do
	allowed="$allowed $layer"
	bad=
	for f in lib/"$layer"/*.[ch]; do
		[ -f "$f" ] || continue
		includes=$(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$f")
		for to in $includes; do
			case " $allowed " in
			*" $to "*) ;;
			*) bad="$bad$f includes $to/
" ;;
			esac
		done
	done
	verdict "layer $layer includes only itself and those below" "$bad"
done

bad=$(grep -n '^#include "' cmd/*.[ch] cmd/*/*.[ch] |
	grep -vE '"(safevma|command|options|\.\./command)\.h"' || true)
verdict "cmd includes the public header and its own" "$bad"

# Each library stands behind one file.
one_file() # HEADER FILES-ALLOWED
{
	bad=
	for f in $(grep -rl "#include <$1" lib cmd include || true); do
		case " $2 " in
		*" $f "*) ;;
		*) bad="$bad$f includes <$1>
" ;;
		esac
	done
	verdict "<$1> is included by $2 alone" "$bad"
}
one_file libproc2/ lib/iface/proclist.c
one_file sys/capability.h lib/iface/privilege.c
one_file zlib.h lib/iface/kconfig_gz.c
one_file bpf/ lib/iface/btf.c
one_file perfmon/ lib/iface/perf_events.c
one_file libsmartcols.h lib/report/render_text.c
one_file cjson/ "lib/iface/replay.c lib/report/render_json.c"

# Layers above capture are pure.
bad=$(grep -nE '\b(open|openat|fopen|read|pread|ioctl|clock_gettime|time|getenv|socket)\(' \
	lib/model/*.c lib/measure/*.c lib/check/*.c 2>/dev/null || true)
verdict "model, measure and check do no I/O and read no clock" "$bad"

bad=$(grep -nE '\b(printf|puts|perror|exit|abort|getenv|secure_getenv)\(' lib/*/*.c |
	grep -vE '_exit\(|snprintf|sv_strbuf_printf|fprintf\((t->)?out|fprintf\(j->out' || true)
verdict "the library does not print, exit or read the environment" "$bad"

bad=$(grep -nE '\b(scanf|sscanf|fscanf|strtok|strtok_r|gets|strcpy|strcat|sprintf|vsprintf)\(' \
	lib/*/*.[ch] cmd/*.c cmd/*/*.c || true)
verdict "no scanf, strtok or unbounded copies" "$bad"

echo "1..$n"
exit $failed
