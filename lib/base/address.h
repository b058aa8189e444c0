/* Network addresses as text (RFC 4291, RFC 5952). An IPv4 address that is written as an IPv6 one
 * (::ffff:192.0.2.1) is the IPv4 address. */
#pragma once
#include "base/memory.h"

struct sockaddr;

/* Whether both are the same address, however they are written. NULL or no address equals nothing. */
bool address_equal(const char *left, const char *right);

/* Whether both lie in the same network: the first 24 bits of an IPv4 address, the first 64 of an
 * IPv6 one, which is what one customer gets. NULL or no address lies nowhere. */
bool address_same_network(const char *left, const char *right);

/* The network of an IPv6 address ("2001:db8:1:2::/64"), an IPv4 address as it is, "unknown" for
 * anything else. Lives in `pool`. */
const char *address_customer(struct pool *pool, const char *address);

/* Whether this socket address can only be a host of the public Internet: an IPv4 or global IPv6 unicast
 * address that none of IANA's special-purpose registries (RFC 6890, as of 2024) keeps for something
 * else: this machine, private networks, carriers, documentation, benchmarks, multicast, tunnels that
 * carry an IPv4 address (6to4, Teredo). One behind the well-known NAT64 prefix (RFC 6052) is judged
 * by the IPv4 address in it. For what is connected to on somebody else's word: judge the address that is
 * connected to, never the name, which can mean another address a moment later. */
bool address_is_public(const struct sockaddr *address);
