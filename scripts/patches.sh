# shellcheck shell=bash
# The kernel patches: what they are for a release of Linux, and how they are applied to
# source trees in the cache. Source it after lib.sh.

# release_of TREE: the release of a source tree, such as 7.3.
release_of() { sed -nE 's/^(VERSION|PATCHLEVEL) = ([0-9]+)$/\2/p' "$1/Makefile" | paste -sd .; }

# patches_of RELEASE: prints the series, after what it needs in this release.
patches_of() {
	(
		shopt -s nullglob
		printf '%s\n' "$REPO/kernel/patches/before-$1"/*.patch "$REPO"/kernel/patches/*.patch
	)
}

# files_of PATCH…: the files that patches touch.
files_of() {
	[ $# = 0 ] || sed -nE 's,^(---|\+\+\+) [ab]/([^\t]+).*,\2,p' "$@" | sort -u
}

# apply_patch TREE PATCH: fails with the names of files and hunks that do not apply. What
# fits only without some of its context does not apply: it may be at another place.
apply_patch() {
	local out
	out=$(patch -d "$1" -p1 -f -F 0 -r - --no-backup-if-mismatch -i "$2" 2>&1) && return
	echo "${2#"$REPO"/} does not apply to $(basename "$3"):"
	awk '/^patching file/ { file = $3 }
		/FAILED at/ { sub(/\.$/, "", $5); print "  " file ", hunk " substr($2, 2) " at line " $5 }
		/can.t find file/ { print "  a file is not there" }' <<<"$out"
	return 1
}

# pristine_file DIR FILE TO: copies a file of DIR/linux as it was before all patches, if
# there was one.
pristine_file() {
	local from=$1/pristine/$2
	[ -e "$from" ] || [ -e "$from.absent" ] || from=$1/linux/$2
	[ ! -e "$from" ] || cp -p "$from" "$3"
}

# try_patches DIR PATCH…: whether all apply to the source in DIR, which stays as it is.
# Says of each patch which hunks do not.
try_patches() {
	local dir=$1 f p tree failed=0
	shift
	tree=$(mktemp -d "${TMPDIR:-/tmp}/addrconf-patches.XXXXXX")
	for f in $(files_of "$@"); do
		mkdir -p "$(dirname "$tree/$f")"
		pristine_file "$dir" "$f" "$tree/$f"
	done
	for p in "$@"; do apply_patch "$tree" "$p" "$dir" || failed=1; done
	rm -rf "$tree"
	return "$failed"
}

# are_applied DIR PATCH…: whether DIR/linux has these patches and no others.
are_applied() {
	local dir=$1 old=()
	shift
	shopt -s nullglob
	old=("$dir"/applied/*.patch)
	shopt -u nullglob
	[ ! -e "$dir/unfinished" ] && [ "$(cat "${old[@]}" /dev/null | sha256sum)" = "$(cat "$@" /dev/null | sha256sum)" ]
}

# apply_patches DIR PATCH…: makes DIR/linux the pristine source plus the patches.
# Files that end up unchanged keep their time stamps, so that make rebuilds only what a
# changed patch affects.
apply_patches() {
	local dir=$1 tree=$1/linux touched f p before complaint n=0
	local pristine=$dir/pristine
	if are_applied "$@"; then return; fi
	shift
	say "applying $# kernel patch(es)"
	before=$dir/before
	rm -rf "$before"
	mkdir -p "$before" "$pristine" "$dir/applied"
	: >"$dir/unfinished"
	mapfile -t touched < <({ files_of "$@"; (cd "$pristine" && find . -type f | sed 's,^\./,,;s,\.absent$,,'); } | sort -u)
	for f in "${touched[@]}"; do
		mkdir -p "$(dirname "$pristine/$f")" "$(dirname "$before/$f")"
		if [ -e "$tree/$f" ]; then cp -p "$tree/$f" "$before/$f"; fi
		if [ -e "$pristine/$f" ]; then
			# With the present time, objects built from the patched file look
			# out of date, also if this run ends early.
			cp "$pristine/$f" "$tree/$f"
			chmod --reference="$pristine/$f" "$tree/$f"
		elif [ -e "$pristine/$f.absent" ]; then
			rm -f "$tree/$f"
		elif [ -e "$tree/$f" ]; then
			cp -p "$tree/$f" "$pristine/$f"
		else
			: >"$pristine/$f.absent"
		fi
	done
	rm -f "$dir"/applied/*
	for p in "$@"; do
		complaint=$(apply_patch "$tree" "$p" "$dir") || die "$complaint"
	done
	for f in "${touched[@]}"; do
		[ -e "$tree/$f" ] || continue
		if cmp -s "$tree/$f" "$before/$f"; then touch -r "$before/$f" "$tree/$f"; else touch "$tree/$f"; fi
	done
	for p in "$@"; do
		# Patches of one release and of all are numbered separately.
		n=$((n + 1))
		cp "$p" "$dir/applied/$(printf '%02d-%s' "$n" "${p##*/}")"
	done
	rm -rf "$before" "$dir/unfinished"
}
