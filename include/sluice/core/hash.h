/* SHA-2 and HMAC-SHA-256 over libcrypto, CRC-32, hex, and comparison in constant time. */
#ifndef SLUICE_CORE_HASH_H
#define SLUICE_CORE_HASH_H

#include "sluice/core/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_SHA256_SIZE 32
#define SL_SHA256_HEX  65 /* with the terminator */
#define SL_SHA384_HEX  97 /* with the terminator */

struct sl_sha256;

struct sl_sha256 *sl_sha256_new(void) __attribute__((returns_nonnull, warn_unused_result));
void sl_sha256_free(struct sl_sha256 *sha);
SL_DEFINE_CLEANUP(struct sl_sha256, sl_sha256_free);
void sl_sha256_add(struct sl_sha256 *sha, const void *data, size_t len);

/* Length-prefixed, so that ("ab","c") and ("a","bc") differ; NULL differs from "". */
void sl_sha256_add_str(struct sl_sha256 *sha, const char *s);

/* Finishes; the object may only be freed after. */
void sl_sha256_end(struct sl_sha256 *sha, unsigned char out[SL_SHA256_SIZE]);
void sl_sha256_end_hex(struct sl_sha256 *sha, char out[SL_SHA256_HEX]);

/* In one go. */
void sl_sha256_hex(const void *data, size_t len, char out[SL_SHA256_HEX]);

/* Of head and then data: a prefix that is not stored beside the rest. */
void sl_sha384_hex(const void *head, size_t head_len, const void *data, size_t len,
	char out[SL_SHA384_HEX]);

/* That of zip and Ethernet (polynomial 0xedb88320), of all that went before and data; 0 begins. */
uint32_t sl_crc32(uint32_t before, const void *data, size_t len);
void sl_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[SL_SHA256_SIZE]);

/* out[2 * len + 1]; returns out. */
char *sl_hex(const void *data, size_t len, char *out);

/* What a digit of either case is worth; -1 when it is none. */
int sl_hex_digit(char c);

/* Lower or upper case, exactly 2 * len digits; false otherwise. */
bool sl_unhex(const char *hex, unsigned char *out, size_t len) __attribute__((warn_unused_result));

/* Takes the same time whatever the bytes are; the lengths are not secret. */
bool sl_secret_eq(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
