/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Rust cannot call or read by itself: macros, inline functions, and
 * structures for which the kernel crate has no bindings. bindgen reads this
 * header. The rules are in Rust; nothing here decides anything.
 */

#ifndef _ACF_HELPERS_H
#define _ACF_HELPERS_H

#include <linux/addrconf_gate.h>
#include <linux/types.h>
#include <net/inet_scope.h>

#include "cred.h"
#include "events.h"
#include "index.h"
#include "map.h"
#include "tables.h"

struct file;
struct kobject;
struct msghdr;
struct sk_buff;
struct sock;
struct socket;
struct task_struct;

/* --- sock.c: reading a socket's state, and giving it a source --- */

/**
 * struct acf_sock_kind - The kind of a socket
 * @family: AF_INET and so on
 * @type: SOCK_STREAM and so on
 * @protocol: IPPROTO_TCP and so on
 * @kern: The kernel made it for itself
 */
struct acf_sock_kind {
	u16 family;
	u16 type;
	u16 protocol;
	bool kern;
};

/**
 * struct acf_sock_info - The addresses and state of an IPv4 or IPv6 socket
 * @family: AF_INET or AF_INET6
 * @full: It is neither a timewait nor a request socket
 * @timewait: It is a timewait socket
 * @timewait_scope: tw_scope of a timewait socket, see inet_sk_scope()
 * @v6only: IPV6_V6ONLY is set
 * @stream: Its type is SOCK_STREAM
 * @connected: It is connected, or asks for a connection
 * @opening: It asks for a connection
 * @has_port: It has a local port
 * @local: Address on which it receives; IPv4 in the first four bytes
 * @source: Address from which it sends; IPv4 in the first four bytes
 * @remote: Address to which it is connected, or the unspecified one; IPv4 in
 *	the first four bytes
 *
 * Unless @full, @stream to @has_port are false and @source is unspecified.
 */
struct acf_sock_info {
	u16 family;
	bool full;
	bool timewait;
	u32 timewait_scope;
	bool v6only;
	bool stream;
	bool connected;
	bool opening;
	bool has_port;
	u8 local[16];
	u8 source[16];
	u8 remote[16];
};

/**
 * enum acf_traffic - What a socket exchanges
 * @ACF_TRAFFIC_MESSAGES: It is no stream socket
 * @ACF_TRAFFIC_OPENING: It requests a connection
 * @ACF_TRAFFIC_ANSWERS: It listens or is closed, and answers requests at most
 * @ACF_TRAFFIC_CONNECTION: It has a connection
 */
enum acf_traffic {
	ACF_TRAFFIC_MESSAGES,
	ACF_TRAFFIC_OPENING,
	ACF_TRAFFIC_ANSWERS,
	ACF_TRAFFIC_CONNECTION,
};

struct sock *acf_helper_file_sk(struct file *file);
const struct sock *acf_helper_sk_owner(const struct sock *sk);
bool acf_helper_sk_has_ended(const struct sock *sk);
void acf_helper_sk_drop_input(struct sock *sk);
bool acf_helper_sk_corked(const struct sock *sk);
void acf_helper_sk_kind(const struct sock *sk, struct acf_sock_kind *kind);
struct sock *acf_helper_sock_sk(const struct socket *sock);
bool acf_helper_sk_info(const struct sock *sk, struct acf_sock_info *info);
int acf_helper_sk_local(const struct sock *sk, u8 local[16]);
bool acf_helper_sk_is_tunnel(const struct sock *sk);
enum acf_traffic acf_helper_sk_traffic(const struct sock *sk);
bool acf_helper_sk_try_abort(struct sock *sk);
bool acf_helper_sk_lacks_key(const struct sock *sk);
bool acf_helper_sk_hold(struct sock *sk);
void acf_helper_sk_put(struct sock *sk);

/* --- route.c: the addresses of the host, and its routes --- */

/* An address in network byte order: 4 bytes, or 16 for IPv6. False ends the walk. */
typedef bool (*acf_address_t)(const u8 *address, void *data);

void acf_helper_each_local(const struct sock *sk, int family, int ifindex,
			   acf_address_t visit, void *data);
bool acf_helper_route_v4(const struct sock *sk, u32 to, u32 *source,
			 int *ifindex);
bool acf_helper_route_v6(const struct sock *sk, const u8 to[16], u8 source[16],
			 int *ifindex);

unsigned int acf_helper_addrs_in_use(u32 first, u32 last, u32 *found,
				     unsigned int room);

/* --- packet.c: packets --- */

bool acf_helper_skb_is_led(const struct sk_buff *skb, const struct sock *sk,
			   int family);

/**
 * struct acf_skb_ends - The addresses of a packet
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for other packets
 * @source: In the header of the packet
 * @destination: The same
 */
struct acf_skb_ends {
	int family;
	const void *source;
	const void *destination;
};

/**
 * struct acf_skb_mark - The mark of a packet: see include/linux/skbuff.h of the patched
 * kernel
 * @scope: What sent it, or 0
 * @inward: Only for sockets of that
 * @outward: To the loopback of the host
 */
struct acf_skb_mark {
	u32 scope;
	bool inward;
	bool outward;
};

/**
 * struct acf_skb_size - The size of a packet on the wire
 * @packets: As how many it goes there
 * @bytes: Of these, from the IP header on
 */
struct acf_skb_size {
	u32 packets;
	u32 bytes;
};

struct acf_skb_size acf_helper_skb_size(const struct sk_buff *skb);
struct acf_skb_ends acf_helper_skb_ends(const struct sk_buff *skb);
struct acf_skb_mark acf_helper_skb_mark(const struct sk_buff *skb);

/* --- task.c: finding and enumerating tasks --- */

struct task_struct *acf_helper_task_by_pid(pid_t pid);
void acf_helper_current_ids(u32 *uid, u32 *gid);
int acf_helper_current_cgroup(char *buf, size_t size);
void acf_helper_kill_current(void);
void acf_helper_signal_refusal(int error);
void acf_helper_task_get(struct task_struct *task);
void acf_helper_task_put(struct task_struct *task);
bool acf_helper_task_is_kernel(const struct task_struct *task);
pid_t acf_helper_task_tgid_here(struct task_struct *task);
unsigned int acf_helper_threads(struct task_struct *process,
				struct task_struct **threads,
				unsigned int room);
const struct task_struct *
acf_helper_task_tracer(const struct task_struct *task);
bool acf_helper_task_traces(const struct task_struct *task);
bool acf_helper_task_exits(const struct task_struct *task);
bool acf_helper_task_serves_ring(const struct task_struct *task);
bool acf_helper_task_same_process(struct task_struct *task,
				  struct task_struct *other);
bool acf_helper_task_shares_memory(const struct task_struct *task,
				   const struct task_struct *other);
const void *acf_helper_task_files(const struct task_struct *task);
void acf_helper_each_task(bool (*visit)(struct task_struct *task, void *data),
			  void *data);
void acf_helper_each_thread(pid_t tgid,
			    bool (*visit)(struct task_struct *task, void *data),
			    void *data);

/* --- call.c: open sockets, and the system calls that tasks are in --- */

const void *acf_helper_each_socket(struct task_struct *task,
				   bool (*visit)(struct sock *sk,
						 unsigned int fd, void *data),
				   void *data);
void acf_helper_socket_of_call(struct task_struct *task,
			       bool (*visit)(struct sock *sk,
					     unsigned int fd, void *data),
			       void *data);
bool acf_helper_task_only_waits(struct task_struct *task);
bool acf_helper_task_waits_on(const struct task_struct *task, struct sock *sk);
void acf_helper_task_recall(struct task_struct *task);
bool acf_helper_task_recalled(struct task_struct *task);
int acf_helper_option_length(void);
bool acf_helper_interrupted(void);

/* --- file.c: what open files are --- */

/**
 * struct acf_file_info - What an open file is
 * @socket: It is a socket
 * @redirected: BPF programs may redirect what this socket sends and receives
 * @state: TCP_* of a socket
 * @family: PF_* of a socket
 * @protocol: IPPROTO_* of a socket
 * @device: It is a character device
 * @foreign_ring: It is an io_uring that a process with other memory made
 * @pages: It provides pages of @memory, by userfaultfd(2)
 * @closes: Its descriptor closes when the process executes a program
 * @major: Major number of the device
 * @minor: Minor number of the device
 * @memory: Memory to which it gives access, never dereferenced
 */
struct acf_file_info {
	bool socket;
	bool redirected;
	u8 state;
	u16 family;
	u16 protocol;
	bool device;
	bool foreign_ring;
	bool pages;
	bool closes;
	u32 major;
	u32 minor;
	const struct mm_struct *memory;
};

void acf_helper_file_info(struct file *file, const struct mm_struct *mm,
			  struct acf_file_info *info);
void acf_helper_each_file(struct task_struct *task,
			  bool (*visit)(const struct acf_file_info *info,
					int fd, void *data),
			  void *data);
int acf_helper_each_mapped(struct task_struct *task,
			   bool (*visit)(const struct acf_file_info *info,
					 int fd, void *data),
			   void *data);
bool acf_helper_task_has_memory(const struct task_struct *task,
				const struct mm_struct *mm);
struct file *acf_helper_file_get(int fd);
void acf_helper_file_put(struct file *file);
bool acf_helper_file_is_regular(const struct file *file);

/**
 * struct acf_file_id - Identity of a file
 * @device: Number of its device
 * @inode: Number of its inode
 */
struct acf_file_id {
	u32 device;
	u64 inode;
};

struct acf_file_id acf_helper_file_id(const struct file *file);

/* --- sysfs.c: read-only files --- */

struct acf_file;

typedef ssize_t (*acf_show_t)(const void *data, char *page);

struct acf_file *acf_helper_file_create(struct kobject *dir, const char *name,
					u16 mode, acf_show_t show,
					const void *data);
void acf_helper_file_remove(struct kobject *dir, struct acf_file *file);
struct kobject *acf_helper_kernel_kobj(void);

/* --- others --- */

u32 acf_helper_random_below(u32 ceiling);
struct workqueue_struct *acf_helper_queue_new(const char *name);

#endif /* _ACF_HELPERS_H */
