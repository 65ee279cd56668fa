#include "source.h"

#include <string.h>

struct source_line source_line(const struct sl_file_report *file, unsigned line)
{
	const struct sl_migration *m = file->migration;
	const char *at = m ? m->sql : NULL;
	size_t len = m ? m->sql_len : 0;
	unsigned now = m ? m->first_line : 0;
	const char *end;

	if (!at || line < now)
		return (struct source_line){ NULL, 0 };
	while (now < line) {
		end = memchr(at, '\n', len);
		if (!end)
			return (struct source_line){ NULL, 0 };
		len -= (size_t)(end + 1 - at);
		at = end + 1;
		now++;
	}
	end = memchr(at, '\n', len);
	if (end)
		len = (size_t)(end - at);
	if (len > 0 && at[len - 1] == '\r')
		len--;
	return (struct source_line){ at, len };
}
