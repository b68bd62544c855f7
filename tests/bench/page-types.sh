#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# page-types.sh OUTPUT: the kernel's own page-types, built out of Debian's linux-source package, which
# is fetched through the machine's apt and not installed. The program stays in a cache, by the
# version of the package. Exit status 77 with a reason when it cannot be had.
set -eu

out=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/safevma-bench
work=

skip()
{
	echo "page-types.sh: $*" >&2
	exit 77
}

cleanup()
{
	[ -z "$work" ] || rm -rf "$work"
}

# The newest one that has it; linux-source alone is a meta package.
find_package()
{
	for package in linux-source-6.1 "$(apt-cache depends linux-source 2>/dev/null |
		sed -n 's/^ *Depends: //p')"; do
		version=$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: //p')
		case $version in
		'' | '(none)') ;;
		*) return 0 ;;
		esac
	done
	return 1
}

unpack()
{
	dpkg-deb --fsys-tarfile ./*.deb | tar -xO "./usr/src/$package.tar.xz" | xz -dc |
		tar -x --strip-components=1 --wildcards '*/tools/vm/*' '*/tools/mm/*' \
			'*/tools/lib/api/*' '*/tools/include/*' '*/include/uapi/linux/magic.h' \
			'*/include/uapi/linux/kernel-page-flags.h' 2>tar.log
}

# It lay in tools/vm up to 6.2. A pattern that fits nothing is no failure.
build()
{
	unpack || true
	for source in tools/mm/page-types.c tools/vm/page-types.c; do
		[ ! -f "$source" ] || break
	done
	[ -f "$source" ] || skip "$package holds no page-types.c"
	${CC:-cc} -O2 -w -static -Itools/lib -Itools/lib/api -Itools/include -o page-types "$source" \
		tools/lib/api/fs/fs.c tools/lib/api/debug.c >cc.log 2>&1 ||
		skip "page-types does not build: $(head -n 1 cc.log)"
}

trap cleanup EXIT
for tool in apt-get apt-cache dpkg-deb xz; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
find_package || skip "no package linux-source-* in the machine's apt sources"
kept=$cache/page-types-$version-static # guests have no libraries
mkdir -p "$cache" "$(dirname "$out")"
if [ ! -x "$kept" ]; then
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	(
		cd "$work"
		apt-get download "$package" >apt.log 2>&1 || skip "$package cannot be fetched"
		build
	) || exit
	mv "$work/page-types" "$kept"
fi
cp "$kept" "$out"
echo "page-types of $package $version"
