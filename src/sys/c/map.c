// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU hash table keyed by pointer: rhashtable's inline functions, with the
 * parameters compiled in.
 */

#include <linux/err.h>
#include <linux/rhashtable.h>

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
 * The entry that was removed, which readers may still hold for a grace period,
 * or NULL. Any context but NMI.
 */
struct acf_map_entry *acf_helper_map_remove(struct rhashtable *map,
					    const void *key)
{
	struct acf_map_entry *entry;

	guard(rcu)();
	entry = rhashtable_lookup(map, &key, acf_map_params);
	/* Whoever else removes it at the same time, one of us succeeds. */
	if (entry && rhashtable_remove_fast(map, &entry->node, acf_map_params))
		entry = NULL;
	return entry;
}

/*
 * Puts @entry in the place of the one with its key, which readers may still
 * hold for a grace period and which is returned, or NULL if there is none. Any
 * context but NMI.
 */
struct acf_map_entry *acf_helper_map_replace(struct rhashtable *map,
					     struct acf_map_entry *entry)
{
	struct acf_map_entry *old;

	guard(rcu)();
	old = rhashtable_lookup(map, &entry->key, acf_map_params);
	if (old && rhashtable_replace_fast(map, &old->node, &entry->node,
					   acf_map_params))
		old = NULL;
	return old;
}
