/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of helpers.h: sends events to their readers. See events.c.
 */

#ifndef _ACF_EVENTS_H
#define _ACF_EVENTS_H

#include <linux/build_bug.h>
#include <linux/types.h>

struct acf_reader;
struct file;
struct iov_iter;
struct poll_table_struct;

/**
 * enum acf_events - Numbers that Rust and C share
 * @ACF_EVENTS_KEPT: How many events are kept for a reader that does not say
 * @ACF_EVENTS_LOST: The kind of an event that tells of lost ones
 * @ACF_EVENTS_RECENT: How many refusals are remembered
 */
enum acf_events {
	ACF_EVENTS_KEPT = 1024,
	ACF_EVENTS_LOST = 8,
	ACF_EVENTS_RECENT = 512,
};

/* An event as src/abi/event.rs documents it */
struct acf_event {
	u16 what;
	u16 operation;
	u16 refusal;
	u16 port;
	u64 time;
	u64 association;
	u32 pid;
	u32 tid;
	char comm[16];
	u8 addr[16];
	u32 error;
	u32 flags;
	u32 held_back;
	u32 lost;
	char name[32];
	u8 reserved[16];
};

static_assert(sizeof(struct acf_event) == 128);

/**
 * struct acf_moment - When something happens, and in which task
 * @time: Nanoseconds since the machine was started
 * @pid: Its process id in the initial pid namespace, or 0 if no task does it
 * @tid: Its thread id there
 * @comm: Its command
 */
struct acf_moment {
	u64 time;
	u32 pid;
	u32 tid;
	char comm[16];
};

/**
 * struct acf_word - Letters
 * @text: The letters, not terminated
 * @len: How many
 */
struct acf_word {
	const char *text;
	u32 len;
};

/**
 * struct acf_refusal - The words of a refusal
 * @operation: What was refused
 * @reason: Why
 * @class: What it was to be done to, in the words of SELinux
 */
struct acf_refusal {
	struct acf_word operation;
	struct acf_word reason;
	struct acf_word class;
};

bool acf_helper_events_wanted(void);
void acf_helper_events_tell(const struct acf_event *event,
			    const struct acf_refusal *refusal);
u32 acf_helper_second(void);
void acf_helper_moment(struct acf_moment *moment);

struct acf_reader *acf_helper_reader_new(u64 association, u32 room, bool recent);
void acf_helper_reader_free(struct acf_reader *reader);
ssize_t acf_helper_reader_read(struct acf_reader *reader, struct iov_iter *to,
			       bool nonblock);
u32 acf_helper_reader_poll(struct acf_reader *reader, struct file *file,
			   struct poll_table_struct *table);

/* --- counts.c: numbers that many processors add to --- */

struct acf_counts;

struct acf_counts *acf_helper_counts_new(u32 room);
void acf_helper_counts_free(struct acf_counts *counts);
void acf_helper_counts_add(struct acf_counts *counts, u32 at, u64 number);
u64 acf_helper_counts_sum(const struct acf_counts *counts, u32 at);

#endif /* _ACF_EVENTS_H */
