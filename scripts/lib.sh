# shellcheck shell=bash
# Shared by the scripts in this directory; source it, do not run it.
#
# Everything that is built lives under one cache directory outside the clone:
#   $ADDRCONF_CACHE, else $XDG_CACHE_HOME/addrconf, else ~/.cache/addrconf

# shellcheck disable=SC2034 # used by the scripts
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${ADDRCONF_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/addrconf}
mkdir -p "$CACHE/locks"
CACHE=$(cd "$CACHE" && pwd)
# The scripts that this one starts share its cache and its start time.
export ADDRCONF_CACHE=$CACHE
export ADDRCONF_STARTED=${ADDRCONF_STARTED:-$(date +%s)}
export LC_ALL=C.UTF-8
umask 022

# Progress and errors go to stderr: stdout belongs to results.
elapsed() {
	local s=$(($(date +%s) - ADDRCONF_STARTED))
	printf '[%3dm%02ds]' $((s / 60)) $((s % 60))
}

say() { printf '%s %s\n' "$(elapsed)" "$*" >&2; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Prints the comment at the head of the running script as its help.
usage() { awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"; }

# hash_of WORD...: a short name for the words given.
hash_of() { printf '%s\0' "$@" | sha256sum | cut -c1-16; }

# hash_files FILE...: a short name for the contents and names of files, and of the
# trees under directories.
hash_files() {
	find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum | cut -c1-16
}

# lock [--shared] NAME: waits until no other run holds NAME; held until unlock or exit. Shared,
# others may hold it so too.
declare -A LOCK_FD=()
lock() {
	local fd how=--exclusive
	if [ "$1" = --shared ]; then
		how=$1
		shift
	fi
	exec {fd}>"$CACHE/locks/$1"
	if ! flock -n "$how" "$fd"; then
		say "waiting for another run to finish with: $1"
		flock "$how" "$fd"
	fi
	LOCK_FD[$1]=$fd
}
unlock() {
	local fd=${LOCK_FD[$1]}
	exec {fd}>&-
	unset "LOCK_FD[$1]"
}

# hold_tree VARIANT: sets tree to the build tree of this variant's kernel, which no other run
# changes until release_tree or exit. Nothing that builds a kernel may be called meanwhile.
hold_tree() {
	while :; do
		tree=$("$REPO/scripts/kernel" --variant "$1" tree) || exit
		lock --shared "$(source_lock)"
		# Another run may have come between.
		if "$REPO/scripts/kernel" --variant "$1" ready; then return; fi
		release_tree
	done
}
release_tree() { unlock "$(source_lock)"; }

# source_lock: the name of the lock of the source that tree was built from.
source_lock() { echo "source-$(basename "$(dirname "$tree")")"; }

# run_logged LOG COMMAND...: runs COMMAND with its output in LOG, reports progress
# every half minute, and shows the end of LOG when it fails.
run_logged() {
	local log=$1 started pid next now status=0
	shift
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# Jobs in the background do not get the terminal's interrupts.
	trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
	started=$(date +%s)
	next=$((started + 30))
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		now=$(date +%s)
		if ((now >= next)); then
			say "  … $((now - started)) s, $(wc -l <"$log") lines in ${log##*/}: $(tail -n 1 "$log" | tr -s ' \t' ' ' | cut -c1-60)"
			next=$((now + 30))
		fi
	done
	wait "$pid" || status=$?
	trap - INT TERM
	if ((status)); then
		{
			echo "---- failed ($status): $*"
			grep -nE '(^|[^a-z_])(error|Error|ERROR)(\[|:)|\*\*\*' "$log" | tail -n 20 || true
			echo "---- last lines of $log"
			tail -n 30 "$log"
			echo "----"
		} >&2
	fi
	return "$status"
}

# newest_llvm: the number of the newest clang this machine's apt sources have.
newest_llvm() {
	local v
	for v in 21 20 19 18 17 16; do
		if has_candidate "clang-$v"; then
			echo "$v"
			return
		fi
	done
	die "no clang-16 or newer in this machine's apt sources"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "not root and no sudo: run as root once: $*"
	fi
}

# supported_releases: the releases of Linux that the series is for, the preferred first.
supported_releases() { awk '/^[0-9]/ { print $1 }' "$REPO/kernel/releases"; }

missing_packages() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}

has_candidate() {
	[ "$(apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ { print $2 }' | grep -cv '(none)')" = 1 ]
}

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
	local missing absent=() p
	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	say "installing Debian packages (usually 1 to 3 minutes): ${missing[*]}"
	lock apt
	run_logged "$CACHE/apt-update.log" as_root apt-get update -q || die "apt-get update failed"
	for p in "${missing[@]}"; do has_candidate "$p" || absent+=("$p"); done
	((${#absent[@]} == 0)) || die "this machine's apt sources do not have: ${absent[*]}"
	run_logged "$CACHE/apt-install.log" as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "${missing[@]}" || die "apt-get install failed"
	unlock apt
}

debian_codename() {
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
}

# debian_mirror: the URI from which this machine gets Debian's own packages.
debian_mirror() {
	local uri
	# shellcheck disable=SC2016 # apt's placeholders
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v suite="$(debian_codename)" '$2 == suite { print $1; exit }')
	[ -n "$uri" ] || die "no apt source for $(debian_codename) in /etc/apt: cannot tell where Debian packages come from"
	echo "$uri"
}

# debian_keyring: the key file named for that source, if there is one.
debian_keyring() {
	local f
	for f in $(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
		grep -v '^[[:space:]]*#' | grep -iE 'signed-by' |
		sed -E 's/.*[Ss]igned-[Bb]y[:=][[:space:]]*([^],[:space:]]+).*/\1/') \
		/usr/share/keyrings/debian-archive-keyring.gpg; do
		case $f in *debian-archive*) [ -r "$f" ] && echo "$f" && return ;; esac
	done
}

# private_apt [--from URI] DIR SUITE...: writes DIR/apt.conf, for a separate apt that
# knows only these suites of Debian. It shares the machine's mirror, proxy and keys, but
# neither its package state nor its hooks. With --from it knows a snapshot there instead,
# whose lists are older than they allow.
private_apt() {
	local dir suite mirror='' keyring snapshot=''
	if [ "$1" = --from ]; then
		mirror=$2
		snapshot=yes
		shift 2
	fi
	dir=$1
	shift
	mirror=${mirror:-$(debian_mirror)}
	keyring=$(debian_keyring)
	mkdir -p "$dir/parts" "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	rm -f "$dir"/parts/*
	for suite in "$@"; do
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$mirror" "$suite"
		[ -z "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
		[ -z "$snapshot" ] || echo 'Check-Valid-Until: no'
		echo
	done >"$dir/parts/debian.sources"
	{
		apt-config dump | grep -E '^Acquire::' | grep -v '^Acquire::IndexTargets' || true
		cat <<-CONF
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "/dev/null";
			Dir::Etc::sourceparts "$dir/parts";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			Dir::State "$dir";
			Dir::State::lists "$dir/lists";
			Dir::State::status "$dir/status";
			Dir::Cache "$dir/cache";
			Acquire::Languages "none";
			Acquire::Retries "3";
			APT::Sandbox::User "$(id -un)";
			APT::Install-Recommends "false";
			APT::Get::Assume-Yes "true";
			Debug::NoLocking "true";
		CONF
	} >"$dir/apt.conf"
}
