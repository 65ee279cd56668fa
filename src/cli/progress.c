#include "progress.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US     (SL_SECOND_US / 10)
#define WIDTH_DEFAULT 80
#define WIDTH_MAX     400
#define BAR_WIDTH     24

void progress_begin(struct progress *progress, const struct sl_cli *cli)
{
	const char *terminal = sl_cli_env(cli, "TERM");
	bool dumb = !terminal || sl_str_eq(terminal, "dumb");

	*progress = (struct progress){ .began = sl_clock_mono(sl_cli_clock(cli)) };
	if (isatty(STDERR_FILENO) && !sl_cli_quiet(cli) && !dumb)
		progress->cli = cli;
}

/* COLUMNS, else what the terminal says. */
static size_t width_of(const struct sl_cli *cli)
{
	const char *columns = sl_cli_env(cli, "COLUMNS");
	struct winsize size = { .ws_col = 0 };
	int64_t width = 0;

	if (columns && sl_parse_i64(columns, 1, WIDTH_MAX, &width))
		return (size_t)width;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
	return WIDTH_DEFAULT;
}

static void add_bar(struct sl_buf *line, size_t done, size_t total, bool color)
{
	size_t full = total > 0 ? BAR_WIDTH * (done < total ? done : total) / total : 0;

	sl_buf_addc(line, '[');
	if (color)
		sl_buf_adds(line, "\033[32m");
	for (size_t i = 0; i < full; i++)
		sl_buf_addc(line, '#');
	if (color)
		sl_buf_adds(line, "\033[0m");
	for (size_t i = full; i < BAR_WIDTH; i++)
		sl_buf_addc(line, '.');
	sl_buf_adds(line, "] ");
}

/* As many code points as fit on the line. */
static void add_cut(struct sl_buf *line, const char *text, size_t width)
{
	size_t len = strlen(text);

	if (sl_utf8_count(text, len) > width) {
		len = 0;
		for (size_t n = 0; n < width && text[len] != '\0'; n++) {
			size_t size = 1;

			(void)sl_utf8_decode(text + len, strlen(text + len), &size);
			len += size;
		}
	}
	sl_buf_add(line, text, len);
}

void progress_show(struct progress *progress, size_t done, size_t total, const char *what, bool now)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(1u << 16);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1u << 16), safe = SL_BUF_INIT(1u << 16);
	int64_t time;
	char span[SL_TIME_ISO_MAX];
	size_t width;

	if (!progress->cli)
		return;
	time = sl_clock_mono(sl_cli_clock(progress->cli));
	if (!now && progress->drawn && time - progress->drawn_at < REDRAW_US)
		return;
	width = width_of(progress->cli);
	sl_buf_adds(&line, "\r\033[K");
	if (width > BAR_WIDTH + 20) {
		add_bar(&line, done, total, !sl_cli_env(progress->cli, "NO_COLOR"));
		width -= BAR_WIDTH + 3;
	}
	sl_escape_terminal(&safe, what, strlen(what));
	if (total > 0)
		sl_buf_addf(&text, "%zu/%zu  ", done, total);
	sl_buf_addf(&text, "%s  %s", sl_time_span(time - progress->began, span), sl_buf_str(&safe));
	add_cut(&line, sl_buf_str(&text), width > 1 ? width - 1 : 1);
	(void)fwrite(sl_buf_str(&line), 1, line.len, stderr);
	(void)fflush(stderr);
	progress->drawn = true;
	progress->drawn_at = time;
}

void progress_clear(struct progress *progress)
{
	if (!progress->cli || !progress->drawn)
		return;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
	progress->drawn = false;
}
