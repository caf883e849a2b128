// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling events to those who read the control device, to tracing and to the audit
 * subsystem. Nobody waits for a reader: what it does not read in time is lost, and counted.
 */

#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "helpers.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * @list: of all readers
 * @wait: readers that wait for events
 * @association: the only one whose events are told, or 0
 * @since: refusals before this one are remembered ones, for the reader
 * @lost: events for which there was no room since the last one that got in
 * @events: those that were not read yet. Reading needs no lock against telling.
 */
struct acf_reader {
	struct list_head list;
	wait_queue_head_t wait;
	/* One thread reads at a time. */
	struct mutex reading;
	/* One context tells at a time. Guards @lost. */
	spinlock_t lock;
	u64 association;
	u64 since;
	u32 lost;
	DECLARE_KFIFO_PTR(events, struct acf_event);
};

static LIST_HEAD(acf_readers);

/* The last refusals. A reader that wants them gets them when it is put on the list. */
static struct acf_event acf_recent[ACF_EVENTS_RECENT];
static u64 acf_recent_count;
/* Guards these, and changes of the list of readers. */
static DEFINE_SPINLOCK(acf_recent_lock);

/* Whether anybody listens. Context: any. */
bool acf_helper_events_wanted(void)
{
	return !list_empty(&acf_readers) || trace_addrconf_event_enabled() ||
	       (IS_ENABLED(CONFIG_AUDIT) && audit_enabled);
}

/*
 * The kernel's audit_log_untrustedstring(), which modules cannot call: in quotes, or in
 * hexadecimal if a reader could take it for more than a word.
 */
static void acf_audit_comm(struct audit_buffer *ab, const char *comm)
{
	int len = strnlen(comm, TASK_COMM_LEN);
	int i;

	for (i = 0; i < len; i++) {
		if (comm[i] == '"' || comm[i] < 0x21 || comm[i] > 0x7e) {
			audit_log_format(ab, " comm=%*phN", len, comm);
			return;
		}
	}
	audit_log_format(ab, " comm=\"%.*s\"", len, comm);
}

static void acf_audit_word(struct audit_buffer *ab, const char *field,
			   const struct acf_word *word)
{
	audit_log_format(ab, "%s%.*s", field, word->len, word->text);
}

static void acf_audit(const struct acf_event *event,
		      const struct acf_refusal *refusal)
{
	struct audit_buffer *ab;

	/* Changes are made by control calls, which the audit rules of the machine cover. */
	if (!IS_ENABLED(CONFIG_AUDIT) || !audit_enabled || !event->error)
		return;
	/*
	 * With the record comes one of the system call, but a packet that arrives has
	 * nothing to do with that of the task that it interrupts.
	 */
	ab = audit_log_start(in_task() ? audit_context() : NULL,
			     GFP_ATOMIC | __GFP_NOWARN, AUDIT_AVC);
	if (!ab)
		return;
	acf_audit_word(ab, "lsm=addrconf denied=", &refusal->operation);
	acf_audit_word(ab, " reason=", &refusal->reason);
	audit_log_format(ab, " association=%llu pid=%u", event->association,
			 event->pid);
	acf_audit_comm(ab, event->comm);
	if (event->flags)
		audit_log_format(ab, " addr=%pI6c port=%u", event->addr,
				 event->port);
	audit_log_format(ab, " errno=%u", event->error);
	/* ausearch(8) leaves out records of this type without a class. */
	acf_audit_word(ab, " tclass=", &refusal->class);
	audit_log_end(ab);
}

static bool acf_reader_wants(const struct acf_reader *reader,
			     const struct acf_event *event)
{
	return !reader->association || reader->association == event->association;
}

static void acf_reader_tell(struct acf_reader *reader,
			    const struct acf_event *event)
{
	struct acf_event copy = *event;

	/* Some hooks are called with interrupts off. */
	scoped_guard(spinlock_irqsave, &reader->lock) {
		copy.lost = reader->lost;
		if (kfifo_put(&reader->events, copy))
			WRITE_ONCE(reader->lost, 0);
		else if (copy.lost != U32_MAX)
			WRITE_ONCE(reader->lost, copy.lost + 1);
	}
	wake_up_interruptible_poll(&reader->wait, EPOLLIN | EPOLLRDNORM);
}

/*
 * Tells an event to all that listen, with the names of what was refused and why.
 * Context: any but hard interrupts; never sleeps.
 */
void acf_helper_events_tell(const struct acf_event *event,
			    const struct acf_refusal *refusal)
{
	struct acf_reader *reader;
	u64 at = U64_MAX;

	if (event->error) {
		guard(spinlock_irqsave)(&acf_recent_lock);
		at = acf_recent_count++;
		acf_recent[at % ACF_EVENTS_RECENT] = *event;
	}
	trace_addrconf_event(event);
	acf_audit(event, refusal);
	guard(rcu)();
	list_for_each_entry_rcu(reader, &acf_readers, list) {
		if (at >= reader->since && acf_reader_wants(reader, event))
			acf_reader_tell(reader, event);
	}
}

/* The second since the machine was started, of a clock that is cheap to read. Context: any. */
u32 acf_helper_second(void)
{
	return ktime_get_boottime_seconds();
}

/* Context: any but hard interrupts. */
void acf_helper_moment(struct acf_moment *moment)
{
	*moment = (struct acf_moment){ .time = ktime_get_boottime_ns() };
	/* A packet that arrives has nothing to do with the task that it interrupts. */
	if (!in_task())
		return;
	moment->pid = task_tgid_nr(current);
	moment->tid = task_pid_nr(current);
	get_task_comm(moment->comm, current);
}

/* The caller holds acf_recent_lock. Nobody else has the reader yet. */
static void acf_reader_fill(struct acf_reader *reader)
{
	u64 at = acf_recent_count > ACF_EVENTS_RECENT ?
		 acf_recent_count - ACF_EVENTS_RECENT : 0;

	for (; at < acf_recent_count; at++) {
		const struct acf_event *event = &acf_recent[at % ACF_EVENTS_RECENT];

		if (acf_reader_wants(reader, event) &&
		    !kfifo_put(&reader->events, *event))
			reader->lost++;
	}
}

/*
 * A reader of the events of @association, or of all if it is 0, with @recent refusals first. Room
 * for @room events, or as many as is usual if it is 0. NULL if memory lacks. Context: process, may
 * sleep.
 */
struct acf_reader *acf_helper_reader_new(u64 association, u32 room, bool recent)
{
	struct acf_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT);

	if (!reader)
		return NULL;
	if (kfifo_alloc(&reader->events, room ?: ACF_EVENTS_KEPT,
			GFP_KERNEL_ACCOUNT)) {
		kfree(reader);
		return NULL;
	}
	init_waitqueue_head(&reader->wait);
	mutex_init(&reader->reading);
	spin_lock_init(&reader->lock);
	reader->association = association;
	scoped_guard(spinlock_irqsave, &acf_recent_lock) {
		if (recent)
			acf_reader_fill(reader);
		reader->since = acf_recent_count;
		list_add_tail_rcu(&reader->list, &acf_readers);
	}
	return reader;
}

/* Nobody reads or polls any more. Context: process, may sleep. */
void acf_helper_reader_free(struct acf_reader *reader)
{
	scoped_guard(spinlock_irqsave, &acf_recent_lock)
		list_del_rcu(&reader->list);
	/* Somebody may be telling. */
	synchronize_rcu();
	kfifo_free(&reader->events);
	kfree(reader);
}

static bool acf_reader_has_any(struct acf_reader *reader)
{
	return !kfifo_is_empty(&reader->events) || READ_ONCE(reader->lost);
}

/* The next event, or how many were lost after the last one. The caller holds @reading. */
static bool acf_reader_next(struct acf_reader *reader, struct acf_event *event)
{
	if (kfifo_get(&reader->events, event))
		return true;
	guard(spinlock_irqsave)(&reader->lock);
	if (!reader->lost)
		return false;
	*event = (struct acf_event){
		.what = ACF_EVENTS_LOST,
		.time = ktime_get_boottime_ns(),
		.lost = reader->lost,
	};
	WRITE_ONCE(reader->lost, 0);
	return true;
}

static ssize_t acf_reader_take(struct acf_reader *reader, struct iov_iter *to)
{
	struct acf_event event;
	ssize_t taken = 0;

	while (iov_iter_count(to) >= sizeof(event) &&
	       acf_reader_next(reader, &event)) {
		if (copy_to_iter(&event, sizeof(event), to) != sizeof(event))
			return taken ?: -EFAULT;
		taken += sizeof(event);
	}
	return taken;
}

/* Reads whole events, and waits for one unless @nonblock. Context: process, may sleep. */
ssize_t acf_helper_reader_read(struct acf_reader *reader, struct iov_iter *to,
			       bool nonblock)
{
	ssize_t taken;

	if (iov_iter_count(to) < sizeof(struct acf_event))
		return -EINVAL;
	for (;;) {
		scoped_cond_guard(mutex_intr, return -ERESTARTSYS, &reader->reading)
			taken = acf_reader_take(reader, to);
		if (taken)
			return taken;
		if (nonblock)
			return -EAGAIN;
		if (wait_event_interruptible(reader->wait,
					     acf_reader_has_any(reader)))
			return -ERESTARTSYS;
	}
}

/* Context: process, may sleep. */
u32 acf_helper_reader_poll(struct acf_reader *reader, struct file *file,
			   struct poll_table_struct *table)
{
	poll_wait(file, &reader->wait, table);
	return acf_reader_has_any(reader) ? EPOLLIN | EPOLLRDNORM : 0;
}
