# shellcheck shell=bash
# Places that offer packages of kernel sources: this machine's apt sources, suites of
# Debian, and their snapshots, which are called DAY-SUITE. Source it after lib.sh.

# Each place but the machine has an apt of its own in a directory here.
PLACES=$CACHE/source/places

# What a place offers, as lines of RELEASE VERSION, or "unreadable".
declare -A offers=()

# at PLACE COMMAND…: runs a command of apt that sees what PLACE offers.
at() {
	local place=$1
	shift
	if [ "$place" = machine ]; then "$@"; else APT_CONFIG=$PLACES/$place/apt.conf "$@"; fi
}

# in_words PLACE: its name in messages.
in_words() {
	case $1 in
	machine) echo "this machine's apt sources" ;;
	[0-9]*-*) echo "the snapshot of ${1%%-*} of Debian's ${1#*-}" ;;
	*) echo "Debian's $1" ;;
	esac
}

# snapshots: prints the address of the archive of snapshots, if one is known.
snapshots() {
	[ -n "${KERNEL_SNAPSHOTS:-}" ] || apt-config shell KERNEL_SNAPSHOTS Acquire::Snapshots::URI::Origin::Debian |
		sed -nE "s/^KERNEL_SNAPSHOTS='(.*)'$/\1/p"
	[ -z "${KERNEL_SNAPSHOTS:-}" ] || echo "$KERNEL_SNAPSHOTS"
}

# set_up PLACE: gives it an apt of its own.
set_up() {
	local dir=$PLACES/$1 archive
	case $1 in
	[0-9]*-*)
		archive=$(snapshots)
		private_apt --from "${archive/@SNAPSHOTID@/${1%%-*}T000000Z}" "$dir" "${1#*-}"
		;;
	*) private_apt "$dir" "$1" ;;
	esac
}

# read_offers PLACE: what it offers now.
read_offers() {
	local names
	if [ "$1" != machine ]; then
		mkdir -p "$PLACES/$1"
		say "looking for a kernel source in $(in_words "$1")"
		if ! (set_up "$1") || ! run_logged "$PLACES/$1/update.log" at "$1" apt-get update -q --error-on=any; then
			echo unreadable
			return
		fi
	fi
	mapfile -t names < <(at "$1" apt-cache pkgnames linux-source- | grep -xE 'linux-source-[0-9.]+')
	((${#names[@]} == 0)) || at "$1" apt-cache policy "${names[@]}" | sort_offers
}

# sort_offers: the lines of an answer of apt-cache policy.
sort_offers() {
	awk '/^linux-source-/ { release = $1; gsub(/linux-source-|:/, "", release) }
		$1 == "Candidate:" && $2 != "(none)" { print release, $2 }' | sort -V
}

# ask PLACE: sets its offers, once.
ask() {
	[ -n "${offers[$1]+set}" ] || offers[$1]=$(read_offers "$1")
}

