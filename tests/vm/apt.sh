#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced: packages of another Debian suite or architecture, through an apt of their own.
#
#   apt_for SUITE ARCHITECTURE      what follows means that suite from now on; else apt_why says why
#   apt_depends PACKAGE             what it depends on, one name a line
#   apt_version PACKAGE             the version to be had
#   apt_unpack PACKAGE DIR PATTERN...   fetches it and unpacks what fits into DIR; else apt_why
#
# Address and keyring are those of the machine's own sources. State and cache lie in
# $vm_cache/apt/SUITE-ARCHITECTURE: the machine's own apt is left as it is, nothing is installed.
# vm_skip WHY ends a script with 77.
# shellcheck disable=SC2034 # apt_why is for those who call

vm_cache=${XDG_CACHE_HOME:-$HOME/.cache}/safevma-vm

vm_skip()
{
	echo "$(basename "$0"): $*" >&2
	exit 77
}

# Addresses stay out of what is shown.
apt_last_word() # LOG
{
	tail -n 1 "$1" | sed 's|[a-z]*://[^ ]*|...|g'
}

# "ADDRESS FILE" of the machine's first source of the same sort, updated or not.
apt_machine_source() # SUITE
{
	# shellcheck disable=SC2016 # apt expands it
	(unset APT_CONFIG && apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(SOURCESENTRY)' \
		'Created-By: Packages' 2>/dev/null) |
		awk -v suite="$1" '
			suite ~ /-security$/ ? $1 ~ /-security$/ : $1 !~ /-/ {
				sub(/:[0-9]*$/, "", $3)
				print $2, $3
				exit
			}'
}

# The first keyring that a file of sources names, in either of its formats.
apt_keyring()
{
	sed -n -E 's/^Signed-By: *(\/[^ ]+).*/\1/p; s/^deb .*signed-by=([^] ]+).*/\1/p' "$1" | head -n 1
}

apt_source() # SUITE ARCHITECTURE
{
	apt_machine_source "$1" | while read -r address file; do
		key=$(apt_keyring "$file")
		echo "deb [arch=$2${key:+ signed-by=$key}] $address $1 main"
	done
}

# Settings of the machine (proxies and the like) hold, but for where things lie.
apt_configure() # ARCHITECTURE
{
	mkdir -p "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial"
	: >"$apt_dir/status"
	cat >"$apt_dir/apt.conf" <<-END
		Dir::State "$apt_dir/state";
		Dir::State::status "$apt_dir/status";
		Dir::Cache "$apt_dir/cache";
		Dir::Etc::sourcelist "$apt_dir/sources.list";
		Dir::Etc::sourceparts "-";
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
	END
}

apt_update()
{
	apt-get -q update >"$apt_dir/update.log" 2>&1 && ! grep -q '^[EW]: ' "$apt_dir/update.log" &&
		touch "$apt_dir/updated"
}

# Not every architecture has security updates, and sid has none: then without them.
apt_for()
{
	apt_dir=$vm_cache/apt/$1-$2
	apt_why="no apt here"
	command -v apt-get >/dev/null || return 1
	apt_configure "$2"
	export APT_CONFIG="$apt_dir/apt.conf"
	[ -z "$(find "$apt_dir/updated" -mmin -720 2>/dev/null)" ] || return 0
	{ apt_source "$1" "$2" && apt_source "$1-security" "$2"; } >"$apt_dir/sources.list"
	apt_update && return 0
	apt_source "$1" "$2" >"$apt_dir/sources.list"
	apt_update && return 0
	apt_why="$1 for $2 cannot be reached: $(apt_last_word "$apt_dir/update.log")"
	return 1
}

apt_depends()
{
	apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *Depends: \([^<]*\)$/\1/p'
}

apt_version()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1 | grep .
}

apt_unpack()
{
	apt_package=$1 apt_to=$2
	shift 2
	apt_work=$(mktemp -d "$apt_dir/fetch.XXXXXX")
	if (cd "$apt_work" && apt-get download "$apt_package" >log 2>&1); then
		# A pattern that nothing fits is no failure.
		dpkg-deb --fsys-tarfile "$apt_work"/*.deb |
			tar -x -C "$apt_to" --wildcards "$@" 2>/dev/null || true
		rm -rf "$apt_work"
		return 0
	fi
	apt_why="fetching $apt_package: $(apt_last_word "$apt_work/log")"
	rm -rf "$apt_work"
	return 1
}
