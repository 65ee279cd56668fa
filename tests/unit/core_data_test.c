#include "sluice/core/clock.h"
#include "sluice/core/hash.h"
#include "sluice/core/map.h"
#include "sluice/core/rand.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static void a_map_keeps_the_order_of_insertion(void **state)
{
	sl_auto(sl_map_free_p) struct sl_map *map = sl_map_new();
	static int values[500];
	char key[16];

	(void)state;
	for (int i = 0; i < 500; i++) {
		(void)snprintf(key, sizeof(key), "key-%d", i);
		assert_null(sl_map_put(map, key, &values[i]));
	}
	assert_int_equal(sl_map_len(map), 500);
	for (int i = 0; i < 500; i++) {
		(void)snprintf(key, sizeof(key), "key-%d", i);
		assert_string_equal(sl_map_key_at(map, (size_t)i), key);
		assert_ptr_equal(sl_map_get(map, key), &values[i]);
	}
	assert_null(sl_map_get(map, "key-500"));
}

static void putting_again_returns_the_value_before(void **state)
{
	sl_auto(sl_map_free_p) struct sl_map *map = sl_map_new();
	int one = 1;
	int two = 2;

	(void)state;
	assert_null(sl_map_put(map, "k", &one));
	assert_ptr_equal(sl_map_put(map, "k", &two), &one);
	assert_ptr_equal(sl_map_get(map, "k"), &two);
	assert_int_equal(sl_map_len(map), 1);
}

static void removing_keeps_the_order_of_the_others(void **state)
{
	sl_auto(sl_map_free_p) struct sl_map *map = sl_map_new();
	int value = 0;

	(void)state;
	(void)sl_map_put(map, "a", &value);
	(void)sl_map_put(map, "b", &value);
	(void)sl_map_put(map, "c", &value);
	assert_ptr_equal(sl_map_remove(map, "b"), &value);
	assert_null(sl_map_remove(map, "b"));
	assert_int_equal(sl_map_len(map), 2);
	assert_string_equal(sl_map_key_at(map, 1), "c");
	(void)sl_map_put(map, "b", &value);
	assert_string_equal(sl_map_key_at(map, 2), "b");
}

static void a_map_survives_much_putting_and_removing(void **state)
{
	sl_auto(sl_map_free_p) struct sl_map *map = sl_map_new();
	static int value;
	char key[16];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		(void)snprintf(key, sizeof(key), "%d", round);
		(void)sl_map_put(map, key, &value);
		(void)snprintf(key, sizeof(key), "%d", round - 10);
		(void)sl_map_remove(map, key);
	}
	assert_int_equal(sl_map_len(map), 10);
	assert_string_equal(sl_map_key_at(map, 0), "19990");
	assert_non_null(sl_map_get(map, "19999"));
}

/* FIPS 180-4's example. */
static void sha384_of_a_known_text_is_the_published_one_in_one_part_or_two(void **state)
{
	static const char expected[] =
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7";
	char hex[SL_SHA384_HEX];

	(void)state;
	sl_sha384_hex("", 0, "abc", 3, hex);
	assert_string_equal(hex, expected);
	sl_sha384_hex("a", 1, "bc", 2, hex);
	assert_string_equal(hex, expected);
}

static void crc32_of_the_known_digits_is_the_published_check_value(void **state)
{
	(void)state;
	assert_int_equal(sl_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(sl_crc32(sl_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(sl_crc32(0, "", 0), 0);
}

static void sha256_of_known_texts_is_the_published_one(void **state)
{
	char hex[SL_SHA256_HEX];

	(void)state;
	sl_sha256_hex("abc", 3, hex);
	assert_string_equal(hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sl_sha256_hex("", 0, hex);
	assert_string_equal(hex,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void pair_hex(const char *a, const char *b, char out[SL_SHA256_HEX])
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();

	sl_sha256_add_str(sha, a);
	sl_sha256_add_str(sha, b);
	sl_sha256_end_hex(sha, out);
}

static void hashed_texts_cannot_run_into_each_other(void **state)
{
	char one[SL_SHA256_HEX];
	char two[SL_SHA256_HEX];

	(void)state;
	pair_hex("ab", "c", one);
	pair_hex("a", "bc", two);
	assert_string_not_equal(one, two);
	pair_hex("a", NULL, one);
	pair_hex("a", "", two);
	assert_string_not_equal(one, two);
}

/* RFC 4231, test case 2. */
static void hmac_is_the_published_one(void **state)
{
	unsigned char mac[SL_SHA256_SIZE];
	char hex[SL_SHA256_HEX];

	(void)state;
	sl_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	assert_string_equal(sl_hex(mac, sizeof(mac), hex),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void hex_of_the_wrong_length_or_alphabet_is_refused(void **state)
{
	unsigned char bytes[2] = { 0 };

	(void)state;
	assert_true(sl_unhex("00fF", bytes, 2));
	assert_int_equal(bytes[1], 0xff);
	assert_false(sl_unhex("00f", bytes, 2));
	assert_false(sl_unhex("00ff0", bytes, 2));
	assert_false(sl_unhex("00fg", bytes, 2));
}

static void secrets_are_equal_only_with_their_length(void **state)
{
	(void)state;
	assert_true(sl_secret_eq("token", 5, "token", 5));
	assert_false(sl_secret_eq("token", 5, "tokem", 5));
	assert_false(sl_secret_eq("token", 5, "token1", 6));
}

static void a_seed_repeats_its_numbers(void **state)
{
	struct sl_rand_seeded a;
	struct sl_rand_seeded b;
	struct sl_rand_seeded c;
	bool same = true;

	(void)state;
	sl_rand_seed(&a, 42);
	sl_rand_seed(&b, 42);
	sl_rand_seed(&c, 43);
	for (int i = 0; i < 100; i++) {
		uint64_t word = sl_rand_u64(&a.rand);

		assert_int_equal(word, sl_rand_u64(&b.rand));
		same = same && word == sl_rand_u64(&c.rand);
	}
	assert_false(same);
}

static void bounded_numbers_reach_every_value(void **state)
{
	struct sl_rand_seeded seeded;
	unsigned hits[7] = { 0 };

	(void)state;
	sl_rand_seed(&seeded, 1);
	for (int i = 0; i < 7000; i++)
		hits[sl_rand_below(&seeded.rand, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(hits[i], 850, 1150);
}

static void ids_are_32_hex_digits_and_differ(void **state)
{
	char a[SL_ID_SIZE];
	char b[SL_ID_SIZE];

	(void)state;
	assert_int_equal(strlen(sl_rand_id(sl_rand_system(), a)), 32);
	assert_string_not_equal(a, sl_rand_id(sl_rand_system(), b));
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
}

static void moments_are_written_in_utc(void **state)
{
	char out[SL_TIME_ISO_MAX];

	(void)state;
	assert_string_equal(sl_time_iso(0, out), "1970-01-01T00:00:00Z");
	assert_string_equal(sl_time_iso(INT64_C(1795338840999999), out), "2026-11-22T09:14:00Z");
	assert_string_equal(sl_time_iso(INT64_MAX, out), "9999-12-31T23:59:59Z");
}

static void a_days_end_is_its_last_second_and_no_other_text_is_a_day(void **state)
{
	static const char *const none[] = { "", "soon", "2027-02-30", "2027-13-01", "2027-1-1",
		"2027-01-01 ", "2027-01-01T00", "   7-01-01", "+027-01-01", "2027/01/01" };
	char out[SL_TIME_ISO_MAX];
	int64_t end = 0;

	(void)state;
	assert_true(sl_time_day_end("2028-02-29", &end));
	assert_string_equal(sl_time_iso(end, out), "2028-02-29T23:59:59Z");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(sl_time_day_end(none[i], &end));
}

static void spans_name_at_most_two_units(void **state)
{
	char out[SL_TIME_ISO_MAX];

	(void)state;
	assert_string_equal(sl_time_span(0, out), "0 ms");
	assert_string_equal(sl_time_span(12 * 1000, out), "12 ms");
	assert_string_equal(sl_time_span(40 * SL_SECOND_US, out), "40 s");
	assert_string_equal(sl_time_span(90 * SL_SECOND_US, out), "1 m 30 s");
	assert_string_equal(sl_time_span(11520 * SL_SECOND_US, out), "3 h 12 m");
	assert_string_equal(sl_time_span(86400 * SL_SECOND_US + 30 * SL_SECOND_US, out), "1 d");
}

static void the_monotonic_clock_never_goes_back(void **state)
{
	int64_t last = sl_clock_mono(sl_clock_system());

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = sl_clock_mono(sl_clock_system());

		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_keeps_the_order_of_insertion),
		cmocka_unit_test(putting_again_returns_the_value_before),
		cmocka_unit_test(removing_keeps_the_order_of_the_others),
		cmocka_unit_test(a_map_survives_much_putting_and_removing),
		cmocka_unit_test(sha256_of_known_texts_is_the_published_one),
		cmocka_unit_test(sha384_of_a_known_text_is_the_published_one_in_one_part_or_two),
		cmocka_unit_test(crc32_of_the_known_digits_is_the_published_check_value),
		cmocka_unit_test(hashed_texts_cannot_run_into_each_other),
		cmocka_unit_test(hmac_is_the_published_one),
		cmocka_unit_test(hex_of_the_wrong_length_or_alphabet_is_refused),
		cmocka_unit_test(secrets_are_equal_only_with_their_length),
		cmocka_unit_test(a_seed_repeats_its_numbers),
		cmocka_unit_test(bounded_numbers_reach_every_value),
		cmocka_unit_test(ids_are_32_hex_digits_and_differ),
		cmocka_unit_test(moments_are_written_in_utc),
		cmocka_unit_test(a_days_end_is_its_last_second_and_no_other_text_is_a_day),
		cmocka_unit_test(spans_name_at_most_two_units),
		cmocka_unit_test(the_monotonic_clock_never_goes_back),
	};

	return cmocka_run_group_tests_name("core_data", tests, NULL, NULL);
}
