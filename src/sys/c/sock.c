// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the state of a socket, and resetting it.
 */

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/udp.h>
#include <linux/unaligned.h>
#include <net/inet_scope.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "helpers.h"

struct sock *acf_helper_sock_sk(const struct socket *sock)
{
	return sock->sk;
}

/* The socket that a file is, or NULL. */
struct sock *acf_helper_file_sk(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock ? sock->sk : NULL;
}

/*
 * The full socket that a socket of any table belongs to: itself, or its listener
 * while it is the request for a connection. NULL for a timewait socket.
 * Context: any.
 */
const struct sock *acf_helper_sk_owner(const struct sock *sk)
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

/* @sk is a full socket of any family. Context: any. */
void acf_helper_sk_kind(const struct sock *sk, struct acf_sock_kind *kind)
{
	*kind = (struct acf_sock_kind){
		.family = READ_ONCE(sk->sk_family),
		.type = sk->sk_type,
		.protocol = sk->sk_protocol,
		.kern = sk->sk_kern_sock,
	};
}

/*
 * Whether an IPv4 or IPv6 stream socket is a connection that has ended, with all data
 * and errors read. A socket that was never connected is none: it is not shut down,
 * and connect() may have it at this moment. tcp_done() shuts a socket down both ways,
 * and tcp_disconnect() undoes that. Context: any.
 */
bool acf_helper_sk_has_ended(const struct sock *sk)
{
	return sk_is_inet(sk) && sk->sk_type == SOCK_STREAM &&
	       READ_ONCE(sk->sk_state) == TCP_CLOSE &&
	       READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK &&
	       skb_queue_empty_lockless(&sk->sk_receive_queue) &&
	       skb_queue_empty_lockless(&sk->sk_error_queue);
}

/*
 * Drops what the socket has received, and packets on their way into it. For raw
 * sockets, which have no backlog. Context: process, may sleep.
 */
void acf_helper_sk_drop_input(struct sock *sk)
{
	/* Raw sockets receive under RCU: packets on their way are queued then. */
	synchronize_rcu();
	skb_queue_purge(&sk->sk_receive_queue);
}

/* Whether a UDP socket holds the beginning of a datagram. Context: any. */
bool acf_helper_sk_corked(const struct sock *sk)
{
	return sk_is_udp(sk) && READ_ONCE(udp_sk(sk)->pending);
}

static void acf_copy_v6(u8 to[16], const struct in6_addr *from)
{
	/* Another thread may write it meanwhile: see acf_helper_sk_info(). */
	data_race(memcpy(to, from, sizeof(*from)));
}

/*
 * Writes the address on which a socket receives, in network byte order, and returns
 * its family; 0 if it is neither IPv4 nor IPv6. IPV6_ADDRFORM may change the family:
 * it is read once. Reads as acf_helper_sk_info() does. Context: any.
 */
int acf_helper_sk_local(const struct sock *sk, u8 local[16])
{
	int family = READ_ONCE(sk->sk_family);

	switch (family) {
	case AF_INET:
		put_unaligned(READ_ONCE(sk->sk_rcv_saddr), (__be32 *)local);
		return family;
	case AF_INET6:
		acf_copy_v6(local, &sk->sk_v6_rcv_saddr);
		return family;
	default:
		return 0;
	}
}

/*
 * Reads without the socket lock: a concurrent bind or connect of the same socket
 * is checked itself, and may be seen or not. Half of an IPv6 address may be seen:
 * what is decided by it is checked again with each packet.
 *
 * @sk may also be a timewait or request socket. Returns false if it is neither
 * IPv4 nor IPv6. Context: any.
 */
bool acf_helper_sk_info(const struct sock *sk, struct acf_sock_info *info)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np;
	int state = READ_ONCE(sk->sk_state);

	*info = (struct acf_sock_info){
		.full = state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV,
		.timewait = state == TCP_TIME_WAIT,
	};
	if (info->timewait)
		info->timewait_scope = inet_sk_scope(sk);
	info->family = acf_helper_sk_local(sk, info->local);
	switch (info->family) {
	case AF_INET:
		put_unaligned(READ_ONCE(sk->sk_daddr), (__be32 *)info->remote);
		if (info->full)
			put_unaligned(READ_ONCE(inet->inet_saddr),
				      (__be32 *)info->source);
		break;
	case AF_INET6:
		info->v6only = ipv6_only_sock(sk);
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
		info->opening = state == TCP_SYN_SENT;
		info->connected = state != TCP_CLOSE && state != TCP_LISTEN;
	}
	return true;
}

/*
 * Whether it is a UDP socket of a tunnel, which unpacks what it receives (VXLAN,
 * FOU). Context: any.
 */
bool acf_helper_sk_is_tunnel(const struct sock *sk)
{
	return sk_is_udp(sk) && READ_ONCE(udp_sk(sk)->encap_type);
}

/* What a full IPv4 or IPv6 socket exchanges, for each packet. Context: any. */
enum acf_traffic acf_helper_sk_traffic(const struct sock *sk)
{
	if (sk->sk_type != SOCK_STREAM)
		return ACF_TRAFFIC_MESSAGES;
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_SYN_SENT:
		return ACF_TRAFFIC_OPENING;
	case TCP_CLOSE:
	case TCP_LISTEN:
		return ACF_TRAFFIC_ANSWERS;
	default:
		return ACF_TRAFFIC_CONNECTION;
	}
}

/*
 * Resets a TCP connection, if the socket is one. Returns false if its owner has it
 * locked, which may be without limit; does not wait for that. @sk is a full socket
 * with a reference. Context: process, never sleeps.
 */
bool acf_helper_sk_try_abort(struct sock *sk)
{
	return !sk_is_tcp(sk) || acf_gate_sock_try_reset(sk, ECONNABORTED);
}

/*
 * Whether a TCP or UDP socket with a port is not indexed by the key of its scope.
 * Context: any.
 */
bool acf_helper_sk_lacks_key(const struct sock *sk)
{
	return (sk_is_tcp(sk) || sk_is_udp(sk)) && READ_ONCE(inet_sk(sk)->inet_num) &&
	       !READ_ONCE(sk->sk_scope_key);
}

/*
 * Takes a reference. Returns false if the socket is being freed: RCU alone may have
 * kept it. Context: any.
 */
bool acf_helper_sk_hold(struct sock *sk)
{
	return refcount_inc_not_zero(&sk->sk_refcnt);
}

/* Context: any but hard interrupts. */
void acf_helper_sk_put(struct sock *sk)
{
	sock_put(sk);
}
