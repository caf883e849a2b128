/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of helpers.h: the index from addresses to keys. See index.c.
 */

#ifndef _ACF_INDEX_H
#define _ACF_INDEX_H

#include <linux/types.h>

struct acf_index;
struct acf_index_entry;

struct acf_index *acf_helper_index_new(void);
void acf_helper_index_destroy(struct acf_index *index);
struct acf_index_entry *acf_helper_index_insert(struct acf_index *index,
						const u8 addr[16], u8 len,
						u32 key);
void acf_helper_index_remove(struct acf_index *index,
			     struct acf_index_entry *entry);
unsigned int acf_helper_index_find(struct acf_index *index, const u8 addr[16],
				   u32 *keys, unsigned int room,
				   unsigned int skip);

#endif /* _ACF_INDEX_H */
