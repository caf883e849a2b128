// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read-only files in sysfs, and the module's work queues.
 */

#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "helpers.h"

/**
 * struct acf_file - A read-only file
 * @attr: Its attribute in sysfs
 * @show: Fills a page and returns how many bytes it used, or a negative errno
 * @data: For @show
 * @name: Its name
 */
struct acf_file {
	struct kobj_attribute attr;
	acf_show_t show;
	const void *data;
	char name[24];
};

static ssize_t acf_file_show(struct kobject *dir, struct kobj_attribute *attr,
			     char *page)
{
	const struct acf_file *file = container_of(attr, struct acf_file, attr);

	return file->show(file->data, page);
}

/*
 * Makes a file. Returns an error pointer on failure. @data must stay until
 * acf_helper_file_remove() has returned. Context: process, may sleep.
 */
struct acf_file *acf_helper_file_create(struct kobject *dir, const char *name,
					u16 mode, acf_show_t show,
					const void *data)
{
	struct acf_file *file = kzalloc_obj(*file);
	int err;

	if (!file)
		return ERR_PTR(-ENOMEM);
	strscpy(file->name, name);
	file->show = show;
	file->data = data;
	sysfs_attr_init(&file->attr.attr);
	file->attr.attr.name = file->name;
	file->attr.attr.mode = mode;
	file->attr.show = acf_file_show;
	err = sysfs_create_file(dir, &file->attr.attr);
	if (err) {
		kfree(file);
		return ERR_PTR(err);
	}
	return file;
}

/* When this returns, @show no longer runs. Context: process, may sleep. */
void acf_helper_file_remove(struct kobject *dir, struct acf_file *file)
{
	sysfs_remove_file(dir, &file->attr.attr);
	kfree(file);
}

struct kobject *acf_helper_kernel_kobj(void)
{
	return kernel_kobj;
}

/*
 * Makes a work queue. NULL on failure. It runs one work item at a time: all wait
 * for the same locks, and the kernel would make a thread for each that waits.
 * Context: process, may sleep.
 */
struct workqueue_struct *acf_helper_queue_new(const char *name)
{
	return alloc_workqueue("%s", WQ_UNBOUND, 1, name);
}
