/* What a command says on stdout and stderr.  Names in it come from databases, repositories and
 * other people: here is where they become inert, so that no command has to think of it. */
#include "call.h"
#include "cli_int.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define NOTE_MAX  4096
#define PRINT_MAX (64u << 20)

/* One conversion of a printf text: "%-10s". */
struct conversion {
	int width; /* negative: to the left */
	int most; /* of a string, -1: all */
	const char *length; /* "", "l", "ll" or "z" */
	char letter;
};

static int number(const char **at)
{
	int n = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		n = n * 10 + (**at - '0');
	return n;
}

static const char *length_of(const char **at)
{
	static const char *const lengths[] = { "ll", "l", "z" };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		if (sl_str_starts(*at, lengths[i])) {
			*at += strlen(lengths[i]);
			return lengths[i];
		}
	}
	return "";
}

/* at: behind the percent sign; moved behind the conversion. */
static struct conversion conversion_read(const char **at)
{
	struct conversion out = { .most = -1 };
	bool left = **at == '-';

	*at += left;
	out.width = left ? -number(at) : number(at);
	if (**at == '.') {
		*at += 1;
		out.most = number(at);
	}
	out.length = length_of(at);
	out.letter = *(*at)++;
	return out;
}

static void add_text(struct sl_buf *out, const struct conversion *conversion, const char *text)
{
	sl_auto_buf struct sl_buf safe = SL_BUF_INIT(PRINT_MAX);
	size_t len = conversion->most < 0 ? strlen(text) : strnlen(text, (size_t)conversion->most);

	sl_escape_terminal(&safe, text, len);
	sl_buf_addf(out, "%*s", conversion->width, sl_buf_str(&safe));
}

static long long signed_of(const struct conversion *conversion, va_list *args)
{
	if (sl_str_eq(conversion->length, "ll"))
		return va_arg(*args, long long);
	return sl_str_eq(conversion->length, "l") ? va_arg(*args, long) : va_arg(*args, int);
}

static unsigned long long unsigned_of(const struct conversion *conversion, va_list *args)
{
	if (sl_str_eq(conversion->length, "ll"))
		return va_arg(*args, unsigned long long);
	if (sl_str_eq(conversion->length, "z"))
		return va_arg(*args, size_t);
	return sl_str_eq(conversion->length, "l") ? va_arg(*args, unsigned long) :
						    va_arg(*args, unsigned);
}

static void add_one(struct sl_buf *out, const struct conversion *conversion, va_list *args)
{
	switch (conversion->letter) {
	case 's':
		add_text(out, conversion, va_arg(*args, const char *));
		break;
	case 'd':
		sl_buf_addf(out, "%*lld", conversion->width, signed_of(conversion, args));
		break;
	case 'u':
		sl_buf_addf(out, "%*llu", conversion->width, unsigned_of(conversion, args));
		break;
	case 'c':
		add_text(out, conversion, (char[]){ (char)va_arg(*args, int), '\0' });
		break;
	default:
		assert(conversion->letter == '%');
		sl_buf_addc(out, '%');
	}
}

static void print(FILE *to, const char *fmt, va_list *args)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(PRINT_MAX);

	while (*fmt) {
		size_t plain = strcspn(fmt, "%");

		sl_buf_add(&out, fmt, plain);
		fmt += plain;
		if (*fmt) {
			struct conversion conversion;

			fmt++;
			conversion = conversion_read(&fmt);
			add_one(&out, &conversion, args);
		}
	}
	(void)fwrite(sl_buf_str(&out), 1, out.len, to);
}

void sl_cli_print(struct sl_cli *cli, const char *fmt, ...)
{
	va_list args;

	(void)cli;
	va_start(args, fmt);
	print(stdout, fmt, &args);
	va_end(args);
}

void sl_cli_prompt(struct sl_cli *cli, const char *fmt, va_list *args)
{
	(void)cli;
	print(stderr, fmt, args);
}

/* Up to the next line's end or tab, which stay. */
static void write_inert(const char *text, size_t len)
{
	while (len > 0) {
		sl_auto_buf struct sl_buf safe = SL_BUF_INIT(4 * len);
		size_t run = 0;

		while (run < len && text[run] != '\n' && text[run] != '\t')
			run++;
		sl_escape_terminal(&safe, text, run);
		run += run < len;
		if (run > 0 && (text[run - 1] == '\n' || text[run - 1] == '\t'))
			sl_buf_addc(&safe, text[run - 1]);
		(void)fwrite(sl_buf_str(&safe), 1, safe.len, stdout);
		text += run;
		len -= run;
	}
}

void sl_cli_write(struct sl_cli *cli, const char *text, size_t len)
{
	(void)cli;
	if (isatty(STDOUT_FILENO))
		write_inert(text, len);
	else
		(void)fwrite(text, 1, len, stdout);
}

void sl_cli_write_raw(struct sl_cli *cli, const char *text, size_t len)
{
	(void)cli;
	(void)fwrite(text, 1, len, stdout);
}

void sl_cli_note(struct sl_cli *cli, const char *fmt, ...)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(4u * NOTE_MAX);
	char text[NOTE_MAX];
	va_list ap;

	if (sl_cli_quiet(cli))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sl_escape_terminal(&line, text, strlen(text));
	(void)fprintf(stderr, "%s\n", sl_buf_str(&line));
}
