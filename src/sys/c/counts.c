// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers that many processors add to, each its own.
 */

#include <linux/percpu.h>
#include <linux/slab.h>

#include "helpers.h"

/* A struct acf_counts is what a pointer to the numbers of all processors is to bindgen. */

/* @room numbers, or NULL if memory lacks. Context: process, may sleep. */
struct acf_counts *acf_helper_counts_new(u32 room)
{
	u64 __percpu *values;

	values = __alloc_percpu_gfp(room * sizeof(u64), sizeof(u64),
				    GFP_KERNEL_ACCOUNT);
	return (struct acf_counts __force *)values;
}

/* Context: any but NMI. */
void acf_helper_counts_free(struct acf_counts *counts)
{
	free_percpu((u64 __percpu __force *)counts);
}

/* Context: any. */
void acf_helper_counts_add(struct acf_counts *counts, u32 at, u64 number)
{
	u64 __percpu *values = (u64 __percpu __force *)counts;

	this_cpu_add(values[at], number);
}

/* Others may add meanwhile. Context: any. */
u64 acf_helper_counts_sum(const struct acf_counts *counts, u32 at)
{
	const u64 __percpu *values = (const u64 __percpu __force *)counts;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(values, cpu)[at]);
	return sum;
}
