# shellcheck shell=bash
# Sourced by what tries things on a Debian 12 that has nothing else: a root made by debootstrap once, copied for each
# try and entered by chroot with a /proc of its own.  Needs root, debootstrap and a Debian mirror (SLUICE_DEBIAN_MIRROR).

clean_cache=${TMPDIR:-/tmp}/sluice-clean-root

clean_base() {
	[ ! -d "$clean_cache/base" ] || return 0
	command -v debootstrap >/dev/null || {
		echo "debootstrap is not there: apt-get install debootstrap" >&2
		return 1
	}
	echo "making a Debian 12 in $clean_cache/base" >&2
	mkdir -p "$clean_cache"
	rm -rf --one-file-system "$clean_cache/new"
	debootstrap --variant=minbase --include=ca-certificates bookworm "$clean_cache/new" \
		"${SLUICE_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$clean_cache/debootstrap.log" 2>&1 || {
		echo "debootstrap failed, see $clean_cache/debootstrap.log" >&2
		return 1
	}
	mv "$clean_cache/new" "$clean_cache/base"
}

clean_copy() { # ROOT
	mkdir -p "$(dirname "$1")"
	cp -a "$clean_cache/base" "$1"
	cp /etc/resolv.conf /etc/hosts "$1/etc/"
}

clean_enter() { # ROOT COMMAND..: as root, with a bare environment
	unshare --mount --pid --fork bash -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
		exec chroot "$0" env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' "$@" </dev/null
}
