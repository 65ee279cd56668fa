#!/bin/sh
# package_files.sh SLUICE SOURCE OUT: what the package holds beside the tree's own files: manual pages and completion, which
# the program prints from its rows, and changelogs, compressed as Debian wants them.
set -eu
sluice=$1 source=$2 out=$3

rm -rf "$out"
mkdir -p "$out/completion"
"$sluice" manual --to "$out/man"
for shell in bash zsh fish; do
	"$sluice" completion "$shell" >"$out/completion/$shell"
done
cp "$source/deploy/debian/changelog" "$source/CHANGELOG.md" "$out"
gzip -9n "$out/changelog" "$out/CHANGELOG.md" "$out"/man/man?/*
