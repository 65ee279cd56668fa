#include "sluice/core/hash.h"

#include "sluice/core/alloc.h"

#include <assert.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct sl_sha256 {
	EVP_MD_CTX *ctx;
	bool ended;
};

/* libcrypto fails here only when it is out of memory or broken. */
static void must(bool worked)
{
	if (!worked)
		abort();
}

struct sl_sha256 *sl_sha256_new(void)
{
	struct sl_sha256 *sha = sl_xcalloc(1, sizeof(*sha));

	sha->ctx = EVP_MD_CTX_new();
	must(sha->ctx && EVP_DigestInit_ex(sha->ctx, EVP_sha256(), NULL) == 1);
	return sha;
}

void sl_sha256_free(struct sl_sha256 *sha)
{
	if (!sha)
		return;
	EVP_MD_CTX_free(sha->ctx);
	free(sha);
}

void sl_sha256_add(struct sl_sha256 *sha, const void *data, size_t len)
{
	assert(!sha->ended);
	must(EVP_DigestUpdate(sha->ctx, data, len) == 1);
}

void sl_sha256_add_str(struct sl_sha256 *sha, const char *s)
{
	unsigned char prefix[8];
	uint64_t len = s ? strlen(s) : UINT64_MAX;

	for (unsigned i = 0; i < sizeof(prefix); i++)
		prefix[i] = (unsigned char)(len >> (56 - 8 * i));
	sl_sha256_add(sha, prefix, sizeof(prefix));
	if (s)
		sl_sha256_add(sha, s, (size_t)len);
}

void sl_sha256_end(struct sl_sha256 *sha, unsigned char out[SL_SHA256_SIZE])
{
	assert(!sha->ended);
	must(EVP_DigestFinal_ex(sha->ctx, out, NULL) == 1);
	sha->ended = true;
}

void sl_sha256_end_hex(struct sl_sha256 *sha, char out[SL_SHA256_HEX])
{
	unsigned char digest[SL_SHA256_SIZE];

	sl_sha256_end(sha, digest);
	(void)sl_hex(digest, sizeof(digest), out);
}

void sl_sha256_hex(const void *data, size_t len, char out[SL_SHA256_HEX])
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();

	sl_sha256_add(sha, data, len);
	sl_sha256_end_hex(sha, out);
}

void sl_sha384_hex(const void *head, size_t head_len, const void *data, size_t len,
	char out[SL_SHA384_HEX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx && EVP_DigestInit_ex(ctx, EVP_sha384(), NULL) == 1 &&
		EVP_DigestUpdate(ctx, head, head_len) == 1 &&
		EVP_DigestUpdate(ctx, data, len) == 1 &&
		EVP_DigestFinal_ex(ctx, digest, &size) == 1);
	EVP_MD_CTX_free(ctx);
	(void)sl_hex(digest, size, out);
}

uint32_t sl_crc32(uint32_t before, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint32_t crc = ~before;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
	}
	return ~crc;
}

void sl_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[SL_SHA256_SIZE])
{
	assert(key_len <= INT_MAX);
	must(HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL);
}

char *sl_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	out[2 * len] = '\0';
	return out;
}

int sl_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool sl_unhex(const char *hex, unsigned char *out, size_t len)
{
	if (strlen(hex) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = sl_hex_digit(hex[2 * i]);
		int low = sl_hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool sl_secret_eq(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}
