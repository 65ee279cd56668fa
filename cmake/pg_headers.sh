#!/bin/sh
# pg_headers.sh FOLDER: unpacks PostgreSQL 15's server headers into FOLDER, without root.
# The package that holds them drags 700 MB of LLVM with it; the headers alone are 1 MB, so only they are taken.
# The package file is kept in the user's cache, so that the next clone needs no network.
set -eu
folder=$1
package=postgresql-server-dev-15
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/sluice
mkdir -p "$folder"
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch() (
	cd "$work"
	cp "$cache/$package"_*.deb . 2>/dev/null && return
	apt-get -q download "$package" >log 2>&1 || {
		tail -n 3 log >&2
		echo "$package: its headers cannot be downloaded; run apt-get update as root, or install the package" >&2
		return 1
	}
	{ mkdir -p "$cache" && cp "$package"_*.deb "$cache/"; } 2>/dev/null || true
)

fetch
dpkg -x "$work/$package"_*.deb "$work/unpacked"
rm -rf "$folder/server"
mv "$work/unpacked/usr/include/postgresql/15/server" "$folder/server"
