// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's tables of TCP, UDP and raw sockets, of which sock_diag(7) tells.
 */

#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/inet_hashtables.h>
#include <net/inet_scope.h>
#include <net/net_namespace.h>
#include <net/raw.h>
#include <net/rawv6.h>
#include <net/sock.h>
#include <net/udp.h>

#include "helpers.h"

/**
 * struct acf_each_inet - A walk through the sockets of a network namespace
 * @net: The namespace
 * @visit: Called for each socket that has a cookie
 * @data: For @visit
 */
struct acf_each_inet {
	const struct net *net;
	acf_inet_socket_t visit;
	void *data;
};

static void acf_visit_inet(const struct acf_each_inet *each,
			   const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	if (cookie && net_eq(sock_net(sk), each->net))
		each->visit(acf_helper_sk_owner(sk), inet_sk_scope(sk), cookie,
			    each->data);
}

static void acf_each_tcp(const struct acf_each_inet *each)
{
	struct inet_hashinfo *table = each->net->ipv4.tcp_death_row.hashinfo;
	struct inet_listen_hashbucket *listening;
	const struct hlist_nulls_node *node;
	const struct sock *sk;
	unsigned int nr;

	for (nr = 0; nr <= table->lhash2_mask; nr++) {
		listening = &table->lhash2[nr];
		if (hlist_nulls_empty(&listening->nulls_head))
			continue;
		spin_lock(&listening->lock);
		sk_nulls_for_each(sk, node, &listening->nulls_head)
			acf_visit_inet(each, sk);
		spin_unlock(&listening->lock);
		cond_resched();
	}
	for (nr = 0; nr <= table->ehash_mask; nr++) {
		if (!(nr % 1024))
			cond_resched();
		if (hlist_nulls_empty(&table->ehash[nr].chain))
			continue;
		spin_lock_bh(inet_ehash_lockp(table, nr));
		sk_nulls_for_each(sk, node, &table->ehash[nr].chain)
			acf_visit_inet(each, sk);
		spin_unlock_bh(inet_ehash_lockp(table, nr));
	}
}

/*
 * Calls @visit for each socket in the UDP table of a network namespace, which others
 * may share. @visit must not sleep: a spinlock is held.
 * Context: process, may sleep.
 */
void acf_each_udp(const struct net *net,
		  void (*visit)(const struct sock *sk, void *data), void *data)
{
	struct udp_table *table = net->ipv4.udp_table;
	struct udp_hslot *slot;
	const struct sock *sk;
	unsigned int nr;

	for (nr = 0; nr <= table->mask; nr++) {
		slot = &table->hash[nr];
		if (hlist_empty(&slot->head))
			continue;
		spin_lock_bh(&slot->lock);
		sk_for_each(sk, &slot->head)
			visit(sk, data);
		spin_unlock_bh(&slot->lock);
		cond_resched();
	}
}

static void acf_visit_udp(const struct sock *sk, void *data)
{
	acf_visit_inet(data, sk);
}

static void acf_each_raw(const struct acf_each_inet *each,
			 struct raw_hashinfo *table)
{
	const struct sock *sk;
	unsigned int nr;

	for (nr = 0; nr < RAW_HTABLE_SIZE; nr++) {
		scoped_guard(rcu) {
			sk_for_each_rcu(sk, &table->ht[nr])
				acf_visit_inet(each, sk);
		}
		cond_resched();
	}
}

/*
 * Calls @visit for each TCP socket that listens or has a connection, each UDP
 * socket with a port and each raw one, of the caller's network namespace, that has
 * a cookie. @visit must not sleep: spinlocks are held, or RCU.
 * Context: process, may sleep.
 */
void acf_helper_each_inet_socket(acf_inet_socket_t visit, void *data)
{
	struct acf_each_inet each = {
		.net = current->nsproxy->net_ns,
		.visit = visit,
		.data = data,
	};

	acf_each_tcp(&each);
	acf_each_udp(each.net, acf_visit_udp, &each);
	acf_each_raw(&each, &raw_v4_hashinfo);
#if IS_ENABLED(CONFIG_IPV6)
	acf_each_raw(&each, &raw_v6_hashinfo);
#endif
}
