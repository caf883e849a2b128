/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of the headers of a sent packet, for packet.c */

#ifndef _ACF_HEADERS_H
#define _ACF_HEADERS_H

#include <linux/types.h>

struct sk_buff;
struct sock;

bool acf_led_v4(const struct sk_buff *skb, const struct sock *sk);
bool acf_led_v6(const struct sk_buff *skb, const struct sock *sk);

#endif /* _ACF_HEADERS_H */
