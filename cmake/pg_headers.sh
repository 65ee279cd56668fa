#!/bin/sh
# pg_headers.sh FOLDER: unpacks PostgreSQL 15's server headers into FOLDER, without root.
# The package that holds them drags 700 MB of LLVM with it; the headers alone are 1 MB, so only they are taken.
set -eu
folder=$1
package=postgresql-server-dev-15
mkdir -p "$folder"
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get -q download "$package" && dpkg -x "$package"_*.deb unpacked) >"$work/log" 2>&1 || {
	tail -n 3 "$work/log" >&2
	echo "$package: cannot download its headers; run apt-get update, or install the package" >&2
	exit 1
}
rm -rf "$folder/server"
mv "$work/unpacked/usr/include/postgresql/15/server" "$folder/server"
