/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * map.c: an RCU hash table keyed by pointer; group.c: lists of its entries.
 */

#ifndef _ACF_MAP_H
#define _ACF_MAP_H

#include <linux/list_bl.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

/**
 * struct acf_group - Some entries of maps
 * @entries: The list, read under RCU, with the lock that is held to change it
 */
struct acf_group {
	struct hlist_bl_head entries;
};

/**
 * union acf_map_end - What the end of an entry takes; no reader uses it
 * @group: The group that the entry is in, or NULL
 * @rcu: For freeing after a grace period, once the entry has left its group
 */
union acf_map_end {
	struct acf_group *group;
	struct rcu_head rcu;
};

/**
 * struct acf_map_entry - Head of each entry of a map
 * @node: Link in the hash table
 * @key: The key, never dereferenced
 * @end: What its end takes
 * @peers: Link in the list of the group
 */
struct acf_map_entry {
	struct rhash_head node;
	const void *key;
	union acf_map_end end;
	struct hlist_bl_node peers;
};

int acf_helper_map_init(struct rhashtable *map);
void acf_helper_map_destroy(struct rhashtable *map,
			    void (*free)(struct acf_map_entry *entry));
unsigned int acf_helper_map_count(const struct rhashtable *map);
struct acf_map_entry *acf_helper_map_lookup(struct rhashtable *map,
					    const void *key);
struct acf_map_entry *acf_helper_map_insert(struct rhashtable *map,
					    struct acf_map_entry *entry);
bool acf_helper_map_replace(struct rhashtable *map, struct acf_map_entry *old,
			    struct acf_map_entry *entry);
bool acf_helper_map_remove(struct rhashtable *map,
			   struct acf_map_entry *entry);
void acf_helper_map_remove_where(struct rhashtable *map,
				 bool (*wanted)(struct acf_map_entry *entry,
						void *data),
				 void (*removed)(struct acf_map_entry *entry,
						 void *data),
				 void *data);

void acf_helper_group_init(struct acf_group *group);
void acf_helper_group_add(struct acf_group *group, struct acf_map_entry *entry);
void acf_helper_group_remove(struct acf_map_entry *entry);
void acf_helper_group_each(struct acf_group *group,
			   void (*visit)(struct acf_map_entry *entry,
					 void *data),
			   void *data);

#endif /* _ACF_MAP_H */
