// SPDX-License-Identifier: GPL-2.0

//! Options of TCP: `include/uapi/linux/tcp.h`.

options! {
    TCP_NODELAY = 1, Harmless, "changes timing only";
    TCP_MAXSEG = 2, Harmless, "limits the size of segments";
    TCP_CORK = 3, Harmless, "changes timing only";
    TCP_KEEPIDLE = 4, Harmless, "changes timing only";
    TCP_KEEPINTVL = 5, Harmless, "changes timing only";
    TCP_KEEPCNT = 6, Harmless, "changes timing only";
    TCP_SYNCNT = 7, Harmless, "changes timing only";
    TCP_LINGER2 = 8, Harmless, "changes timing only";
    TCP_DEFER_ACCEPT = 9, Harmless, "when accept() returns a connection";
    TCP_WINDOW_CLAMP = 10, Harmless, "limits memory";
    TCP_INFO = 11, Harmless, "read only";
    TCP_QUICKACK = 12, Harmless, "changes timing only";
    TCP_CONGESTION = 13, Harmless, "limits the rate";
    TCP_MD5SIG = 14, Harmless, "keys of this socket's connections";
    TCP_THIN_LINEAR_TIMEOUTS = 16, Harmless, "changes timing only";
    TCP_THIN_DUPACK = 17, Harmless, "has no effect";
    TCP_USER_TIMEOUT = 18, Harmless, "changes timing only";
    TCP_REPAIR = 19, Dangerous, "makes connections without a handshake";
    TCP_REPAIR_QUEUE = 20, Dangerous, "part of TCP_REPAIR, which is refused";
    TCP_QUEUE_SEQ = 21, Dangerous, "part of TCP_REPAIR, which is refused";
    TCP_REPAIR_OPTIONS = 22, Dangerous, "part of TCP_REPAIR, which is refused";
    TCP_FASTOPEN = 23, Harmless, "how a handshake begins";
    TCP_TIMESTAMP = 24, Harmless, "in part for TCP_REPAIR, which is refused";
    TCP_NOTSENT_LOWAT = 25, Harmless, "when a writer is woken";
    TCP_CC_INFO = 26, Harmless, "read only";
    TCP_SAVE_SYN = 27, Harmless, "keeps received options";
    TCP_SAVED_SYN = 28, Harmless, "cannot be set; `look` decides who reads it";
    TCP_REPAIR_WINDOW = 29, Dangerous, "part of TCP_REPAIR, which is refused";
    TCP_FASTOPEN_CONNECT = 30, Harmless, "how a handshake begins";
    TCP_ULP = 31, UpperProtocol, "gives the connection to another protocol";
    TCP_MD5SIG_EXT = 32, Harmless, "keys of this socket's connections";
    TCP_FASTOPEN_KEY = 33, Harmless, "changes only this listener";
    TCP_FASTOPEN_NO_COOKIE = 34, Harmless, "how a handshake begins";
    TCP_ZEROCOPY_RECEIVE = 35, Harmless, "cannot be set; `look` decides who reads it";
    TCP_INQ = 36, Harmless, "reports how much data waits";
    TCP_TX_DELAY = 37, Harmless, "changes timing only";
    TCP_AO_ADD_KEY = 38, Harmless, "keys of this socket's connections";
    TCP_AO_DEL_KEY = 39, Harmless, "keys of this socket's connections";
    TCP_AO_INFO = 40, Harmless, "keys of this socket's connections";
    TCP_AO_GET_KEYS = 41, Harmless, "cannot be set; `look` decides who reads it";
    TCP_AO_REPAIR = 42, Dangerous, "part of TCP_REPAIR, which is refused";
    TCP_IS_MPTCP = 43, Harmless, "read only";
    TCP_RTO_MAX_MS = 44, Harmless, "changes timing only";
    TCP_RTO_MIN_US = 45, Harmless, "changes timing only";
    TCP_DELACK_MAX_US = 46, Harmless, "changes timing only";
}
