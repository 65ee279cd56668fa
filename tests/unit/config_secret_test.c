#include "sluice/config/secret.h"
#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"
#include "sluice/sys/file.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void only_the_three_forms_are_references(void **state)
{
	static const char *const wrong[] = { "hunter2", "env:", "env:A B", "file:relative",
		"file:/", "systemd:../x", "systemd:..", "vault:x", "", "ENV:A" };

	(void)state;
	assert_true(sl_secret_is_reference("env:SHOP_PROD"));
	assert_true(sl_secret_is_reference("file:/run/secrets/gl"));
	assert_true(sl_secret_is_reference("systemd:gl-token"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sl_secret_is_reference(wrong[i]));
}

static void a_variable_is_read_when_it_is_asked_for(void **state)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(100);
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(unsetenv("SLUICE_TEST_SECRET"), 0);
	assert_int_equal(sl_secret_resolve("env:SLUICE_TEST_SECRET", &secret, &err), SL_ENOTFOUND);
	assert_string_equal(err.msg,
		"secret env:SLUICE_TEST_SECRET: the variable is not set: set it where "
		"Sluice is started");
	assert_int_equal(setenv("SLUICE_TEST_SECRET", "hunter2", 1), 0);
	assert_int_equal(sl_secret_resolve("env:SLUICE_TEST_SECRET", &secret, &err), SL_OK);
	assert_string_equal(sl_buf_str(&secret), "hunter2");
}

static char *fresh_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *folder = sl_xasprintf("%s/sluice-secret-XXXXXX", base ? base : "/tmp");

	assert_non_null(mkdtemp(folder));
	return folder;
}

static void a_changed_file_counts_at_once(void **state)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(100);
	sl_autofree char *folder = fresh_folder();
	sl_autofree char *path = sl_xasprintf("%s/token", folder);
	sl_autofree char *reference = sl_xasprintf("file:%s", path);

	(void)state;
	assert_int_equal(sl_file_write(path, "old\n", 4, 0600, NULL), SL_OK);
	assert_int_equal(sl_secret_resolve(reference, &secret, NULL), SL_OK);
	assert_string_equal(sl_buf_str(&secret), "old");
	assert_int_equal(sl_file_write(path, "new\r\n", 5, 0600, NULL), SL_OK);
	assert_int_equal(sl_secret_resolve(reference, &secret, NULL), SL_OK);
	assert_string_equal(sl_buf_str(&secret), "new");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	assert_int_equal(sl_secret_resolve("systemd:token", &secret, NULL), SL_OK);
	assert_string_equal(sl_buf_str(&secret), "new");
	assert_int_equal(sl_tree_remove(folder, NULL), SL_OK);
}

static void what_cannot_be_a_secret_is_an_error_with_the_reference(void **state)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(4);
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(sl_secret_resolve("file:/nowhere/x", &secret, &err), SL_ENOTFOUND);
	assert_non_null(strstr(err.msg, "secret file:/nowhere/x"));
	assert_int_equal(sl_secret_resolve("file:/dev/null", &secret, &err), SL_EINVAL);
	assert_string_equal(err.msg, "secret file:/dev/null: empty");
	assert_int_equal(setenv("SLUICE_TEST_SECRET", "hunter2", 1), 0);
	assert_int_equal(sl_secret_resolve("env:SLUICE_TEST_SECRET", &secret, &err), SL_ELIMIT);
	assert_null(strstr(err.msg, "hunter2"));
	assert_int_equal(sl_secret_resolve("hunter2", &secret, &err), SL_EINVAL);
	assert_null(strstr(err.msg, "hunter2"));
}

static void passwords_in_urls_are_seen_wherever_they_hide(void **state)
{
	static const char *const with[] = { "postgres://u:pw@h/d", "https://:pw@h/",
		"a://u:p/w@h/d", "a://u:p@w@h/d", "postgres://h/d?password=pw",
		"postgres://h/d?a=b&PassWord=pw" };
	static const char *const without[] = { "postgres://u@h:5432/d", "https://h:8443/a@b",
		"https://h:8443?a@b", "sqlite:a.db", "git@host:path/repo",
		"postgres://u@[::1]:5432/d", "https://h/?passwordless=1" };

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		assert_true(sl_url_has_password(with[i]));
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_false(sl_url_has_password(without[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_three_forms_are_references),
		cmocka_unit_test(a_variable_is_read_when_it_is_asked_for),
		cmocka_unit_test(a_changed_file_counts_at_once),
		cmocka_unit_test(what_cannot_be_a_secret_is_an_error_with_the_reference),
		cmocka_unit_test(passwords_in_urls_are_seen_wherever_they_hide),
	};

	return cmocka_run_group_tests_name("config_secret", tests, NULL, NULL);
}
