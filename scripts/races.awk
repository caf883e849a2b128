# SPDX-License-Identifier: GPL-2.0-only
#
# Takes KCSAN's reports out of a kernel log. Part of scripts/kernel-log.
#
#   patched     names of functions that count as ours, where an access is
#   work/ours   reports that count
#   work/upstream   what each other report is about, a line each
#   work/rest   the log without them

BEGIN {
	n = split(patched, names, " ")
	for (i = 1; i <= n; i++) touched[names[i]] = 1
	# Linux has these with whoever takes part, and so with us. Who sleeps looks
	# whether it was woken, without more ado (schedule_hrtimeout_range_clock()).
	linux["hrtimer_wakeup / usleep_range_state"] = 1
	# Where a datagram socket sends from is read without its lock
	# (ipcm_init_sk()), and set with it held: by connect(), and so by us. Either
	# value is one that the association has.
	linux["acf_helper_sk_set_source / udp_sendmsg"] = 1
}

# judge: about is as in "data-race in __udp4_lib_lookup.isra.0 / udp_sendmsg".
function judge(	words, n, i, name) {
	n = split(about, words, /[^A-Za-z0-9_.]+/)
	for (i = 1; i <= n; i++) {
		sub(/\..*/, "", words[i])
		if (words[i] in touched) ours = 1
	}
	name = about
	sub(/^data-race in /, "", name)
	gsub(/ \[addrconf\]|\.[a-z0-9.]+/, "", name)
	if (ours && !(name in linux)) printf "%s", report >(work "/ours")
	else print about >(work "/upstream")
	report = ""
}

/BUG: KCSAN: / {
	if (report != "") judge()
	ours = 0
	about = $0
	sub(/.*BUG: KCSAN: /, "", about)
	report = $0 "\n"
	next
}

report != "" {
	report = report $0 "\n"
	if (/\[addrconf\]|[ ?](acf|hook)_[a-z_0-9]+(\.[a-z0-9.]+)?\+0x/) ours = 1
	if (/==================/) judge()
	next
}

{ print >(work "/rest") }

# A report that the end of the log cuts short is one of ours until shown.
END {
	if (report != "") {
		ours = 1
		judge()
	}
}
