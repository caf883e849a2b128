// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table under RCU, keyed by pointer: rhashtable's inline functions with the
 * parameters compiled in.
 */

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>

#include "helpers.h"

/*
 * Both are inlined into each look-up, as the parameters are constant: jhash2() and
 * memcmp() of eight bytes cost more than the rest of it. Keys are addresses of kernel
 * objects, which no program chooses.
 */
static inline u32 acf_map_hash(const void *key, u32 len, u32 seed)
{
	u32 hash = hash_64(*(const unsigned long *)key ^ seed, 32);

	/* rht_bucket_index() takes the low bits, and the high ones are better. */
	return hash ^ hash >> 16;
}

static inline int acf_map_compare(struct rhashtable_compare_arg *arg,
				  const void *obj)
{
	const struct acf_map_entry *entry = obj;

	return entry->key != *(const void *const *)arg->key;
}

static const struct rhashtable_params acf_map_params = {
	.head_offset = offsetof(struct acf_map_entry, node),
	.key_offset = offsetof(struct acf_map_entry, key),
	.key_len = sizeof_field(struct acf_map_entry, key),
	.hashfn = acf_map_hash,
	.obj_cmpfn = acf_map_compare,
	.automatic_shrinking = true,
};

/* Each look-up reads the one, and each insertion and removal writes the other. */
static_assert(offsetof(struct rhashtable, tbl) / L1_CACHE_BYTES !=
	      offsetof(struct rhashtable, nelems) / L1_CACHE_BYTES);

/* Context: process, may sleep. */
int acf_helper_map_init(struct rhashtable *map)
{
	return rhashtable_init(map, &acf_map_params);
}

static void acf_map_free_entry(void *ptr, void *arg)
{
	void (*free)(struct acf_map_entry *entry) = arg;

	free(ptr);
}

/*
 * Nothing else may use the map. Calls @free for each entry that is left in it.
 * Context: process, may sleep.
 */
void acf_helper_map_destroy(struct rhashtable *map,
			    void (*free)(struct acf_map_entry *entry))
{
	rhashtable_free_and_destroy(map, acf_map_free_entry, free);
}

/* The number of entries. Context: any. */
unsigned int acf_helper_map_count(const struct rhashtable *map)
{
	return atomic_read(&map->nelems);
}

/* Returns NULL if there is none. Context: any, under RCU. */
struct acf_map_entry *acf_helper_map_lookup(struct rhashtable *map,
					    const void *key)
{
	return rhashtable_lookup(map, &key, acf_map_params);
}

/*
 * Returns NULL if @entry was inserted, the entry that has the key already, or an
 * error pointer. RCU keeps the entry that is returned.
 * Context: any but NMI, under RCU.
 */
struct acf_map_entry *acf_helper_map_insert(struct rhashtable *map,
					    struct acf_map_entry *entry)
{
	return rhashtable_lookup_get_insert_fast(map, &entry->node,
						 acf_map_params);
}

/*
 * Removes @entry, which was found in the table. Returns false if it has left the
 * table since. Context: any but NMI, under RCU since @entry was found.
 */
bool acf_helper_map_remove(struct rhashtable *map,
			   struct acf_map_entry *entry)
{
	return !rhashtable_remove_fast(map, &entry->node, acf_map_params);
}

/*
 * Removes every entry for which @wanted returns true, and passes it to @removed;
 * readers may still have it for a grace period. Sees every entry that is there from
 * beginning to end, some more than once. Both callbacks run under RCU and must not
 * sleep. Context: process, may sleep.
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
		/* The entry where the walk stood is gone: walk the whole bucket. */
		if (!walk.p)
			walk.skip = 0;
		/* -EAGAIN: the table was resized, and the walk starts again. */
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
 * Replaces @old by @entry, which has the same key. Readers may still have @old for a
 * grace period. Returns false if @old has left the table since.
 * Context: any but NMI, under RCU since @old was found.
 */
bool acf_helper_map_replace(struct rhashtable *map, struct acf_map_entry *old,
			    struct acf_map_entry *entry)
{
	return !rhashtable_replace_fast(map, &old->node, &entry->node,
					acf_map_params);
}
