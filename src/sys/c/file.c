// SPDX-License-Identifier: GPL-2.0-only
/*
 * What open files are. The policy decides which are permitted.
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
 * The memory to which a file gives access: that of a process, or that for which
 * userfaultfd(2) provides pages; @pages says which. Never dereferenced. NULL if
 * none.
 */
static const struct mm_struct *acf_memory(const struct file *file, bool *pages)
{
	*pages = false;
	if (acf_gate_file_is_memory(file))
		return file->private_data;
#ifdef CONFIG_USERFAULTFD
	if (file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	    !strcmp(file->f_path.dentry->d_name.name, "[userfaultfd]")) {
		*pages = true;
		return ((struct userfaultfd_ctx *)file->private_data)->mm;
	}
#endif
	return NULL;
}

/* Whether BPF programs may redirect what a socket sends and receives. */
static bool acf_is_redirected(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_NET_SOCK_MSG)
	guard(rcu)();
	return sk_psock(sk);
#else
	return false;
#endif
}

/*
 * What @file is to a process that has the memory @mm, or to the running task if
 * @mm is NULL. Context: any; process if @mm is NULL.
 */
void acf_helper_file_info(struct file *file, const struct mm_struct *mm,
			  struct acf_file_info *info)
{
	const struct socket *sock = sock_from_file(file);
	const struct inode *inode = file_inode(file);

	*info = (struct acf_file_info){ .socket = sock };
	if (sock) {
		const struct sock *sk = sock->sk;

		info->family = sock->ops->family;
		/* It is not made completely, or is being closed. */
		if (!sk)
			return;
		info->protocol = READ_ONCE(sk->sk_protocol);
		info->state = READ_ONCE(sk->sk_state);
		info->redirected = acf_is_redirected(sk);
		return;
	}
	info->device = S_ISCHR(inode->i_mode);
	info->major = MAJOR(inode->i_rdev);
	info->minor = MINOR(inode->i_rdev);
	info->foreign_ring = acf_gate_uring_foreign(file, mm ?: current->mm);
	info->memory = acf_memory(file, &info->pages);
}

/* The file of a descriptor of current, also of open(2) with O_PATH, or NULL. */
struct file *acf_helper_file_get(int fd)
{
	return fget_raw(fd);
}

void acf_helper_file_put(struct file *file)
{
	fput(file);
}

bool acf_helper_file_is_regular(const struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode);
}

struct acf_file_id acf_helper_file_id(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	return (struct acf_file_id) {
		.device = inode->i_sb->s_dev,
		.inode = inode->i_ino,
	};
}

/* Whether a thread has this memory. Context: any. */
bool acf_helper_task_has_memory(const struct task_struct *task,
				const struct mm_struct *mm)
{
	return READ_ONCE(task->mm) == mm;
}

struct acf_visit_files {
	bool (*visit)(const struct acf_file_info *info, int fd, void *data);
	void *data;
	const struct mm_struct *mm;
	const struct files_struct *files;
};

static int acf_visit_info(const void *data, struct file *file, unsigned int fd)
{
	const struct acf_visit_files *visit = data;
	struct acf_file_info info;

	acf_helper_file_info(file, visit->mm, &info);
	info.closes = close_on_exec(fd, visit->files);
	return !visit->visit(&info, fd, visit->data);
}

/*
 * Calls @visit for each file that a thread has open, until it returns false.
 * @visit must not sleep: the table of files is locked. A thread without memory
 * exits, and no longer uses its files. Context: process.
 */
void acf_helper_each_file(struct task_struct *task,
			  bool (*visit)(const struct acf_file_info *info,
					int fd, void *data),
			  void *data)
{
	struct acf_visit_files files = { .visit = visit, .data = data };

	guard(task_lock)(task);
	files.mm = task->mm;
	files.files = task->files;
	if (task->files && task->mm)
		iterate_fd(task->files, 0, acf_visit_info, &files);
}

/*
 * Calls @visit for each file that a thread has mapped, with -1 for the descriptor,
 * until it returns false. Returns 0, or -EAGAIN when the memory is locked, as it is
 * while it changes. Context: process, may sleep; never waits for another task.
 */
int acf_helper_each_mapped(struct task_struct *task,
			   bool (*visit)(const struct acf_file_info *info,
					 int fd, void *data),
			   void *data)
{
	struct mm_struct *mm = get_task_mm(task);
	struct acf_file_info info;
	struct vm_area_struct *vma;
	int result = 0;

	if (!mm)
		return 0;
	if (mmap_read_trylock(mm)) {
		VMA_ITERATOR(vmi, mm, 0);

		for_each_vma(vmi, vma) {
			if (!vma->vm_file)
				continue;
			acf_helper_file_info(vma->vm_file, mm, &info);
			if (!visit(&info, -1, data))
				break;
		}
		mmap_read_unlock(mm);
	} else {
		result = -EAGAIN;
	}
	/* Not mmput(): the last one frees the memory itself, and may wait. */
	mmput_async(mm);
	return result;
}
