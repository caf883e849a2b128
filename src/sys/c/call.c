// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets that tasks have open, and the system calls that they are in.
 */

#include <asm/syscall.h>
#include <asm/unistd.h>
#include <linux/fdtable.h>
#include <linux/net.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/wait.h>
#include <net/sock.h>

#include "helpers.h"

struct acf_each_socket {
	bool (*visit)(struct sock *sk, unsigned int fd, void *data);
	void *data;
	/* The descriptor, for acf_visit_first() only. */
	unsigned long fd;
};

static int acf_visit_file(const void *data, struct file *file, unsigned int fd)
{
	const struct acf_each_socket *each = data;
	struct socket *sock = sock_from_file(file);

	if (!sock || !sock->sk)
		return 0;
	return !each->visit(sock->sk, fd, each->data);
}

/*
 * Calls @visit for every socket among the open files of a thread, until it
 * returns false. @visit must not sleep: the table of files is locked. Returns the
 * table, never dereferenced, or NULL if the thread has none. Context: process.
 */
const void *acf_helper_each_socket(struct task_struct *task,
				   bool (*visit)(struct sock *sk,
						 unsigned int fd, void *data),
				   void *data)
{
	struct acf_each_socket each = { .visit = visit, .data = data };

	guard(task_lock)(task);
	if (task->files)
		iterate_fd(task->files, 0, acf_visit_file, &each);
	return task->files;
}

/*
 * The system call in which a thread sleeps, with its first argument, or -1. A
 * worker of an io_uring is in none.
 */
static long acf_call_slept_in(struct task_struct *task, unsigned long *first)
{
	if (!(READ_ONCE(task->__state) & TASK_INTERRUPTIBLE) ||
	    READ_ONCE(task->flags) & (PF_KTHREAD | PF_USER_WORKER))
		return -1;
	return acf_gate_task_syscall(task, first);
}

static int acf_visit_first(const void *data, struct file *file, unsigned int fd)
{
	const struct acf_each_socket *each = data;

	if (fd == each->fd)
		acf_visit_file(data, file, fd);
	return 1;
}

/*
 * Calls @visit for the socket whose descriptor is the first argument of the system
 * call in which a thread sleeps, as it is for calls that receive and accept.
 * @visit must not sleep: the table of files is locked. Context: process.
 */
void acf_helper_socket_of_call(struct task_struct *task,
			       bool (*visit)(struct sock *sk,
					     unsigned int fd, void *data),
			       void *data)
{
	struct acf_each_socket each = { .visit = visit, .data = data };

	if (acf_call_slept_in(task, &each.fd) < 0 || each.fd > INT_MAX)
		return;
	guard(task_lock)(task);
	if (task->files)
		iterate_fd(task->files, each.fd, acf_visit_first, &each);
}

/*
 * Whether a thread sleeps in a system call that only waits and returns no data.
 * Its next call begins after this one ends, and is checked then. The numbers are
 * those of 64-bit programs. No call of a 32-bit program that returns data has one
 * of them.
 */
bool acf_helper_task_only_waits(struct task_struct *task)
{
	unsigned long first;

	switch (acf_call_slept_in(task, &first)) {
#ifdef __NR_epoll_wait
	case __NR_epoll_wait:
#endif
#ifdef __NR_poll
	case __NR_poll:
#endif
#ifdef __NR_select
	case __NR_select:
#endif
#ifdef __NR_pause
	case __NR_pause:
#endif
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
	case __NR_ppoll:
	case __NR_pselect6:
	case __NR_futex:
	case __NR_nanosleep:
	case __NR_clock_nanosleep:
	case __NR_wait4:
	case __NR_waitid:
	case __NR_rt_sigsuspend:
	case __NR_rt_sigtimedwait:
		return true;
	default:
		return false;
	}
}

/* How many entries of a wait queue are looked at. */
#define ACF_MOST_WAITERS 1024

/*
 * Whether a thread waits until a socket has something. False also when too many
 * others wait. Context: any.
 */
bool acf_helper_task_waits_on(const struct task_struct *task, struct sock *sk)
{
	const wait_queue_entry_t *entry;
	unsigned int looked = 0;
	struct socket_wq *wq;

	guard(rcu)();
	wq = rcu_dereference(sk->sk_wq);
	if (!wq)
		return false;
	/* The entry of a thread that polls has another private pointer. */
	guard(spinlock_irqsave)(&wq->wait.lock);
	list_for_each_entry(entry, &wq->wait.head, entry) {
		if (entry->private == task)
			return true;
		/* Interrupts are off. False recalls the thread, which is safe. */
		if (++looked == ACF_MOST_WAITERS)
			break;
	}
	return false;
}

/*
 * Interrupts the system call in which a thread sleeps. The thread enters the call
 * again, as after SIGSTOP and SIGCONT. This is set_notify_signal(), which modules
 * cannot call. Context: any.
 */
void acf_helper_task_recall(struct task_struct *task)
{
	if (test_and_set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL))
		return;
	/* A thread that goes to sleep after this sees the flag first. */
	if (READ_ONCE(task->__state) & TASK_INTERRUPTIBLE)
		wake_up_process(task);
	kick_process(task);
}

/*
 * Whether a thread was recalled, and is still in the call from before. A stopped
 * thread counts as back: it is in no call, and keeps the flag until it continues.
 */
bool acf_helper_task_recalled(struct task_struct *task)
{
	return test_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL) &&
	       !(READ_ONCE(task->flags) & PF_EXITING) &&
	       !(READ_ONCE(task->__state) & (__TASK_STOPPED | __TASK_TRACED));
}

/*
 * The length that the running task passes to setsockopt(2), or -1 if that cannot be
 * told. The hook does not get it. It is in the registers of the call, which no other
 * thread can change. A thread that has used an io_uring may carry out an option of a
 * ring before it returns from any call, so what is in its registers says nothing. Nor do
 * those of a 32-bit program on x86, whose calls have other numbers.
 */
int acf_helper_option_length(void)
{
	struct pt_regs *regs = current_pt_regs();
	unsigned long args[6];

	if (current->flags & (PF_KTHREAD | PF_USER_WORKER) ||
	    syscall_get_nr(current, regs) != __NR_setsockopt)
		return -1;
#ifdef CONFIG_IO_URING
	if (current->io_uring)
		return -1;
#endif
	syscall_get_arguments(current, regs, args);
	return (int)args[4];
}

/* Whether the running task should return for a signal, or was recalled. */
bool acf_helper_interrupted(void)
{
	return signal_pending(current);
}
