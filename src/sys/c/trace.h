/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoint addrconf:addrconf_event: what the control device tells.
 */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM addrconf

#if !defined(_ACF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ACF_TRACE_H

#include <linux/tracepoint.h>

#include "events.h"

TRACE_EVENT(addrconf_event,
	    TP_PROTO(const struct acf_event *event),
	    TP_ARGS(event),
	    TP_STRUCT__entry(__field(u16, what)
			     __field(u16, operation)
			     __field(u16, refusal)
			     __field(u16, port)
			     __field(u64, association)
			     __field(u32, error)
			     __array(u8, addr, 16)),
	    TP_fast_assign(__entry->what = event->what;
			   __entry->operation = event->operation;
			   __entry->refusal = event->refusal;
			   __entry->port = event->port;
			   __entry->association = event->association;
			   __entry->error = event->error;
			   memcpy(__entry->addr, event->addr, 16);),
	    TP_printk("what=%u association=%llu operation=%u refusal=%u addr=%pI6c port=%u errno=%u",
		      __entry->what, __entry->association,
		      __entry->operation, __entry->refusal, __entry->addr,
		      __entry->port, __entry->error)
);

#endif /* _ACF_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
