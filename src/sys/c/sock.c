// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a socket is, and giving it a source.
 */

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inetdevice.h>
#include <linux/net.h>
#include <net/addrconf.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "helpers.h"

/*
 * Reads without the socket lock: a concurrent bind or connect of the same
 * socket has an answer of its own to get, and may be seen or not.
 *
 * False if it is neither an IPv4 nor an IPv6 socket.
 */
bool acf_helper_sock_info(const struct socket *sock,
			  struct acf_sock_info *info)
{
	const struct sock *sk = sock->sk;
	const struct inet_sock *inet;
	const struct ipv6_pinfo *np;

	if (!sk)
		return false;

	/* IPV6_ADDRFORM may change it: one read for all that follows. */
	*info = (struct acf_sock_info){
		.family = READ_ONCE(sk->sk_family),
		.stream = sk->sk_type == SOCK_STREAM,
	};
	inet = inet_sk(sk);
	switch (info->family) {
	case AF_INET:
		memcpy(info->local, &inet->inet_rcv_saddr,
		       sizeof(inet->inet_rcv_saddr));
		memcpy(info->source, &inet->inet_saddr,
		       sizeof(inet->inet_saddr));
		break;
	case AF_INET6:
		info->v6only = ipv6_only_sock(sk);
		memcpy(info->local, &sk->sk_v6_rcv_saddr, sizeof(info->local));
		np = inet6_sk(sk);
		if (np)
			memcpy(info->source, &np->saddr, sizeof(info->source));
		break;
	default:
		return false;
	}
	info->has_port = READ_ONCE(inet->inet_num);
	return true;
}

/*
 * Binds an unbound socket on the task's behalf, as bind(2) would but without
 * asking the security modules again. With @no_port the address is fixed but
 * the port is left to connect() or the first message, as with
 * IP_BIND_ADDRESS_NO_PORT: a local port then serves one connection for each
 * remote end.
 *
 * May sleep. The socket is not locked.
 */
int acf_helper_sock_bind(struct socket *sock, const void *address, int addrlen,
			 bool no_port)
{
	struct sockaddr_storage ss = {};
	struct sock *sk = sock->sk;
	bool was_set;
	int err;

	if (addrlen < 0 || addrlen > sizeof(ss))
		return -EINVAL;
	memcpy(&ss, address, addrlen);

	was_set = inet_test_bit(BIND_ADDRESS_NO_PORT, sk);
	if (no_port && !was_set)
		inet_set_bit(BIND_ADDRESS_NO_PORT, sk);
	err = READ_ONCE(sock->ops)->bind(sock, (struct sockaddr_unsized *)&ss,
					 addrlen);
	if (no_port && !was_set)
		inet_clear_bit(BIND_ADDRESS_NO_PORT, sk);
	return err;
}

/* An address of the host from @first to @last, all in host byte order. */
bool acf_helper_local_v4(const struct socket *sock, u32 first, u32 last,
			 u32 *found)
{
	const struct in_ifaddr *ifa;
	struct net_device *dev;
	struct in_device *in_dev;
	u32 addr;

	guard(rcu)();
	for_each_netdev_rcu(sock_net(sock->sk), dev) {
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

/* An address of the host from @first to @last, all in network byte order. */
bool acf_helper_local_v6(const struct socket *sock, const u8 first[16],
			 const u8 last[16], u8 found[16])
{
	const struct inet6_ifaddr *ifp;
	struct inet6_dev *idev;
	struct net_device *dev;

	guard(rcu)();
	for_each_netdev_rcu(sock_net(sock->sk), dev) {
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
