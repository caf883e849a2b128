// SPDX-License-Identifier: GPL-2.0

//! Options of TCP: `include/uapi/linux/tcp.h`.

options! {
    TCP_NODELAY = 1, Harmless, "time";
    TCP_MAXSEG = 2, Harmless, "the size of segments";
    TCP_CORK = 3, Harmless, "time";
    TCP_KEEPIDLE = 4, Harmless, "time";
    TCP_KEEPINTVL = 5, Harmless, "time";
    TCP_KEEPCNT = 6, Harmless, "time";
    TCP_SYNCNT = 7, Harmless, "time";
    TCP_LINGER2 = 8, Harmless, "time";
    TCP_DEFER_ACCEPT = 9, Harmless, "when a connection is accepted";
    TCP_WINDOW_CLAMP = 10, Harmless, "memory";
    TCP_INFO = 11, Harmless, "only tells";
    TCP_QUICKACK = 12, Harmless, "time";
    TCP_CONGESTION = 13, Harmless, "speed";
    TCP_MD5SIG = 14, Harmless, "keys of one's own connections";
    TCP_THIN_LINEAR_TIMEOUTS = 16, Harmless, "time";
    TCP_THIN_DUPACK = 17, Harmless, "without effect";
    TCP_USER_TIMEOUT = 18, Harmless, "time";
    TCP_REPAIR = 19, Dangerous, "makes connections out of nothing";
    TCP_REPAIR_QUEUE = 20, Dangerous, "of TCP_REPAIR";
    TCP_QUEUE_SEQ = 21, Dangerous, "of TCP_REPAIR";
    TCP_REPAIR_OPTIONS = 22, Dangerous, "of TCP_REPAIR";
    TCP_FASTOPEN = 23, Harmless, "how connections begin";
    TCP_TIMESTAMP = 24, Harmless, "of TCP_REPAIR in part, which is refused";
    TCP_NOTSENT_LOWAT = 25, Harmless, "when a writer wakes";
    TCP_CC_INFO = 26, Harmless, "only tells";
    TCP_SAVE_SYN = 27, Harmless, "keeps what came";
    TCP_SAVED_SYN = 28, Harmless, "cannot be set; who may read it: `look`";
    TCP_REPAIR_WINDOW = 29, Dangerous, "of TCP_REPAIR";
    TCP_FASTOPEN_CONNECT = 30, Harmless, "how connections begin";
    TCP_ULP = 31, Dangerous, "hands a connection to another protocol";
    TCP_MD5SIG_EXT = 32, Harmless, "keys of one's own connections";
    TCP_FASTOPEN_KEY = 33, Harmless, "of one's own listener";
    TCP_FASTOPEN_NO_COOKIE = 34, Harmless, "how connections begin";
    TCP_ZEROCOPY_RECEIVE = 35, Harmless, "cannot be set; who may read it: `look`";
    TCP_INQ = 36, Harmless, "tells how much came";
    TCP_TX_DELAY = 37, Harmless, "time";
    TCP_AO_ADD_KEY = 38, Harmless, "keys of one's own connections";
    TCP_AO_DEL_KEY = 39, Harmless, "keys of one's own connections";
    TCP_AO_INFO = 40, Harmless, "keys of one's own connections";
    TCP_AO_GET_KEYS = 41, Harmless, "cannot be set; who may read it: `look`";
    TCP_AO_REPAIR = 42, Dangerous, "of TCP_REPAIR";
    TCP_IS_MPTCP = 43, Harmless, "only tells";
    TCP_RTO_MAX_MS = 44, Harmless, "time";
    TCP_RTO_MIN_US = 45, Harmless, "time";
    TCP_DELACK_MAX_US = 46, Harmless, "time";
}
