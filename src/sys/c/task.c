// SPDX-License-Identifier: GPL-2.0-only
/*
 * Naming and enumerating tasks.
 */

#include <asm/unistd.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/net.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/skmsg.h>
#include <linux/userfaultfd_k.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "helpers.h"

/*
 * The process with this pid in the caller's pid namespace, or NULL. To be let
 * go with acf_helper_task_put().
 */
struct task_struct *acf_helper_task_by_pid(pid_t pid)
{
	struct pid *ref = find_get_pid(pid);
	struct task_struct *task = get_pid_task(ref, PIDTYPE_TGID);

	put_pid(ref);
	return task;
}

void acf_helper_task_get(struct task_struct *task)
{
	get_task_struct(task);
}

/* Any context. */
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
 * Takes a reference to up to @room threads of a process that have not begun to
 * exit, and returns how many there are.
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

struct acf_each_socket {
	bool (*visit)(struct sock *sk, void *data);
	void *data;
	/* The descriptor, where only one is meant. */
	unsigned long fd;
};

static int acf_visit_file(const void *data, struct file *file, unsigned int fd)
{
	const struct acf_each_socket *each = data;
	struct socket *sock = sock_from_file(file);

	if (!sock || !sock->sk)
		return 0;
	return !each->visit(sock->sk, each->data);
}

/*
 * Calls @visit for every socket among the open files of a thread, as long as
 * it returns true. Must not sleep: the table of files is locked. Returns the
 * table, not to be dereferenced, or NULL if the thread has none.
 */
const void *acf_helper_each_socket(struct task_struct *task,
				   bool (*visit)(struct sock *sk, void *data),
				   void *data)
{
	struct acf_each_socket each = { .visit = visit, .data = data };

	guard(task_lock)(task);
	if (task->files)
		iterate_fd(task->files, 0, acf_visit_file, &each);
	return task->files;
}

/*
 * The system call that a thread sleeps in, with its first argument, or -1. What
 * works for an io_uring is in none.
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
 * Calls @visit for the socket whose descriptor is the first argument of the call
 * that a thread sleeps in, as it is of those that receive and accept. Must not
 * sleep: the table of files is locked.
 */
void acf_helper_socket_of_call(struct task_struct *task,
			       bool (*visit)(struct sock *sk, void *data),
			       void *data)
{
	struct acf_each_socket each = { .visit = visit, .data = data };

	if (acf_call_slept_in(task, &each.fd) < 0 || each.fd > INT_MAX)
		return;
	guard(task_lock)(task);
	if (task->files)
		iterate_fd(task->files, each.fd, acf_visit_first, &each);
}

bool acf_helper_task_same_process(struct task_struct *task,
				  struct task_struct *other)
{
	return same_thread_group(task, other);
}

/* Who traces a thread, not to be dereferenced, or NULL. Under RCU. */
const struct task_struct *acf_helper_task_tracer(const struct task_struct *task)
{
	return READ_ONCE(task->ptrace) ? rcu_access_pointer(task->parent) : NULL;
}

/* Whether a thread traces anybody. */
bool acf_helper_task_traces(const struct task_struct *task)
{
	return !list_empty(&task->ptraced);
}

/*
 * The memory that whoever has a file can write: that of a process, or what
 * userfaultfd(2) provides. Not to be dereferenced. NULL if none.
 */
const struct mm_struct *acf_helper_file_memory(const struct file *file)
{
	const struct inode *inode = file_inode(file);
	const char *name = file->f_path.dentry->d_name.name;

	if (inode->i_sb->s_magic == PROC_SUPER_MAGIC)
		return S_ISREG(inode->i_mode) && !strcmp(name, "mem") ?
			       file->private_data :
			       NULL;
#ifdef CONFIG_USERFAULTFD
	if (inode->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	    !strcmp(name, "[userfaultfd]"))
		return ((struct userfaultfd_ctx *)file->private_data)->mm;
#endif
	return NULL;
}

/* Whether a thread has this memory. Any context. */
bool acf_helper_task_has_memory(const struct task_struct *task,
				const struct mm_struct *mm)
{
	return READ_ONCE(task->mm) == mm;
}

/* Whether a file lets its owner inject packets as a network device. */
bool acf_helper_file_is_network_device(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	return S_ISCHR(inode->i_mode) &&
	       (inode->i_rdev == MKDEV(MISC_MAJOR, TUN_MINOR) ||
		inode->i_rdev == MKDEV(MISC_MAJOR, VHOST_NET_MINOR));
}

/* Whether a file is an io_uring that another process than current's polls. */
bool acf_helper_file_is_polled(const struct file *file)
{
	return acf_gate_uring_polled(file, current->mm);
}

/*
 * Whether the kernel may have a connection go on from and to other addresses,
 * by sockets of its own.
 */
static bool acf_is_joined(const struct sock *sk)
{
	return sk && READ_ONCE(sk->sk_protocol) == IPPROTO_MPTCP &&
	       !((1 << READ_ONCE(sk->sk_state)) & (TCPF_CLOSE | TCPF_LISTEN));
}

/* Whether BPF programs may take what is sent and received elsewhere. */
static bool acf_is_redirected(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_NET_SOCK_MSG)
	guard(rcu)();
	return sk && sk_psock(sk);
#else
	return false;
#endif
}

/*
 * Whether a file is a way out that no hook is asked about any more: packet and
 * XDP sockets have rings, MPTCP connections are joined by others, BPF programs
 * may redirect what is sent and received, an io_uring may be polled by another
 * process, a TUN device takes any packet, /proc/PID/mem asks only who opens it,
 * and who has a userfaultfd fills pages.
 */
static bool acf_is_way_out(struct file *file, const struct mm_struct *mm)
{
	const struct socket *sock = sock_from_file(file);
	const struct mm_struct *memory = acf_helper_file_memory(file);

	if (sock)
		return sock->ops->family == PF_PACKET ||
		       sock->ops->family == PF_XDP ||
		       acf_is_joined(sock->sk) ||
		       acf_is_redirected(sock->sk);
	return acf_gate_uring_polled(file, mm) ||
	       acf_helper_file_is_network_device(file) ||
	       (memory && memory != mm);
}

static int acf_find_way_out(const void *mm, struct file *file, unsigned int fd)
{
	return acf_is_way_out(file, mm);
}

/* Whether a thread has such a file open. Who exits uses none any more. */
bool acf_helper_task_opens_way_out(struct task_struct *task)
{
	guard(task_lock)(task);
	return task->files && task->mm &&
	       iterate_fd(task->files, 0, acf_find_way_out, task->mm);
}

/*
 * Whether a thread has such a file in its memory: 1 or 0, or -EAGAIN when that is
 * locked, as it is while it changes. May sleep, but for nobody's sake.
 */
int acf_helper_task_maps_way_out(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	struct vm_area_struct *vma;
	int found = 0;

	if (!mm)
		return 0;
	if (mmap_read_trylock(mm)) {
		VMA_ITERATOR(vmi, mm, 0);

		for_each_vma(vmi, vma) {
			found = vma->vm_file &&
				acf_is_way_out(vma->vm_file, mm);
			if (found)
				break;
		}
		mmap_read_unlock(mm);
	} else {
		found = -EAGAIN;
	}
	/* Whoever is the last to let go waits for input and output under way. */
	mmput_async(mm);
	return found;
}

/* Whether two threads share their memory. */
bool acf_helper_task_shares_memory(const struct task_struct *task,
				   const struct task_struct *other)
{
	const struct mm_struct *mm = READ_ONCE(task->mm);

	return mm && mm == READ_ONCE(other->mm);
}

/* A thread's table of descriptors, not to be dereferenced, or NULL. */
const void *acf_helper_task_files(const struct task_struct *task)
{
	return READ_ONCE(task->files);
}

/*
 * Whether a thread sleeps in a system call that only waits, and gets no data.
 * When it wakes, its next call begins after this. No call of a 32-bit program
 * that gets data has one of these numbers.
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

/* As many entries of a wait queue are looked at. */
#define ACF_MOST_WAITERS 1024

/*
 * Whether a thread waits for a socket to have something, as far as that can be
 * told: very many may wait. Any context.
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
	/* Who polls has something else in there. */
	guard(spinlock_irqsave)(&wq->wait.lock);
	list_for_each_entry(entry, &wq->wait.head, entry) {
		if (entry->private == task)
			return true;
		/* Interrupts are off. Then it may be recalled in vain. */
		if (++looked == ACF_MOST_WAITERS)
			break;
	}
	return false;
}

/*
 * Has a thread come back from the system call it sleeps in, and begin it anew,
 * as if it had been stopped and continued: set_notify_signal(), which modules
 * cannot call. Any context.
 */
void acf_helper_task_recall(struct task_struct *task)
{
	if (test_and_set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL))
		return;
	/* Whoever goes to sleep only now sees the flag before. */
	if (READ_ONCE(task->__state) & TASK_INTERRUPTIBLE)
		wake_up_process(task);
	kick_process(task);
}

/*
 * Whether it did not come back yet. Who is stopped is in no call, and does not
 * come back before it is continued.
 */
bool acf_helper_task_recalled(struct task_struct *task)
{
	return test_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL) &&
	       !(READ_ONCE(task->flags) & PF_EXITING) &&
	       !(READ_ONCE(task->__state) & (__TASK_STOPPED | __TASK_TRACED));
}

/* Whether the running task is to return for a signal, or was recalled. */
bool acf_helper_interrupted(void)
{
	return signal_pending(current);
}

/*
 * Calls @visit for every thread of every process, under RCU, as long as it
 * returns true.
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

/* @ceiling is not 0. */
u32 acf_helper_random_below(u32 ceiling)
{
	return get_random_u32_below(ceiling);
}
