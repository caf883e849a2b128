// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU hash table keyed by pointer: rhashtable's inline functions, with the
 * parameters compiled in.
 */

#include <linux/err.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>

#include "helpers.h"

static const struct rhashtable_params acf_map_params = {
	.head_offset = offsetof(struct acf_map_entry, node),
	.key_offset = offsetof(struct acf_map_entry, key),
	.key_len = sizeof_field(struct acf_map_entry, key),
	.automatic_shrinking = true,
};

/* May sleep. */
int acf_helper_map_init(struct rhashtable *map)
{
	return rhashtable_init(map, &acf_map_params);
}

static void acf_map_free_entry(void *ptr, void *arg)
{
	struct acf_map_entry *entry = ptr;
	void (*free)(struct rcu_head *rcu) = arg;

	free(&entry->rcu);
}

/* Nobody uses the map any more. What is left in it goes to @free. May sleep. */
void acf_helper_map_destroy(struct rhashtable *map,
			    void (*free)(struct rcu_head *rcu))
{
	rhashtable_free_and_destroy(map, acf_map_free_entry, free);
}

/* Under RCU. NULL if there is none. */
struct acf_map_entry *acf_helper_map_lookup(struct rhashtable *map,
					    const void *key)
{
	return rhashtable_lookup(map, &key, acf_map_params);
}

/*
 * NULL if inserted, the entry that has the key already, or an error pointer.
 * Does not sleep. Under RCU, for what is returned.
 */
struct acf_map_entry *acf_helper_map_insert(struct rhashtable *map,
					    struct acf_map_entry *entry)
{
	return rhashtable_lookup_get_insert_fast(map, &entry->node,
						 acf_map_params);
}

/*
 * Removes @entry, which was found in the table. False if it is not there any more.
 * Under RCU since it was found; any context but NMI.
 */
bool acf_helper_map_remove(struct rhashtable *map,
			   struct acf_map_entry *entry)
{
	return !rhashtable_remove_fast(map, &entry->node, acf_map_params);
}

/*
 * Removes every entry for which @wanted returns true, and hands it to @removed;
 * readers may still hold it for a grace period. Sees each that is there all the
 * while. Both run under RCU and must not sleep. May sleep between.
 */
void acf_helper_map_remove_where(struct rhashtable *map,
				 bool (*wanted)(struct acf_map_entry *entry,
						void *data),
				 void (*removed)(struct acf_map_entry *entry,
						 void *data),
				 void *data)
{
	struct acf_map_entry *entry;
	struct rhashtable_iter walk;

	rhashtable_walk_enter(map, &walk);
	for (;;) {
		rhashtable_walk_start(&walk);
		/* What it stood at is gone: look at all of the bucket again. */
		if (!walk.p)
			walk.skip = 0;
		/* -EAGAIN: the table was resized, and the walk begins anew. */
		do {
			entry = rhashtable_walk_next(&walk);
			if (IS_ERR_OR_NULL(entry) || !wanted(entry, data))
				continue;
			if (!rhashtable_remove_fast(map, &entry->node,
						    acf_map_params))
				removed(entry, data);
		} while (entry && !need_resched());
		rhashtable_walk_stop(&walk);
		if (!entry)
			break;
		cond_resched();
	}
	rhashtable_walk_exit(&walk);
}

/*
 * Puts @entry in the place of @old, which has the same key and which readers may
 * still hold for a grace period. False if @old is not in the table any more.
 * Under RCU since @old was found; any context but NMI.
 */
bool acf_helper_map_replace(struct rhashtable *map, struct acf_map_entry *old,
			    struct acf_map_entry *entry)
{
	return !rhashtable_replace_fast(map, &old->node, &entry->node,
					acf_map_params);
}
