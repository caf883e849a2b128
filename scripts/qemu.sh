# shellcheck shell=bash
# The virtual machine of scripts/vm and scripts/vm-system, which source this after lib.sh.
#
# They set: work (a directory, in which are the files console, output, status and qemu),
# bzimage, memory, cpus, limit, append, accel, log, quiet, and icount in scripts/vm.
# shellcheck disable=SC2154 # set by the scripts

TIME_OUT=124
GUEST_FAILED=125
qemu_pid=
qemu_status=
args=()

note() { [ -n "$quiet" ] || say "$@"; }

# quoted WORD…: the words as a POSIX shell reads them back, byte for byte.
quoted() {
	local word
	for word in "$@"; do printf " '%s'" "${word//\'/\'\\\'\'}"; done
}

# tsc_khz: the frequency of this machine's time stamp counter, which an emulated
# processor shows as its own. The guest cannot measure it. Without that clock the
# guest counts timer interrupts: it loses time when this machine is busy, and
# sometimes it loses its last timer interrupt.
tsc_khz() {
	local known
	known=$CACHE/tsc-khz-$(hash_of "$(cat /proc/sys/kernel/random/boot_id)")
	[ -s "$known" ] || (
		gcc -O1 -x c -o "$work/tsc" - <<-'EOF' && "$work/tsc" >"$work/khz" && mv "$work/khz" "$known"
			#include <stdio.h>
			#include <time.h>
			#include <x86intrin.h>

			static double now(void)
			{
				struct timespec t;

				clock_gettime(CLOCK_MONOTONIC_RAW, &t);
				return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
			}

			int main(void)
			{
				unsigned long long ticks = __rdtsc();
				double start = now(), end;

				while ((end = now()) < start + 200)
					;
				printf("%.0f\n", (__rdtsc() - ticks) / (end - start));
				return 0;
			}
		EOF
	) || return 1
	cat "$known"
}

# machine_args ACCEL: sets args to the machine and the kernel that both scripts start.
machine_args() {
	# One processor per socket: without ACPI the kernel reads the MP table,
	# which lists one per socket. Without la57: while the kernel identifies the
	# boot processor it assumes for a moment that page tables have four levels,
	# and an interrupt at that moment makes KASAN report a wild access.
	# no_timer_check: the kernel counts ticks to find out whether they come by the IO-APIC, and
	# panics if a busy host delivers none in time.
	local khz=
	if [ "$1" = tcg ] && [ -z "$icount" ]; then khz=$(tsc_khz) || khz=; fi
	args=(
		-machine "pc,acpi=off,hpet=off,usb=off" -cpu "max,la57=off" -smp "$cpus,sockets=$cpus,cores=1,threads=1" -m "$memory"
		-nodefaults -no-user-config -display none -no-reboot
		-kernel "$bzimage"
		-append "console=ttyS0,115200 panic=-1 loglevel=7 no_timer_check${khz:+ tsc_early_khz=$khz tsc=reliable}$append"
	)
	case $1 in
	kvm) args+=(-accel kvm) ;;
	tcg) args+=(-accel "tcg,thread=$([ -n "$icount" ] && echo single || echo multi)") ;;
	*) die "unknown accelerator: $1 (kvm or tcg)" ;;
	esac
}

# wait_for_end: prints what the guest writes to the pipe $work/output until QEMU ends.
# Sets qemu_status.
wait_for_end() {
	local cat_pid
	cat "$work/output" &
	cat_pid=$!
	while kill -0 "$qemu_pid" 2>/dev/null; do
		sleep 0.05
		# QEMU stops after this message and would wait for a debugger.
		if [ "$accel" = kvm ] && grep -qs 'KVM internal error' "$work/qemu"; then kill "$qemu_pid"; break; fi
	done
	qemu_status=0
	wait "$qemu_pid" || qemu_status=$?
	qemu_pid=
	wait "$cat_pid" || true
}

# kvm_works: whether a guest runs under KVM here. It boots one, because guests may
# crash even where /dev/kvm exists.
kvm_works() {
	local verdict
	verdict=$CACHE/kvm-$(hash_of "$(uname -r)" "$(qemu-system-x86_64 --version | head -n 1)" "$(grep -m 1 'model name' /proc/cpuinfo)")
	if ! [ -f "$verdict" ]; then
		if [ -w /dev/kvm ] && "$REPO/scripts/vm" run --quiet --accel kvm --no-module --timeout 10 -- true >/dev/null 2>&1; then
			echo yes >"$verdict"
		else
			echo no >"$verdict"
		fi
		note "KVM works here: $(cat "$verdict")"
	fi
	[ "$(cat "$verdict")" = yes ]
}

# log_end: prints the end of the kernel's log, for when no message in it says what
# is wrong.
log_end() {
	{
		echo "---- end of the kernel log"
		tail -n 40 "$work/console"
		[ ! -s "$work/qemu" ] || { echo "---- qemu"; head -n 20 "$work/qemu"; }
		echo "----"
	} | tr -d '\r' >&2
}

# verdict: prints what went wrong, if anything; returns our status.
verdict() {
	local word='' status=''
	read -r word status <"$work/status" 2>/dev/null || true
	if [ -n "$log" ]; then tr -d '\r' <"$work/console" >"$log"; fi
	local complaint=
	"$REPO/scripts/kernel-log" "$work/console" >&2 || complaint=yes
	if [ "$qemu_status" = 124 ] || [ "$qemu_status" = 137 ]; then
		echo "${0##*/}: the guest did not finish within $limit s" >&2
		log_end
		return "$TIME_OUT"
	elif [ -n "$complaint" ]; then
		echo "${0##*/}: the kernel of the guest complained${status:+ (status of the command: $status)}" >&2
		return "$GUEST_FAILED"
	elif [ "$word" = insmod ]; then
		echo "${0##*/}: the module did not load" >&2
	elif [ "$word" = exit ] && [ -n "$status" ]; then
		return "$status"
	else
		echo "${0##*/}: the guest ended without reporting a status" >&2
	fi
	log_end
	return "$GUEST_FAILED"
}
