/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of helpers.h: the kernel's tables of sockets.
 */

#ifndef _ACF_TABLES_H
#define _ACF_TABLES_H

#include <linux/types.h>

struct acf_sock_info;
struct net;
struct sock;

/* --- connections.c: the kernel's hash of TCP connections --- */

/**
 * struct acf_walk - A walk through all TCP connections
 * @wanted: Whether to reset a connection. @owner is its socket, the listener
 *	of a connection that is only requested, or NULL for a timewait socket.
 *	Context: spinlocks held, must not sleep.
 * @data: For @wanted
 * @ended: How many full sockets were reset
 * @busy: Some that were wanted are left: they were locked, or too many came
 */
struct acf_walk {
	bool (*wanted)(const struct sock *owner,
		       const struct acf_sock_info *info, void *data);
	void *data;
	u64 ended;
	bool busy;
};

void acf_helper_end_connections(struct acf_walk *walk);

/* --- sockets.c: TCP, UDP and raw sockets of a network namespace --- */

/*
 * Gets the full socket that a socket belongs to, or NULL for a timewait socket; the
 * scope of the socket, and its cookie.
 */
typedef void (*acf_inet_socket_t)(const struct sock *owner, u32 scope,
				  u64 cookie, void *data);

void acf_helper_each_inet_socket(acf_inet_socket_t visit, void *data);
void acf_each_udp(const struct net *net,
		  void (*visit)(const struct sock *sk, void *data), void *data);

#endif /* _ACF_TABLES_H */
