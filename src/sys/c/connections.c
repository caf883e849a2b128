// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's hash of TCP connections, in which every one of them is, wherever
 * its descriptor is, if it has one.
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

/* As many are ended between two looks at a bucket, ... */
#define ACF_BATCH 32
/* ... and so often it is looked at in one walk. */
#define ACF_LOOKS 1000

/*
 * Whose connection it is: its own, before it is a full socket its listener's.
 * NULL in its final wait.
 */
static const struct sock *acf_owner_of(const struct sock *sk)
{
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_TIME_WAIT:
		return NULL;
	case TCP_NEW_SYN_RECV:
		return inet_reqsk(sk)->rsk_listener;
	default:
		return sk;
	}
}

/*
 * Takes a reference to up to ACF_BATCH connections of a bucket that are wanted,
 * and returns how many. The bucket's lock keeps those that are only looked at.
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
		    !walk->wanted(acf_owner_of(sk), &info, walk->data))
			continue;
		/* Its owner may keep it locked for as long as it likes. */
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
 * Ends one, unless its owner has it locked. Returns whether the bucket is to be
 * looked at again: since it was collected a request may have become a full socket,
 * or that a final wait, which is in the same bucket.
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
	/* For the caller to come back. */
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
 * The network namespace with the smallest cookie above @last that has a hash of
 * its own, with a reference, or NULL.
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
		/* One that is going has no user any more. */
		if (!maybe_get_net(net))
			continue;
		if (next)
			put_net(next);
		next = net;
	}
	return next;
}

/**
 * acf_helper_end_connections() - End connections as if by a reset
 * @walk: Which ones; gets how many full sockets were ended, and whether some
 *	could not be, because they are locked
 *
 * A callback that wants none only looks. Sleeps, but waits for no socket's owner.
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
