// SPDX-License-Identifier: GPL-2.0-only
/*
 * An index under RCU from addresses to keys: a hash table of prefixes, each with a
 * list of its entries. rhltable would walk the list to remove one, and very many
 * associations may have the same address.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>

#include "helpers.h"

/* The addresses with these first @len bits. IPv4 ones are IPv4-mapped. */
struct acf_prefix {
	struct in6_addr addr;
	u8 len;
};

/**
 * struct acf_index_entry - A key, and a prefix that it has
 * @node: Link in the hash table, for the first entry with @prefix
 * @next: The next one with @prefix; kept for readers when this is removed
 * @prev: The one before it, NULL for the first. Guarded by the index's lock.
 * @index: Its index, once it was removed
 * @rcu: For freeing after a grace period
 * @prefix: Its addresses
 * @key: The key
 */
struct acf_index_entry {
	struct rhash_head node;
	struct acf_index_entry __rcu *next;
	union {
		struct acf_index_entry *prev;
		struct acf_index *index;
	};
	struct rcu_head rcu;
	struct acf_prefix prefix;
	u32 key;
};

/**
 * struct acf_lengths - The prefixes of a family, by length
 * @used: Bit n: there may be entries with a prefix of n + 1 bits
 * @counts: How many there are. Guarded by the index's lock.
 */
struct acf_lengths {
	unsigned long used[BITS_TO_LONGS(128)];
	unsigned int counts[128];
};

/**
 * struct acf_index - An index
 * @table: The first entry of each prefix
 * @v4: Lengths of IPv4 prefixes
 * @v6: Lengths of IPv6 prefixes
 * @lock: Held to insert or remove an entry. Bottom halves are off; never taken in
 *	hard interrupts.
 * @removed: How many entries were removed so far. Written under @lock.
 * @gone: How many of these no reader can have any more
 */
struct acf_index {
	struct rhashtable table;
	struct acf_lengths v4;
	struct acf_lengths v6;
	spinlock_t lock;	/* for changes */
	unsigned int removed;
	atomic_t gone;
};

/* People choose addresses, so the seed has to be mixed with all of them. */
static inline u32 acf_prefix_hash(const void *key, u32 len, u32 seed)
{
	const struct acf_prefix *prefix = key;

	return jhash2(prefix->addr.s6_addr32, 4, seed + prefix->len);
}

static inline int acf_prefix_compare(struct rhashtable_compare_arg *arg,
				     const void *obj)
{
	const struct acf_prefix *wanted = arg->key;
	const struct acf_index_entry *entry = obj;

	return wanted->len != entry->prefix.len ||
	       !ipv6_addr_equal(&wanted->addr, &entry->prefix.addr);
}

static const struct rhashtable_params acf_index_params = {
	.head_offset = offsetof(struct acf_index_entry, node),
	.key_offset = offsetof(struct acf_index_entry, prefix),
	.key_len = sizeof_field(struct acf_index_entry, prefix),
	.hashfn = acf_prefix_hash,
	.obj_cmpfn = acf_prefix_compare,
	.automatic_shrinking = true,
};

/* Returns NULL without memory. Context: process, may sleep. */
struct acf_index *acf_helper_index_new(void)
{
	struct acf_index *index = kzalloc(sizeof(*index), GFP_KERNEL);

	if (!index)
		return NULL;
	spin_lock_init(&index->lock);
	if (!rhashtable_init(&index->table, &acf_index_params))
		return index;
	kfree(index);
	return NULL;
}

/* All entries were removed, and nothing else uses it. Context: process, may sleep. */
void acf_helper_index_destroy(struct acf_index *index)
{
	rcu_barrier(); /* acf_index_free() writes to it. */
	rhashtable_destroy(&index->table);
	kfree(index);
}

static struct acf_lengths *acf_lengths_of(struct acf_index *index,
					  const struct in6_addr *addr)
{
	return ipv6_addr_v4mapped(addr) ? &index->v4 : &index->v6;
}

/*
 * Counts an entry before it is inserted (@change is 1), or once it was removed (-1).
 * The index is locked.
 */
static void acf_index_count(struct acf_index *index,
			    const struct acf_prefix *prefix, int change)
{
	struct acf_lengths *lengths = acf_lengths_of(index, &prefix->addr);
	unsigned int nr = prefix->len - 1;
	unsigned long *word = &lengths->used[BIT_WORD(nr)];
	unsigned long used = *word & ~BIT_MASK(nr);

	lengths->counts[nr] += change;
	WRITE_ONCE(*word, lengths->counts[nr] ? used | BIT_MASK(nr) : used);
}

/* Inserts an entry, unless memory is short. The index is locked. */
static int acf_index_link(struct acf_index *index, struct acf_index_entry *entry)
{
	struct acf_index_entry *first, *next;

	guard(rcu)();
	first = rhashtable_lookup(&index->table, &entry->prefix,
				  acf_index_params);
	if (!first)
		return rhashtable_insert_fast(&index->table, &entry->node,
					      acf_index_params);
	next = rcu_dereference_protected(first->next,
					 lockdep_is_held(&index->lock));
	entry->prev = first;
	RCU_INIT_POINTER(entry->next, next);
	if (next)
		next->prev = entry;
	rcu_assign_pointer(first->next, entry);
	return 0;
}

/*
 * Adds @key for the prefix with these first @len bits; the same may be there already.
 * Returns NULL without memory. Context: process, may sleep.
 */
struct acf_index_entry *acf_helper_index_insert(struct acf_index *index,
						const u8 addr[16], u8 len,
						u32 key)
{
	struct acf_index_entry *entry = kzalloc(sizeof(*entry),
						GFP_KERNEL_ACCOUNT);

	if (!entry)
		return NULL;
	memcpy(&entry->prefix.addr, addr, sizeof(entry->prefix.addr));
	entry->prefix.len = len;
	entry->key = key;
	scoped_guard(spinlock_bh, &index->lock) {
		acf_index_count(index, &entry->prefix, 1);
		if (!acf_index_link(index, entry))
			return entry;
		acf_index_count(index, &entry->prefix, -1);
	}
	kfree(entry);
	return NULL;
}

static void acf_index_free(struct rcu_head *rcu)
{
	struct acf_index_entry *entry =
		container_of(rcu, struct acf_index_entry, rcu);

	atomic_inc(&entry->index->gone);
	kfree(entry);
}

/* Removes an entry, for new readers at once. Context: any but hard interrupts. */
void acf_helper_index_remove(struct acf_index *index,
			     struct acf_index_entry *entry)
{
	struct acf_index_entry *next;
	int err = 0;

	scoped_guard(spinlock_irqsave, &index->lock) {
		WRITE_ONCE(index->removed, index->removed + 1);
		/* Before the list gets shorter: pairs with acf_helper_index_find(). */
		smp_wmb();
		next = rcu_dereference_protected(entry->next,
						 lockdep_is_held(&index->lock));
		if (next)
			next->prev = entry->prev;
		if (entry->prev)
			rcu_assign_pointer(entry->prev->next, next);
		else if (next)
			err = rhashtable_replace_fast(&index->table,
						      &entry->node, &next->node,
						      acf_index_params);
		else
			err = rhashtable_remove_fast(&index->table,
						     &entry->node,
						     acf_index_params);
		acf_index_count(index, &entry->prefix, -1);
	}
	/* Then the table still has it: better to leak it. */
	if (WARN_ON_ONCE(err))
		return;
	entry->index = index;
	call_rcu(&entry->rcu, acf_index_free);
}

static unsigned int acf_index_walk(struct acf_index *index,
				   const struct in6_addr *addr, u32 *keys,
				   unsigned int room, unsigned int skip)
{
	const struct acf_lengths *lengths = acf_lengths_of(index, addr);
	unsigned int word = ARRAY_SIZE(lengths->used), found = 0;
	const struct acf_index_entry *entry;
	struct acf_prefix prefix;
	unsigned long used, nr;

	while (word--) {
		used = READ_ONCE(lengths->used[word]);
		while (used) {
			nr = __fls(used);
			used &= ~BIT(nr);
			prefix.len = word * BITS_PER_LONG + nr + 1;
			ipv6_addr_prefix(&prefix.addr, addr, prefix.len);
			entry = rhashtable_lookup(&index->table, &prefix,
						  acf_index_params);
			for (; entry; entry = rcu_dereference(entry->next)) {
				if (skip) {
					skip--;
					continue;
				}
				if (found == room)
					return found;
				keys[found++] = entry->key;
			}
		}
	}
	return found;
}

/*
 * Finds the keys that have a prefix with @addr in it. Passes over the first @skip,
 * stores as many as there is @room for, and returns how many it stored. Some may
 * come more than once. Context: any but hard interrupts.
 *
 * A caller that adds up what it got to @skip, in one section under RCU, misses no
 * key that is there from beginning to end: removals since it began made the lists
 * shorter, but these are not gone, and as many less are passed over.
 */
unsigned int acf_helper_index_find(struct acf_index *index, const u8 addr[16],
				   u32 *keys, unsigned int room,
				   unsigned int skip)
{
	unsigned int gone, removed, found;
	struct in6_addr to;

	memcpy(&to, addr, sizeof(to));
	guard(rcu)();
	if (!skip)
		return acf_index_walk(index, &to, keys, room, 0);
	do {
		gone = atomic_read(&index->gone);
		/* More are removed than gone. */
		smp_rmb();
		removed = READ_ONCE(index->removed);
		found = acf_index_walk(index, &to, keys, room,
				       skip - min(skip, removed - gone));
		/* After the lists: pairs with acf_helper_index_remove(). */
		smp_rmb();
	} while (READ_ONCE(index->removed) != removed);
	return found;
}
