/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how the kernel is asked for multicast. */
#include "node/peers/multicast.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "node/site/addresses.h"

/* Newer than Debian 12's headers. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

#define SIX  0U
#define FOUR 1U

static const uint8_t group_four[4] = { 239, 255, 18, 52 }; /* 18.52 is 0x1234, mosd's port */
static const uint8_t scopes[2] = { 0x12, 0x15 };	   /* link, site */
static const uint8_t group_six[16] = { 0xff, 0, [12] = 0x6d, 0x6f, 0x12, 0x34 };

struct multicast {
	struct multicast_conf conf;
	int fd[MULTICAST_FAMILIES];
	uint16_t port[MULTICAST_FAMILIES];
	struct in6_addr six;
	struct in_addr four;
	struct multicast_link links[MULTICAST_LINKS_MAX];
	unsigned n;
};

uint16_t multicast_port(uint16_t port)
{
	return port < UINT16_MAX ? port + 1 : port - 1;
}

static unsigned family_of(const struct node_addr *a)
{
	return a->size == 16 ? SIX : FOUR;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* What came to a group that some other program has joined is none of our business; hence ..._ALL.
 */
static int set_four(int fd, uint8_t ttl, bool listens)
{
	int r = set(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl);

	if (r == 0)
		r = set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, !listens);
	if (r == 0)
		r = set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	return r < 0 ? r : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static int set_six(int fd, uint8_t ttl, bool listens)
{
	int r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);

	if (r == 0)
		r = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
	if (r == 0)
		r = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, !listens);
	if (r == 0)
		r = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	return r < 0 ? r : set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

/* Return: 0, or -errno; *@ret_port is the one that it got. */
static int bind_to(int fd, unsigned family, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr *sa = family == SIX ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t len = family == SIX ? sizeof(six) : sizeof(four);

	if (bind(fd, sa, len) < 0 || getsockname(fd, sa, &len) < 0)
		return -errno;
	*ret_port = ntohs(family == SIX ? six.sin6_port : four.sin_port);
	return 0;
}

static int open_one(struct multicast *m, unsigned family)
{
	CLEANUP(close_fd)
	int fd = socket(family == SIX ? AF_INET6 : AF_INET,
			SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = (family == SIX ? set_six : set_four)(fd, m->conf.on.ttl, m->conf.listens);
	if (r == 0)
		r = bind_to(fd, family, m->conf.listens ? m->conf.port : 0, &m->port[family]);
	return r < 0 ? r : steal_fd(&fd);
}

int multicast_open(const struct multicast_conf *c, struct multicast **ret, struct err *e)
{
	struct multicast *m = calloc(1, sizeof(*m));
	int r = 0;

	*ret = NULL;
	if (!m)
		return err_set(e, -ENOMEM, "out of memory");
	m->conf = *c;
	memcpy(&m->four, group_four, sizeof(group_four));
	memcpy(&m->six, group_six, sizeof(group_six));
	m->six.s6_addr[1] = scopes[c->on.ttl > 1];
	for (unsigned k = 0; k < MULTICAST_FAMILIES; k++)
		m->fd[k] = -1;
	for (unsigned k = 0; k < MULTICAST_FAMILIES && r == 0; k++) {
		r = m->fd[k] = open_one(m, k);
		if (r > 0 || (k == SIX && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)))
			r = 0; /* or a machine without IPv6 */
	}
	if (r < 0) {
		multicast_close(m);
		return err_set(e, r, "open UDP port %u, to discover nodes: %s", c->port,
			       strerror(-r));
	}
	(void)multicast_refresh(m);
	*ret = m;
	return 0;
}

void multicast_close(struct multicast *m)
{
	if (!m)
		return;
	for (unsigned k = 0; k < MULTICAST_FAMILIES; k++)
		close_fd(&m->fd[k]);
	free(m);
}

/* Whether the administrator wants this interface. */
static bool wanted(const struct multicast *m, const struct ifaddrs *i)
{
	if (!(i->ifa_flags & IFF_UP) || strlen(i->ifa_name) >= CONF_LINK_NAME)
		return false;
	for (unsigned k = 0; k < m->conf.on.n; k++)
		if (!strcmp(m->conf.on.links[k], i->ifa_name))
			return true;
	return !m->conf.on.n && i->ifa_flags & IFF_MULTICAST &&
	       !(i->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT));
}

static struct multicast_link *link_get(struct multicast *m, const char *name, unsigned family)
{
	for (unsigned k = 0; k < m->n; k++)
		if (family_of(&m->links[k].addr) == family && !strcmp(m->links[k].name, name))
			return &m->links[k];
	return NULL;
}

/* Fails where we are in it already, which is all the same. */
static void join_group(struct multicast *m, const struct multicast_link *l)
{
	struct ip_mreqn four = { .imr_multiaddr = m->four, .imr_ifindex = (int)l->index };
	struct ipv6_mreq six = { .ipv6mr_multiaddr = m->six, .ipv6mr_interface = l->index };

	if (family_of(&l->addr) == FOUR) {
		(void)setsockopt(m->fd[FOUR], IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four));
		return;
	}
	/* others may have another TTL, and with it the other group */
	for (unsigned i = 0; i < ARRAY_SIZE(scopes); i++) {
		six.ipv6mr_multiaddr.s6_addr[1] = scopes[i];
		(void)setsockopt(m->fd[SIX], IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &six, sizeof(six));
	}
}

static void take_up(struct multicast *m, const struct ifaddrs *i)
{
	struct multicast_link *l;
	struct node_addr a;
	bool liked;

	if (!wanted(m, i) || !addr_of(i->ifa_addr, &a) || !node_addr_reachable(&a) ||
	    m->fd[family_of(&a)] < 0 ||
	    (m->conf.only.size && node_addr_cmp(&a, &m->conf.only) != 0))
		return;
	liked = !node_addr_cmp(&a, &m->conf.likes);
	l = link_get(m, i->ifa_name, family_of(&a));
	if (l && !liked)
		return; /* the first one that it has */
	if (!l) {
		if (m->n == MULTICAST_LINKS_MAX)
			return;
		l = &m->links[m->n++];
		*l = (struct multicast_link){ .index = if_nametoindex(i->ifa_name) };
		memcpy(l->name, i->ifa_name, strlen(i->ifa_name) + 1);
	}
	l->addr = a;
}

unsigned multicast_refresh(struct multicast *m)
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) < 0)
		return m->n;
	m->n = 0;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next)
		take_up(m, i);
	freeifaddrs(list);
	for (unsigned k = 0; m->conf.listens && k < m->n; k++)
		join_group(m, &m->links[k]);
	return m->n;
}

const struct multicast_link *multicast_links(const struct multicast *m, unsigned *ret_n)
{
	*ret_n = m->n;
	return m->links;
}

int multicast_fd(const struct multicast *m, unsigned family)
{
	return m->fd[family];
}

uint16_t multicast_own_port(const struct multicast *m, const struct multicast_link *l)
{
	return m->port[family_of(&l->addr)];
}

static void send_to(struct multicast *m, unsigned family, const void *addr, uint16_t port,
		    const void *p, size_t n)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(family == SIX ? (void *)&six.sin6_addr : (void *)&four.sin_addr, addr,
	       family == SIX ? sizeof(six.sin6_addr) : sizeof(four.sin_addr));
	(void)sendto(m->fd[family], p, n, MSG_DONTWAIT | MSG_NOSIGNAL,
		     family == SIX ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
		     family == SIX ? sizeof(six) : sizeof(four));
}

static int choose(struct multicast *m, const struct multicast_link *l)
{
	struct ip_mreqn by = { .imr_ifindex = (int)l->index };

	if (family_of(&l->addr) == SIX)
		return set(m->fd[SIX], IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)l->index);
	memcpy(&by.imr_address, l->addr.bytes, sizeof(by.imr_address));
	return setsockopt(m->fd[FOUR], IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by));
}

void multicast_tell(struct multicast *m, const struct multicast_link *l, const void *p, size_t n)
{
	unsigned family = family_of(&l->addr);

	if (choose(m, l) == 0)
		send_to(m, family, family == SIX ? (const void *)&m->six : (const void *)&m->four,
			m->conf.port, p, n);
}

void multicast_answer(struct multicast *m, const struct node_addr *to, uint16_t port, const void *p,
		      size_t n)
{
	if (m->fd[family_of(to)] >= 0)
		send_to(m, family_of(to), to->bytes, port, p, n);
}

static unsigned index_of(struct msghdr *h)
{
	struct in6_pktinfo six;
	struct in_pktinfo four;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&six, CMSG_DATA(c), sizeof(six));
			return six.ipi6_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&four, CMSG_DATA(c), sizeof(four));
			return (unsigned)four.ipi_ifindex;
		}
	}
	return 0;
}

ssize_t multicast_receive(struct multicast *m, unsigned family, void *p, size_t size,
			  struct node_addr *ret_from, struct node_addr *ret_own)
{
	char control[128] __attribute__((aligned(8)));
	struct iovec v = { .iov_base = p, .iov_len = size };
	struct sockaddr_storage from = { 0 };
	struct msghdr h = { .msg_name = &from,
			    .msg_namelen = sizeof(from),
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(m->fd[family], &h, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	unsigned index;

	*ret_own = (struct node_addr){ 0 };
	if (n < 0)
		return -errno;
	(void)addr_of((const struct sockaddr *)&from, ret_from);
	index = index_of(&h);
	for (unsigned k = 0; k < m->n; k++)
		if (m->links[k].index == index && family_of(&m->links[k].addr) == family)
			*ret_own = m->links[k].addr;
	return n;
}
