// SPDX-License-Identifier: GPL-2.0-only
/*
 * The addresses of the host, and its routes.
 */

#include <linux/inetdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/addrconf.h>
#include <net/inet_hashtables.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "helpers.h"

static bool acf_each_v4(const struct net_device *dev, acf_address_t visit, void *data)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;
	__be32 local;

	if (!in_dev)
		return true;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		/* SIOCSIFADDR writes it in place. */
		local = READ_ONCE(ifa->ifa_local);
		if (!visit((const u8 *)&local, data))
			return false;
	}
	return true;
}

static bool acf_each_v6(const struct net_device *dev, acf_address_t visit, void *data)
{
	struct inet6_dev *idev = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifp;

	if (!idev)
		return true;
	list_for_each_entry_rcu(ifp, &idev->addr_list, if_list) {
		if (ifp->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
			continue;
		if (!visit(ifp->addr.s6_addr, data))
			return false;
	}
	return true;
}

/*
 * Calls @visit with each address of @family that the host has, on the interface
 * @ifindex or, if that is 0, on any. Leaves out tentative and duplicate IPv6
 * addresses. Runs under RCU. Context: any but hard interrupts.
 */
void acf_helper_each_local(const struct sock *sk, int family, int ifindex,
			   acf_address_t visit, void *data)
{
	struct net *net = sock_net(sk);
	struct net_device *dev;

	guard(rcu)();
	for_each_netdev_rcu(net, dev) {
		if (ifindex && dev->ifindex != ifindex)
			continue;
		if (family == AF_INET ? !acf_each_v4(dev, visit, data) :
					!acf_each_v6(dev, visit, data))
			return;
		if (ifindex)
			return;
	}
}

/*
 * The source that the route to @to prefers, and the interface through which it
 * leaves. Returns false if there is no route. Context: process.
 */
bool acf_helper_route_v4(const struct sock *sk, u32 to, u32 *source,
			 int *ifindex)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl4 = {
		.daddr = htonl(to),
		.flowi4_oif = READ_ONCE(sk->sk_bound_dev_if) ?:
			      (ipv4_is_multicast(htonl(to)) ?
				       READ_ONCE(inet->mc_index) :
				       READ_ONCE(inet->uc_index)),
		.flowi4_mark = READ_ONCE(sk->sk_mark),
		.flowi4_uid = sk_uid(sk),
	};
	struct rtable *rt = ip_route_output_key(sock_net(sk), &fl4);

	if (IS_ERR(rt))
		return false;
	*source = ntohl(fl4.saddr);
	*ifindex = rt->dst.dev->ifindex;
	ip_rt_put(rt);
	return true;
}

/* As acf_helper_route_v4(), in network byte order. */
bool acf_helper_route_v6(const struct sock *sk, const u8 to[16], u8 source[16],
			 int *ifindex)
{
	struct flowi6 fl6 = {
		.flowi6_oif = READ_ONCE(sk->sk_bound_dev_if),
		.flowi6_mark = READ_ONCE(sk->sk_mark),
		.flowi6_uid = sk_uid(sk),
	};
	struct dst_entry *dst;

	memcpy(&fl6.daddr, to, sizeof(fl6.daddr));
	dst = ip6_dst_lookup_flow(sock_net(sk), sk, &fl6, NULL);
	if (IS_ERR(dst))
		return false;
	memcpy(source, &fl6.saddr, sizeof(fl6.saddr));
	*ifindex = dst->dev->ifindex;
	dst_release(dst);
	return true;
}

/**
 * struct acf_addrs - IPv4 addresses that were found, in host byte order
 * @first: The smallest address to look for
 * @last: The greatest
 * @found: The addresses that fit, some perhaps more than once
 * @room: How many fit
 * @count: How many there are
 */
struct acf_addrs {
	u32 first;
	u32 last;
	u32 *found;
	unsigned int room;
	unsigned int count;
};

static void acf_add_addr(struct acf_addrs *addrs, __be32 addr)
{
	u32 host = ntohl(addr);

	if (host < addrs->first || host > addrs->last)
		return;
	if (addrs->count < addrs->room)
		addrs->found[addrs->count] = host;
	addrs->count++;
}

/* Whether any but timewait sockets are bound to an address and port. */
static bool acf_is_held(const struct inet_bind2_bucket *bucket)
{
	const struct sock *sk;

	sk_for_each_bound(sk, &bucket->owners) {
		if (READ_ONCE(sk->sk_state) != TCP_TIME_WAIT)
			return true;
	}
	return false;
}

/* Adds what TCP sockets are bound to: listeners, connections and others. */
static void acf_add_bound_tcp(const struct net *net, struct acf_addrs *addrs)
{
	struct inet_hashinfo *table = net->ipv4.tcp_death_row.hashinfo;
	struct inet_bind_hashbucket *head;
	struct inet_bind2_bucket *bucket;
	unsigned int nr;

	for (nr = 0; nr < table->bhash_size; nr++) {
		head = &table->bhash2[nr];
		if (hlist_empty(&head->chain))
			continue;
		spin_lock_bh(&head->lock);
		inet_bind_bucket_for_each(bucket, &head->chain) {
#if IS_ENABLED(CONFIG_IPV6)
			if (bucket->addr_type != IPV6_ADDR_MAPPED)
				continue;
#endif
			if (acf_is_held(bucket))
				acf_add_addr(addrs, bucket->rcv_saddr);
		}
		spin_unlock_bh(&head->lock);
		cond_resched();
	}
}

/* Adds what a UDP socket is bound to. */
static void acf_add_bound_udp(const struct sock *sk, void *addrs)
{
	acf_add_addr(addrs, sk->sk_rcv_saddr);
}

/*
 * Finds the addresses from @first to @last, in host byte order, to which a TCP or
 * UDP socket is bound, or that an interface of the caller's network namespace has.
 * A namespace may have tables of sockets of its own, or share those of others;
 * then their sockets count, too. Fills @found as far as there is @room, and returns
 * how many addresses there are. Some may be there more than once.
 * Context: process, may sleep.
 */
unsigned int acf_helper_addrs_in_use(u32 first, u32 last, u32 *found,
				     unsigned int room)
{
	struct acf_addrs addrs = {
		.first = first,
		.last = last,
		.found = found,
		.room = room,
	};
	struct net *net = current->nsproxy->net_ns;
	const struct in_ifaddr *ifa;
	struct in_device *in_dev;
	struct net_device *dev;

	acf_add_bound_tcp(net, &addrs);
	acf_each_udp(net, acf_add_bound_udp, &addrs);
	guard(rcu)();
	for_each_netdev_rcu(net, dev) {
		in_dev = __in_dev_get_rcu(dev);
		if (!in_dev)
			continue;
		in_dev_for_each_ifa_rcu(ifa, in_dev)
			acf_add_addr(&addrs, ifa->ifa_local);
	}
	return addrs.count;
}
