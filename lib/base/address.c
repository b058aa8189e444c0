#include "base/address.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { BYTES = 16, V4_NETWORK_BYTES = 15, V6_NETWORK_BYTES = 8 };

/* The 16 bytes of an address, IPv4 in its mapped form; false: it is none. */
static bool parse(const char *text, unsigned char bytes[static BYTES])
{
	if (text == NULL)
		return false;
	memset(bytes, 0, BYTES);
	if (inet_pton(AF_INET, text, bytes + 12) == 1) {
		bytes[10] = bytes[11] = 0xff;
		return true;
	}
	return inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_v4(const unsigned char bytes[static BYTES])
{
	struct in6_addr address;
	memcpy(&address, bytes, sizeof address);
	return IN6_IS_ADDR_V4MAPPED(&address);
}

bool address_equal(const char *left, const char *right)
{
	unsigned char a[BYTES], b[BYTES];
	return parse(left, a) && parse(right, b) && memcmp(a, b, BYTES) == 0;
}

bool address_same_network(const char *left, const char *right)
{
	unsigned char a[BYTES], b[BYTES];
	/* Every IPv4 address, mapped, begins with the 64 bits that ::1 begins with. */
	if (!parse(left, a) || !parse(right, b) || is_v4(a) != is_v4(b))
		return false;
	return memcmp(a, b, is_v4(a) ? V4_NETWORK_BYTES : V6_NETWORK_BYTES) == 0;
}

const char *address_customer(struct pool *pool, const char *address)
{
	unsigned char b[BYTES];
	if (!parse(address, b))
		return "unknown";
	if (is_v4(b))
		return pool_printf(pool, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	return pool_printf(pool, "%x:%x:%x:%x::/64", b[0] << 8 | b[1], b[2] << 8 | b[3],
			   b[4] << 8 | b[5], b[6] << 8 | b[7]);
}

/* The first `bits` of an address. */
struct network {
	unsigned char bytes[BYTES];
	unsigned bits;
};

/* What is no host of the Internet among IPv4 addresses (IANA IPv4 Special-Purpose Address Registry). */
static const struct network v4_special[] = {
	{ { 0 }, 8 },             /* this network */
	{ { 10 }, 8 },            /* private */
	{ { 100, 64 }, 10 },      /* between a carrier and its customers */
	{ { 127 }, 8 },           /* this machine */
	{ { 169, 254 }, 16 },     /* this link; clouds keep their metadata service here */
	{ { 172, 16 }, 12 },      /* private */
	{ { 192, 0, 0 }, 24 },    /* protocol assignments */
	{ { 192, 0, 2 }, 24 },    /* documentation */
	{ { 192, 88, 99 }, 24 },  /* 6to4 relays */
	{ { 192, 168 }, 16 },     /* private */
	{ { 198, 18 }, 15 },      /* benchmarks */
	{ { 198, 51, 100 }, 24 }, /* documentation */
	{ { 203, 0, 113 }, 24 },  /* documentation */
	{ { 224 }, 4 },           /* multicast */
	{ { 240 }, 4 },           /* reserved, broadcast */
};

/* The same within 2000::/3, which is all of IPv6 that is given to hosts. */
static const struct network v6_special[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments, Teredo among them */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 }, 16 },             /* 6to4 */
	{ { 0x3f, 0xff }, 20 },             /* documentation */
};

static const struct network v6_hosts = { { 0x20 }, 3 };
static const struct network nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

static bool lies_in(const unsigned char *bytes, const struct network *network)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	if (memcmp(bytes, network->bytes, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ network->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_special(const unsigned char *bytes, const struct network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lies_in(bytes, &networks[i]))
			return true;
	return false;
}

static bool is_public_v4(const unsigned char *bytes)
{
	return !is_special(bytes, v4_special, sizeof v4_special / sizeof *v4_special);
}

static bool is_public_v6(const unsigned char *bytes)
{
	if (is_v4(bytes) || lies_in(bytes, &nat64))
		return is_public_v4(bytes + 12);
	return lies_in(bytes, &v6_hosts) &&
	       !is_special(bytes, v6_special, sizeof v6_special / sizeof *v6_special);
}

bool address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return is_public_v4((const unsigned char *)&v4.sin_addr);
	}
	if (address->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 v6;
	memcpy(&v6, address, sizeof v6);
	return is_public_v6(v6.sin6_addr.s6_addr);
}
