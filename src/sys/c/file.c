// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes around an association: files that are no sockets, sockets that hooks are
 * not asked about, and memory that is shared with them.
 */

#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/skmsg.h>
#include <linux/userfaultfd_k.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "helpers.h"

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
