// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a socket is, and giving it a source.
 */

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/udp.h>
#include <linux/unaligned.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "helpers.h"

struct sock *acf_helper_sock_sk(const struct socket *sock)
{
	return sock->sk;
}

/* The socket a file is, or NULL. */
struct sock *acf_helper_file_sk(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock ? sock->sk : NULL;
}

/* Of any family; a full socket. */
void acf_helper_sk_kind(const struct sock *sk, struct acf_sock_kind *kind)
{
	*kind = (struct acf_sock_kind){
		.family = READ_ONCE(sk->sk_family),
		.type = sk->sk_type,
		.protocol = sk->sk_protocol,
		.kern = sk->sk_kern_sock,
	};
}

/* Whether something that came in, or came back, was not read yet. */
bool acf_helper_sk_has_input(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       !skb_queue_empty_lockless(&sk->sk_error_queue);
}

/*
 * Drops what came in so far, and what was found to be for it so far. For raw
 * sockets, which have no backlog. May sleep.
 */
void acf_helper_sk_drop_input(struct sock *sk)
{
	/* Packets are received under RCU. */
	synchronize_rcu();
	skb_queue_purge(&sk->sk_receive_queue);
}

/* Whether a UDP socket has the beginning of a datagram that was not sent yet. */
bool acf_helper_sk_corked(const struct sock *sk)
{
	return sk_is_udp(sk) && READ_ONCE(udp_sk(sk)->pending);
}

static void acf_copy_v6(u8 to[16], const struct in6_addr *from)
{
	/* It may be seen in parts; see acf_helper_sk_info(). */
	data_race(memcpy(to, from, sizeof(*from)));
}

/*
 * Reads without the socket lock: a concurrent bind or connect of the same
 * socket has an answer of its own to get, and may be seen or not. An IPv6
 * address may be seen in parts: what is decided by it is checked once more
 * with each packet.
 *
 * @sk may be a timewait socket. False if it is neither IPv4 nor IPv6.
 */
bool acf_helper_sk_info(const struct sock *sk, struct acf_sock_info *info)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np;
	int state = READ_ONCE(sk->sk_state);

	/* IPV6_ADDRFORM may change it: one read for all that follows. */
	*info = (struct acf_sock_info){
		.family = READ_ONCE(sk->sk_family),
		.full = state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV,
		.timewait = state == TCP_TIME_WAIT,
	};
	if (info->timewait)
		info->timewait_scope = inet_twsk(sk)->tw_scope;
	switch (info->family) {
	case AF_INET:
		put_unaligned(READ_ONCE(sk->sk_rcv_saddr), (__be32 *)info->local);
		put_unaligned(READ_ONCE(sk->sk_daddr), (__be32 *)info->remote);
		if (info->full)
			put_unaligned(READ_ONCE(inet->inet_saddr),
				      (__be32 *)info->source);
		break;
	case AF_INET6:
		info->v6only = ipv6_only_sock(sk);
		acf_copy_v6(info->local, &sk->sk_v6_rcv_saddr);
		acf_copy_v6(info->remote, &sk->sk_v6_daddr);
		np = info->full ? inet6_sk(sk) : NULL;
		if (np)
			acf_copy_v6(info->source, &np->saddr);
		break;
	default:
		return false;
	}
	if (info->full) {
		info->stream = sk->sk_type == SOCK_STREAM;
		info->has_port = READ_ONCE(inet->inet_num);
		info->port_kept = sk->sk_userlocks & SOCK_BINDPORT_LOCK;
		info->address_kept = sk->sk_userlocks & SOCK_BINDADDR_LOCK;
		info->tunnel = sk_is_udp(sk) &&
			       READ_ONCE(udp_sk(sk)->encap_type);
		info->closed = state == TCP_CLOSE;
		info->opening = state == TCP_SYN_SENT;
		info->connected = state != TCP_CLOSE && state != TCP_LISTEN;
	}
	return true;
}

/*
 * Sets what an IPv4 or IPv6 socket that receives on a wildcard sends from;
 * the unspecified address leaves it to the protocol again. For @family, not the
 * socket's own: an IPv6 socket has a source for either. What it receives on
 * does not change, and a socket bound to an address keeps that.
 *
 * A TCP socket that has a port is in a bind bucket for the wildcard, and
 * tcp_v4_connect() expects one that has a source to be in the right bucket.
 *
 * May sleep. 0 or a negative errno.
 */
int acf_helper_sk_set_source(struct sock *sk, u16 family, const u8 source[16])
{
	struct inet_sock *inet = inet_sk(sk);
	struct ipv6_pinfo *np;
	__be32 saddr;
	int err = 0;

	lock_sock(sk);
	if (sk->sk_state != TCP_CLOSE)
		goto out;
	if (family == AF_INET) {
		memcpy(&saddr, source, sizeof(saddr));
		if (inet->inet_rcv_saddr)
			goto out;
		if (saddr && sk->sk_type == SOCK_STREAM && inet->inet_num)
			err = acf_gate_sock_update_saddr(sk, &saddr, AF_INET);
		else
			WRITE_ONCE(inet->inet_saddr, saddr);
	} else if (sk->sk_family == AF_INET6) {
		np = inet6_sk(sk);
		if (np && ipv6_addr_any(&sk->sk_v6_rcv_saddr))
			memcpy(&np->saddr, source, sizeof(np->saddr));
	}
out:
	release_sock(sk);
	return err;
}

/*
 * Ends a TCP connection as if by a reset, if it is one. False if it is locked, which
 * its owner may keep it for as long as it likes. Does not wait for that.
 */
bool acf_helper_sk_try_abort(struct sock *sk)
{
	return !sk_is_tcp(sk) || acf_gate_sock_try_reset(sk, ECONNABORTED);
}

void acf_helper_sk_hold(struct sock *sk)
{
	sock_hold(sk);
}

/* Any context but hard interrupts. */
void acf_helper_sk_put(struct sock *sk)
{
	sock_put(sk);
}
