/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The credentials of tasks.
 */

#ifndef _ACF_CRED_H
#define _ACF_CRED_H

#include <linux/types.h>

struct task_struct;

/**
 * struct acf_ids - Ids in the initial user namespace
 * @users: Real, effective, saved user id, and that for files
 * @groups: The same of the group
 */
struct acf_ids {
	u32 users[4];
	u32 groups[4];
};

/**
 * struct acf_creds - What a thread is to current
 * @ids: Its ids
 * @in_namespace: It is in the same user namespace
 * @exceeds: It may have capabilities that current may not have
 * @in_process: It is of the same process
 */
struct acf_creds {
	struct acf_ids ids;
	bool in_namespace;
	bool exceeds;
	bool in_process;
};

void acf_helper_acting_ids(struct acf_ids *ids);
void acf_helper_task_creds(struct task_struct *task, struct acf_creds *creds);
bool acf_helper_try_guard_creds(struct task_struct *task);
void acf_helper_unguard_creds(struct task_struct *task);
bool acf_helper_administers_namespace(void);
bool acf_helper_task_no_new_privs(struct task_struct *task);
void acf_helper_task_set_no_new_privs(struct task_struct *task);

#endif /* _ACF_CRED_H */
