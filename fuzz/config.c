/* A configuration file.  The first byte chooses between the text as it stands and a file in which a
 * secret stands where a reference belongs. */
#include "fuzz.h"

#include "sluice/config/secret.h"
#include "sluice/config/snapshot.h"
#include "sluice/policy/workspace.h"
#include "sluice/review/rule.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SECRET "hunter2"

static const struct sl_option_table *const tables[] = { &sl_config_server_options,
	&sl_policy_options, &sl_review_options };

static const struct sl_option_set set = { tables, sizeof(tables) / sizeof(tables[0]) };

/* Every problem names the file and, where it has a place, a line that the file has. */
static void check_problems(const struct sl_problems *problems, const char *text, size_t len)
{
	unsigned lines = 2;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n' || text[i] == '\r' || (text[i] & 0x80) != 0;
	for (size_t i = 0; i < sl_problems_len(problems); i++) {
		const char *line = sl_problems_at(problems, i);
		unsigned number = 0;

		assert(strncmp(line, "fuzz.yaml:", 10) == 0 && line[10] != '\0');
		for (const char *c = line + 10; *c >= '0' && *c <= '9'; c++)
			number = number * 10 + (unsigned)(*c - '0');
		assert(number <= lines);
	}
}

static struct sl_config *parse(const char *text, size_t len, struct sl_problems *problems,
	struct sl_error *err)
{
	const struct sl_config_text input = { "fuzz.yaml", text, len };
	struct sl_config *config = NULL;

	if (sl_config_parse(&config, &set, &input, problems, err) == SL_OK) {
		assert(sl_problems_total(problems) == 0);
		return config;
	}
	assert(sl_problems_total(problems) > 0 && err->msg[0] != '\0');
	return NULL;
}

/* What `config show` prints is a configuration too, and the same one. */
static void check_shown(const struct sl_config *config)
{
	sl_auto_buf struct sl_buf shown = SL_BUF_INIT(64u << 20);
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	struct sl_error err = SL_ERROR_INIT;
	struct sl_config *again;
	json_t *one, *two;

	sl_config_show(config, &shown);
	if (shown.len > (1u << 20))
		return;
	again = parse(sl_buf_str(&shown), shown.len, problems, &err);
	if (!again)
		(void)fprintf(stderr, "%s\n", err.msg);
	assert(again);
	one = sl_config_json(config);
	two = sl_config_json(again);
	assert(json_equal(one, two));
	json_decref(one);
	json_decref(two);
	sl_config_unref(again);
}

static void check_text(const char *text, size_t len)
{
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	struct sl_error err = SL_ERROR_INIT;
	struct sl_config *config = parse(text, len, problems, &err);

	check_problems(problems, text, len);
	if (config)
		check_shown(config);
	sl_config_unref(config);
}

/* Places of secrets: what stands before and behind one in a file. */
static const struct {
	const char *before, *behind;
} places[] = {
	{ "hosts: [{name: h, kind: gitlab, url: https://h.example.com, token: \"", "\"}]\n" },
	{ "hosts: [{name: h, kind: gitlab, url: https://h.example.com, webhook_secrets: [\"",
		"\"]}]\n" },
	{ "targets: [{name: t, environment: dev, url: \"sqlite:/a\", password: \"", "\"}]\n" },
	{ "targets: [{name: t, environment: dev, url: \"postgres://u:", "@db/shop\"}]\n" },
	{ "targets: [{name: t, environment: dev, url: \"mysql://u@db/shop?password=", "\"}]\n" },
	{ "store: \"postgres://u:", "@db/store\"\n" },
	{ "routes: [{name: r, kind: slack, url: \"", "\"}]\n" },
	{ "users: [{name: ana, token: \"", "\"}]\n" },
};

/* A secret in plain sight is refused, and no message repeats it. */
static void check_secret(uint8_t choice, const char *text, size_t len)
{
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	sl_auto_buf struct sl_buf file = SL_BUF_INIT(1u << 20);
	size_t place = choice / 2u % (sizeof(places) / sizeof(places[0]));
	struct sl_error err = SL_ERROR_INIT;
	struct sl_config *config;

	sl_buf_adds(&file, places[place].before);
	for (size_t i = 0; i < len; i++) {
		if (i == len / 2)
			sl_buf_adds(&file, SECRET);
		if (text[i] > ' ' && text[i] < 0x7f && !strchr("\"\\/?#&:@", text[i]))
			sl_buf_add(&file, &text[i], 1);
	}
	sl_buf_adds(&file, places[place].behind);
	config = parse(sl_buf_str(&file), file.len, problems, &err);
	assert(!config);
	assert(!strstr(err.msg, SECRET));
	for (size_t i = 0; i < sl_problems_len(problems); i++)
		assert(!strstr(sl_problems_at(problems, i), SECRET));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] % 2 == 0)
		check_text((const char *)data + 1, size - 1);
	else
		check_secret(data[0], (const char *)data + 1, size - 1);
	return 0;
}
