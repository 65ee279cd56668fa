/* Which addresses nobody may make us talk to (RFC 6890 and its registries). */
#include "sluice/net.h"

#include <string.h>
#include <sys/socket.h>

struct prefix {
	unsigned char bytes[16];
	unsigned bits;
};

static const struct prefix private_v4[] = {
	{ { 0 }, 8 }, /* this network */
	{ { 10 }, 8 }, { { 100, 64 }, 10 }, /* shared by carriers */
	{ { 127 }, 8 }, { { 169, 254 }, 16 }, /* link-local, cloud metadata */
	{ { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 },
	{ { 192, 0, 2 }, 24 }, /* documentation, as the next two */
	{ { 198, 51, 100 }, 24 }, { { 203, 0, 113 }, 24 }, { { 192, 88, 99 }, 24 },
	{ { 192, 168 }, 16 }, { { 198, 18 }, 15 }, /* benchmarks */
	{ { 224 }, 3 }, /* multicast, reserved, broadcast */
};

static const struct prefix private_v6[] = {
	{ { 0 }, 127 }, /* unspecified and loopback */
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 }, { { 0x01 }, 64 }, /* discard */
	{ { 0x20, 0x01, 0x00 }, 23 }, /* protocol assignments, Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0xfc }, 7 }, /* unique local */
	{ { 0xfe, 0x80 }, 10 }, /* link-local */
	{ { 0xfe, 0xc0 }, 10 }, /* site-local */
	{ { 0xff }, 8 }, /* multicast */
};

/* Where an IPv4 address stands inside an IPv6 one: mapped, compatible, translated, 6to4. */
static const struct {
	struct prefix prefix;
	size_t at;
} embedded[] = {
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12 },
	{ { { 0 }, 96 }, 12 },
	{ { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },
	{ { { 0x20, 0x02 }, 16 }, 2 },
};

static bool matches(const struct prefix *prefix, const unsigned char *address)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;
	unsigned mask = 0xff00u >> rest & 0xffu;

	if (memcmp(prefix->bytes, address, whole) != 0)
		return false;
	return rest == 0 || ((prefix->bytes[whole] ^ address[whole]) & mask) == 0;
}

static bool any_matches(const struct prefix *prefixes, size_t n, const unsigned char *address)
{
	for (size_t i = 0; i < n; i++)
		if (matches(&prefixes[i], address))
			return true;
	return false;
}

static bool is_private_v4(const unsigned char *address)
{
	return any_matches(private_v4, sizeof(private_v4) / sizeof(private_v4[0]), address);
}

bool sl_net_is_private(int family, const unsigned char *address)
{
	if (family == AF_INET)
		return is_private_v4(address);
	if (family != AF_INET6)
		return true;
	for (size_t i = 0; i < sizeof(embedded) / sizeof(embedded[0]); i++)
		if (matches(&embedded[i].prefix, address))
			return is_private_v4(address + embedded[i].at);
	return any_matches(private_v6, sizeof(private_v6) / sizeof(private_v6[0]), address);
}
