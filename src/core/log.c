#include "sluice/core/log.h"

#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/utf8.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX      1024
#define LINE_MAX_BYTES 16384

static const struct {
	const char *name;
	int syslog;
} level_table[] = {
	[SL_LOG_ERROR] = { "error", 3 },
	[SL_LOG_WARNING] = { "warning", 4 },
	[SL_LOG_INFO] = { "info", 6 },
	[SL_LOG_DEBUG] = { "debug", 7 },
};

_Static_assert(sizeof(level_table) / sizeof(level_table[0]) == SL_LOG_LEVEL_COUNT,
	"a level has no row");

static struct {
	enum sl_log_level most;
	int fd;
	const struct sl_clock *clock;
	bool journal;
} config = { .most = SL_LOG_INFO, .fd = STDERR_FILENO };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void sl_log_init(enum sl_log_level most, int fd, const struct sl_clock *clock)
{
	config.most = most;
	config.fd = fd;
	config.clock = clock;
	config.journal = fd == STDERR_FILENO && getenv("JOURNAL_STREAM") != NULL;
}

/* Blanks, quotes and '=' would let a value pass for several fields. */
static bool needs_quotes(const char *value, size_t len)
{
	if (len == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)value[i] <= ' ' || strchr("\"=\\\x7f", value[i]))
			return true;
	}
	return false;
}

static void add_value(struct sl_buf *line, const char *value)
{
	sl_auto_buf struct sl_buf shown = SL_BUF_INIT(4 * VALUE_MAX);
	size_t whole = strlen(value);
	size_t len = sl_utf8_cut(value, whole, VALUE_MAX);
	const char *s;

	sl_escape_terminal(&shown, value, len);
	s = sl_buf_str(&shown);
	if (!needs_quotes(value, len) && len == whole) {
		sl_buf_adds(line, s);
		return;
	}
	sl_buf_addc(line, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			sl_buf_addc(line, '\\');
		sl_buf_addc(line, *s);
	}
	sl_buf_adds(line, len < whole ? "...\"" : "\"");
}

/* A log that cannot be written has nowhere to complain. */
static void write_line(const struct sl_buf *line)
{
	size_t at = 0;

	(void)pthread_mutex_lock(&lock);
	while (at < line->len) {
		ssize_t n = write(config.fd, line->data + at, line->len - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	(void)pthread_mutex_unlock(&lock);
}

void sl_log(enum sl_log_level level, const char *event, ...)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(LINE_MAX_BYTES);
	const struct sl_clock *clock = config.clock ? config.clock : sl_clock_system();
	char now[SL_TIME_ISO_MAX];
	const char *key;
	va_list ap;

	if (level > config.most)
		return;
	if (config.journal)
		sl_buf_addf(&line, "<%d>", level_table[level].syslog);
	sl_buf_addf(&line, "%s %s %s", sl_time_iso(sl_clock_wall(clock), now),
		level_table[level].name, event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		sl_buf_addf(&line, " %s=", key);
		add_value(&line, value ? value : "");
	}
	va_end(ap);
	if (line.full)
		line.len = sl_utf8_cut(line.data, line.len, LINE_MAX_BYTES - 1);
	line.full = false;
	sl_buf_addc(&line, '\n');
	write_line(&line);
}
