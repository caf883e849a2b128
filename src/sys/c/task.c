// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding and enumerating tasks.
 */

#include <asm/syscall.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/unistd.h>

#include "helpers.h"

/*
 * The process with this pid in the caller's pid namespace, with a reference, or
 * NULL.
 */
struct task_struct *acf_helper_task_by_pid(pid_t pid)
{
	struct pid *ref = find_get_pid(pid);
	struct task_struct *task = get_pid_task(ref, PIDTYPE_TGID);

	put_pid(ref);
	return task;
}

/* The real ids of current in the initial user namespace. */
void acf_helper_current_ids(u32 *uid, u32 *gid)
{
	*uid = from_kuid(&init_user_ns, current_uid());
	*gid = from_kgid(&init_user_ns, current_gid());
}

/*
 * Writes the path of the control group (version 2) of current, with a NUL. Returns its
 * length, or a negative errno if it does not fit or there are no control groups.
 */
int acf_helper_current_cgroup(char *buf, size_t size)
{
#ifdef CONFIG_CGROUPS
	guard(rcu)();
	return cgroup_path(task_dfl_cgroup(current), buf, size);
#else
	return -EOPNOTSUPP;
#endif
}

/* Kills the process of current before it returns to user space. */
void acf_helper_kill_current(void)
{
	send_sig(SIGKILL, current, 1);
}

/*
 * Sends SIGSYS for a call of current that was refused with @error, a positive errno. A
 * worker of an io_uring has no call of its own, and takes no signals: it goes to the
 * process.
 */
void acf_helper_signal_refusal(int error)
{
	bool worker = current->flags & PF_IO_WORKER;
	struct kernel_siginfo info;

	clear_siginfo(&info);
	info.si_signo = SIGSYS;
	/* The only code whose fields programs know. */
	info.si_code = SYS_SECCOMP;
	info.si_errno = error;
	info.si_call_addr = worker ? NULL : (void __user *)KSTK_EIP(current);
	info.si_syscall = worker ? __NR_io_uring_enter :
				   syscall_get_nr(current, current_pt_regs());
	info.si_arch = syscall_get_arch(current);
	send_sig_info(SIGSYS, &info, worker ? current->group_leader : current);
}

void acf_helper_task_get(struct task_struct *task)
{
	get_task_struct(task);
}

/* Context: any. */
void acf_helper_task_put(struct task_struct *task)
{
	put_task_struct(task);
}

bool acf_helper_task_is_kernel(const struct task_struct *task)
{
	return task->flags & PF_KTHREAD;
}

/* Its process id in the caller's pid namespace, or 0 if it has none there. */
pid_t acf_helper_task_tgid_here(struct task_struct *task)
{
	return task_tgid_vnr(task);
}

/*
 * Takes a reference to each thread of a process that has not begun to exit, to
 * @room of them at most, and returns how many there are.
 */
unsigned int acf_helper_threads(struct task_struct *process,
				struct task_struct **threads,
				unsigned int room)
{
	struct task_struct *thread;
	unsigned int count = 0;

	guard(rcu)();
	for_each_thread(process, thread) {
		if (READ_ONCE(thread->flags) & PF_EXITING)
			continue;
		if (count < room)
			threads[count] = get_task_struct(thread);
		count++;
	}
	return count;
}

/* Whether a thread has begun to exit. */
bool acf_helper_task_exits(const struct task_struct *task)
{
	return READ_ONCE(task->flags) & PF_EXITING;
}

/* Whether a thread is one that the kernel made for an io_uring. */
bool acf_helper_task_serves_ring(const struct task_struct *task)
{
	return READ_ONCE(task->flags) & PF_IO_WORKER;
}

bool acf_helper_task_same_process(struct task_struct *task,
				  struct task_struct *other)
{
	return same_thread_group(task, other);
}

/* The tracer of a thread, never dereferenced, or NULL. Under RCU. */
const struct task_struct *acf_helper_task_tracer(const struct task_struct *task)
{
	return READ_ONCE(task->ptrace) ? rcu_access_pointer(task->parent) : NULL;
}

/* Whether a thread traces another. */
bool acf_helper_task_traces(const struct task_struct *task)
{
	return !list_empty(&task->ptraced);
}

/* Whether two threads share their memory. */
bool acf_helper_task_shares_memory(const struct task_struct *task,
				   const struct task_struct *other)
{
	const struct mm_struct *mm = READ_ONCE(task->mm);

	return mm && mm == READ_ONCE(other->mm);
}

/* A thread's table of descriptors, never dereferenced, or NULL. */
const void *acf_helper_task_files(const struct task_struct *task)
{
	return READ_ONCE(task->files);
}

/*
 * Calls @visit for every thread of every process, under RCU, until it returns
 * false. @visit must not sleep. Context: any.
 */
void acf_helper_each_task(bool (*visit)(struct task_struct *task, void *data),
			  void *data)
{
	struct task_struct *process, *thread;

	guard(rcu)();
	for_each_process_thread(process, thread) {
		if (!visit(thread, data))
			return;
	}
}

/*
 * Calls @visit for every thread of the process that has the id @tgid in the initial pid
 * namespace, under RCU, until it returns false. @visit must not sleep. Context: any.
 */
void acf_helper_each_thread(pid_t tgid,
			    bool (*visit)(struct task_struct *task, void *data),
			    void *data)
{
	struct task_struct *process, *thread;

	guard(rcu)();
	process = pid_task(find_pid_ns(tgid, &init_pid_ns), PIDTYPE_TGID);
	if (!process)
		return;
	for_each_thread(process, thread) {
		if (!visit(thread, data))
			return;
	}
}

/* @ceiling must not be 0. Context: any. */
u32 acf_helper_random_below(u32 ceiling)
{
	return get_random_u32_below(ceiling);
}
