# SPDX-License-Identifier: GPL-2.0-only
#
# Extracts KCSAN's reports from a kernel log. Part of scripts/kernel-log.
#
#   patched         names of functions: an access in one of them counts as ours
#   work/ours       reports that count
#   work/upstream   the title of each other report, one a line
#   work/rest       the log without reports

BEGIN {
	n = split(patched, names, " ")
	for (i = 1; i <= n; i++) touched[names[i]] = 1
	# Linux has these races in other callers as well. A sleeping task reads without
	# a lock whether it was woken (schedule_hrtimeout_range_clock()).
	linux["hrtimer_wakeup / usleep_range_state"] = 1
	# The source of a datagram socket is read without its lock (ipcm_init_sk()),
	# and set with the lock held, by connect() and by the module. Both values are
	# addresses of the association.
	linux["acf_helper_sk_set_source / udp_sendmsg"] = 1
}

# judge: files a report. about is like "data-race in __udp4_lib_lookup.isra.0 / udp_sendmsg".
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

# A report that the end of the log cuts short counts as ours.
END {
	if (report != "") {
		ours = 1
		judge()
	}
}
