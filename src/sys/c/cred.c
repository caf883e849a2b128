// SPDX-License-Identifier: GPL-2.0-only
/*
 * The credentials of tasks, and keeping them from gaining others.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "helpers.h"

static void acf_read_ids(const struct cred *cred, struct acf_ids *ids)
{
	struct user_namespace *ns = &init_user_ns;

	*ids = (struct acf_ids) {
		.users = {
			from_kuid(ns, cred->uid),
			from_kuid(ns, cred->euid),
			from_kuid(ns, cred->suid),
			from_kuid(ns, cred->fsuid),
		},
		.groups = {
			from_kgid(ns, cred->gid),
			from_kgid(ns, cred->egid),
			from_kgid(ns, cred->sgid),
			from_kgid(ns, cred->fsgid),
		},
	};
}

/* The ids with which current acts. Context: process. */
void acf_helper_acting_ids(struct acf_ids *ids)
{
	acf_read_ids(current_cred(), ids);
}

/* What a thread is to current. Context: process. */
void acf_helper_task_creds(struct task_struct *task, struct acf_creds *creds)
{
	const struct cred *own = current_cred(), *cred;

	creds->in_process = same_thread_group(task, current);
	guard(rcu)();
	cred = __task_cred(task);
	acf_read_ids(cred, &creds->ids);
	creds->in_namespace = cred->user_ns == own->user_ns;
	creds->exceeds = !cap_issubset(cred->cap_permitted, own->cap_permitted);
}

/*
 * Keeps the process of a thread from executing a program: none that it began to
 * execute before changes its credentials afterwards. False if that cannot be had
 * now, as while it executes one. Context: process, never sleeps.
 */
bool acf_helper_try_guard_creds(struct task_struct *task)
{
	return mutex_trylock(&task->signal->cred_guard_mutex);
}

/* The same task must have called acf_helper_try_guard_creds(). */
void acf_helper_unguard_creds(struct task_struct *task)
{
	mutex_unlock(&task->signal->cred_guard_mutex);
}

/* Whether current has CAP_SYS_ADMIN in its own user namespace, as seccomp(2) and Landlock ask.
 * Context: process.
 */
bool acf_helper_administers_namespace(void)
{
	return ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN);
}

/* Whether a thread gains no right by executing a program. Context: any. */
bool acf_helper_task_no_new_privs(struct task_struct *task)
{
	return task_no_new_privs(task);
}

/*
 * Makes it so, for good, and for the threads and processes that it makes: they copy
 * the flag, and copy_process() looks at it again (copy_seccomp()). Context: any.
 */
void acf_helper_task_set_no_new_privs(struct task_struct *task)
{
	task_set_no_new_privs(task);
}
