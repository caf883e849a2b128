// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's hash of TCP connections. It has every connection, wherever its
 * descriptor is, and those without a descriptor.
 */

#include <linux/net.h>
#include <linux/sched.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "helpers.h"

/* How many connections are reset between two looks at a bucket. */
#define ACF_BATCH 32
/* How often a walk looks at one bucket. */
#define ACF_LOOKS 1000

/*
 * Takes a reference to up to ACF_BATCH connections of a bucket that are wanted,
 * and returns how many. The others need none: a connection leaves the bucket
 * before it is freed, and the bucket is locked.
 */
static unsigned int acf_collect(struct inet_hashinfo *table, unsigned int nr,
				struct acf_walk *walk,
				struct sock *batch[ACF_BATCH])
{
	spinlock_t *lock = inet_ehash_lockp(table, nr);
	const struct hlist_nulls_node *node;
	struct acf_sock_info info;
	unsigned int count = 0;
	struct sock *sk;

	guard(spinlock_bh)(lock);
	sk_nulls_for_each(sk, node, &table->ehash[nr].chain) {
		if (!acf_helper_sk_info(sk, &info) ||
		    !walk->wanted(acf_helper_sk_owner(sk), &info, walk->data))
			continue;
		/* Its owner may keep it locked without limit. */
		if (sk_fullsock(sk) && READ_ONCE(sk->sk_lock.owned)) {
			walk->busy = true;
			continue;
		}
		if (!refcount_inc_not_zero(&sk->sk_refcnt))
			continue;
		batch[count++] = sk;
		if (count == ACF_BATCH)
			break;
	}
	return count;
}

/*
 * Resets a connection, unless its owner has it locked. Returns whether to look at
 * the bucket again: since the connection was collected, a request may have become
 * a full socket, or a full socket a timewait socket, in the same bucket.
 */
static bool acf_end(struct sock *sk, struct acf_walk *walk)
{
	if (!sk_fullsock(sk)) {
		tcp_abort(sk, ECONNABORTED);
		return true;
	}
	if (READ_ONCE(sk->sk_state) == TCP_CLOSE)
		return true;
	if (!acf_gate_sock_try_reset(sk, ECONNABORTED)) {
		walk->busy = true;
		return false;
	}
	walk->ended++;
	return true;
}

static void acf_walk_bucket(struct inet_hashinfo *table, unsigned int nr,
			    struct acf_walk *walk)
{
	struct sock *batch[ACF_BATCH];
	unsigned int looks, i, count;
	bool again;

	for (looks = 0; looks < ACF_LOOKS; looks++) {
		again = false;
		count = acf_collect(table, nr, walk, batch);
		for (i = 0; i < count; i++) {
			again |= acf_end(batch[i], walk);
			sock_gen_put(batch[i]);
		}
		cond_resched();
		if (!again)
			return;
	}
	/* Tells the caller to try again. */
	walk->busy = true;
}

static void acf_walk_table(struct inet_hashinfo *table, struct acf_walk *walk)
{
	unsigned int nr;

	for (nr = 0; nr <= table->ehash_mask; nr++) {
		if (!(nr % 1024))
			cond_resched();
		if (!hlist_nulls_empty(&table->ehash[nr].chain))
			acf_walk_bucket(table, nr, walk);
	}
}

/*
 * The network namespace with the smallest cookie above @last that does not use
 * the @shared hash, with a reference, or NULL.
 */
static struct net *acf_next_net(u64 last, const struct inet_hashinfo *shared)
{
	struct net *net, *next = NULL;

	guard(rcu)();
	for_each_net_rcu(net) {
		if (net->ipv4.tcp_death_row.hashinfo == shared ||
		    net->net_cookie <= last ||
		    (next && next->net_cookie <= net->net_cookie))
			continue;
		/* A namespace that is being freed has no users left. */
		if (!maybe_get_net(net))
			continue;
		if (next)
			put_net(next);
		next = net;
	}
	return next;
}

/**
 * acf_helper_end_connections() - Reset connections
 * @walk: Says which ones; gets how many full sockets were reset, and whether
 *	some that were wanted are left
 *
 * Walks the hashes of all network namespaces. A callback that wants none only
 * looks. Never waits for the owner of a socket.
 *
 * Context: process, may sleep.
 */
void acf_helper_end_connections(struct acf_walk *walk)
{
	struct inet_hashinfo *shared = init_net.ipv4.tcp_death_row.hashinfo;
	struct net *net = NULL;
	u64 last = 0;

	walk->ended = 0;
	walk->busy = false;
	acf_walk_table(shared, walk);
	while ((net = acf_next_net(last, shared))) {
		acf_walk_table(net->ipv4.tcp_death_row.hashinfo, walk);
		last = net->net_cookie;
		put_net(net);
	}
}
