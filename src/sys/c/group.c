// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of entries of maps: lists that are read under RCU. The lock is a bit of the list's
 * head, as in a bucket of the hash table: a spinlock costs each task that is made or freed
 * more.
 */

#include <linux/irqflags.h>
#include <linux/rculist_bl.h>

#include "helpers.h"

/* Context: any. */
void acf_helper_group_init(struct acf_group *group)
{
	INIT_HLIST_BL_HEAD(&group->entries);
}

/*
 * At the head: a reader that has begun does not see it, so a walk ends even if entries
 * are added faster than it goes. Interrupts are off because some callers hold
 * tasklist_lock, which interrupts take. Context: any but NMI.
 */
void acf_helper_group_add(struct acf_group *group, struct acf_map_entry *entry)
{
	unsigned long flags;

	entry->end.group = group;
	local_irq_save(flags);
	hlist_bl_lock(&group->entries);
	hlist_bl_add_head_rcu(&entry->peers, &group->entries);
	hlist_bl_unlock(&group->entries);
	local_irq_restore(flags);
}

/*
 * Takes @entry out of its group, if it is in one. Readers may still have it for a grace
 * period. Context: any but NMI.
 */
void acf_helper_group_remove(struct acf_map_entry *entry)
{
	struct acf_group *group = entry->end.group;
	unsigned long flags;

	if (!group)
		return;
	local_irq_save(flags);
	hlist_bl_lock(&group->entries);
	hlist_bl_del_rcu(&entry->peers);
	hlist_bl_unlock(&group->entries);
	local_irq_restore(flags);
}

/*
 * Calls @visit, which must not sleep, for each entry of the group.
 * Context: any, under RCU.
 */
void acf_helper_group_each(struct acf_group *group,
			   void (*visit)(struct acf_map_entry *entry,
					 void *data),
			   void *data)
{
	struct acf_map_entry *entry;
	struct hlist_bl_node *node;

	hlist_bl_for_each_entry_rcu(entry, node, &group->entries, peers)
		visit(entry, data);
}
