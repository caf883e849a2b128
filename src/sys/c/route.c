// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses the host has, and uses towards others.
 */

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>

#include "helpers.h"

/*
 * An address of the host from @first to @last, all in host byte order, on the
 * interface @ifindex or, if that is 0, on any.
 */
bool acf_helper_local_v4(const struct sock *sk, int ifindex, u32 first,
			 u32 last, u32 *found)
{
	const struct in_ifaddr *ifa;
	struct net_device *dev;
	struct in_device *in_dev;
	u32 addr;

	guard(rcu)();
	for_each_netdev_rcu(sock_net(sk), dev) {
		if (ifindex && dev->ifindex != ifindex)
			continue;
		in_dev = __in_dev_get_rcu(dev);
		if (!in_dev)
			continue;
		in_dev_for_each_ifa_rcu(ifa, in_dev) {
			addr = ntohl(ifa->ifa_local);
			if (first <= addr && addr <= last) {
				*found = addr;
				return true;
			}
		}
	}
	return false;
}

/* As above, in network byte order. */
bool acf_helper_local_v6(const struct sock *sk, int ifindex, const u8 first[16],
			 const u8 last[16], u8 found[16])
{
	const struct inet6_ifaddr *ifp;
	struct inet6_dev *idev;
	struct net_device *dev;

	guard(rcu)();
	for_each_netdev_rcu(sock_net(sk), dev) {
		if (ifindex && dev->ifindex != ifindex)
			continue;
		idev = __in6_dev_get(dev);
		if (!idev)
			continue;
		list_for_each_entry_rcu(ifp, &idev->addr_list, if_list) {
			if (ifp->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
				continue;
			if (memcmp(first, &ifp->addr, 16) <= 0 &&
			    memcmp(&ifp->addr, last, 16) <= 0) {
				memcpy(found, &ifp->addr, 16);
				return true;
			}
		}
	}
	return false;
}

/*
 * The source the route to @to prefers, and the interface it leaves by. False
 * if there is no route.
 */
bool acf_helper_route_v4(const struct sock *sk, u32 to, u32 *source,
			 int *ifindex)
{
	struct flowi4 fl4 = {
		.daddr = htonl(to),
		.flowi4_oif = READ_ONCE(sk->sk_bound_dev_if),
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

/* As above, in network byte order. */
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
