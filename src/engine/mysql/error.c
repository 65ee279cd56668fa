#include "mysql_int.h"

#include "sluice/core/buf.h"
#include "sluice/sys/cancel.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Numbers that the header of the client library does not name. */
enum {
	EXECUTION_TIME_OVER = 3024,
	NOWAIT_AND_LOCKED = 3572 /* MySQL */
};

enum sl_code sl_my_code(unsigned number)
{
	static const struct {
		unsigned number;
		enum sl_code code;
	} codes[] = {
		{ ER_LOCK_WAIT_TIMEOUT, SL_EBUSY },
		{ ER_LOCK_DEADLOCK, SL_EBUSY },
		{ NOWAIT_AND_LOCKED, SL_EBUSY },
		{ ER_STATEMENT_TIMEOUT, SL_ETIMEOUT },
		{ EXECUTION_TIME_OVER, SL_ETIMEOUT },
		{ ER_ACCESS_DENIED_ERROR, SL_EDENIED },
		{ ER_ACCESS_DENIED_NO_PASSWORD_ERROR, SL_EDENIED },
		{ ER_DBACCESS_DENIED_ERROR, SL_EDENIED },
		{ ER_TABLEACCESS_DENIED_ERROR, SL_EDENIED },
		{ ER_COLUMNACCESS_DENIED_ERROR, SL_EDENIED },
		{ ER_SPECIFIC_ACCESS_DENIED_ERROR, SL_EDENIED },
		{ ER_PROCACCESS_DENIED_ERROR, SL_EDENIED },
		{ ER_HOST_NOT_PRIVILEGED, SL_EDENIED },
		{ ER_OPTION_PREVENTS_STATEMENT, SL_EUNAVAIL }, /* read_only among others */
		{ ER_READ_ONLY_MODE, SL_EUNAVAIL },
		{ ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, SL_EUNAVAIL },
		{ ER_CON_COUNT_ERROR, SL_EUNAVAIL },
		{ ER_TOO_MANY_USER_CONNECTIONS, SL_EUNAVAIL },
		{ ER_USER_LIMIT_REACHED, SL_EUNAVAIL },
		{ ER_SERVER_SHUTDOWN, SL_EUNAVAIL },
		{ ER_CONNECTION_KILLED, SL_EUNAVAIL },
		{ ER_DISK_FULL, SL_EUNAVAIL },
		{ ER_RECORD_FILE_FULL, SL_EUNAVAIL },
		{ ER_OUTOFMEMORY, SL_EUNAVAIL },
		{ ER_OUT_OF_RESOURCES, SL_EUNAVAIL },
		{ ER_NET_PACKET_TOO_LARGE, SL_ELIMIT },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].number == number)
			return codes[i].code;
	return SL_EINVAL;
}

/* Whether the number was made by the client library: the connection is of no more use. */
static bool is_lost(unsigned number)
{
	return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) ||
		number == ER_CONNECTION_KILLED || number == ER_SERVER_SHUTDOWN;
}

/* Messages that quote values, and what stands around the quotes; the last `after` counts, because
 * a value may hold one. */
static const struct {
	unsigned number;
	const char *before, *after;
} quoting[] = {
	{ ER_DUP_ENTRY, "entry '", "' for key" },
	{ ER_DUP_ENTRY_WITH_KEY_NAME, "entry '", "' for key" },
	{ ER_DUP_ENTRY_AUTOINCREMENT_CASE, "entry '", "' for key" },
	{ ER_FOREIGN_DUPLICATE_KEY_WITH_CHILD_INFO, "record '", "' would lead" },
	{ ER_FOREIGN_DUPLICATE_KEY_WITHOUT_CHILD_INFO, "record '", "' would lead" },
	{ ER_TRUNCATED_WRONG_VALUE, "value: '", "'" },
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, "value: '", "' for column" },
	{ ER_WRONG_VALUE_FOR_TYPE, "value: '", "' for function" },
	{ ER_WRONG_VALUE, "value: '", "'" },
	{ ER_ILLEGAL_VALUE_FOR_TYPE, " '", "' value found" },
	{ ER_INVALID_CHARACTER_STRING, "string: '", "'" },
	{ ER_DATA_OUT_OF_RANGE, "range in '", "'" },
	{ ER_NO_PARTITION_FOR_GIVEN_VALUE, "for value ", "" },
};

static const char *last_of(const char *s, const char *what)
{
	const char *found = NULL;

	for (const char *at = strstr(s, what); at; at = strstr(at + 1, what))
		found = at;
	return found;
}

/* Without the second mark the value was too long for the message: all the rest goes. */
static void cut(char *message, size_t size, const char *before, const char *after)
{
	sl_auto_buf struct sl_buf kept = SL_BUF_INIT(strlen(message) + 8);
	char *start = strstr(message, before);
	const char *end;

	if (!start)
		return;
	start += strlen(before);
	end = after[0] != '\0' ? last_of(start, after) : NULL;
	sl_buf_add(&kept, message, (size_t)(start - message));
	sl_buf_adds(&kept, "...");
	sl_buf_adds(&kept, end ? end : "");
	(void)snprintf(message, size, "%s", sl_buf_str(&kept));
}

void sl_my_scrub(unsigned number, char *message, size_t size)
{
	for (size_t i = 0; i < sizeof(quoting) / sizeof(quoting[0]); i++)
		if (quoting[i].number == number) {
			cut(message, size, quoting[i].before, quoting[i].after);
			return;
		}
}

/* A syntax error says "near 'TEXT' at line N", TEXT being the start of what was not understood:
 * its place, where it stands once in the statement. */
static size_t position_of(const char *message, const char *sql, size_t len)
{
	static const char before[] = " near '";
	const char *near = strstr(message, before), *end, *at, *again;
	size_t near_len;

	if (!near || !sql)
		return 0;
	near += sizeof(before) - 1;
	end = last_of(near, "' at line ");
	if (!end || end == near)
		return 0;
	near_len = (size_t)(end - near);
	at = memmem(sql, len, near, near_len);
	if (!at)
		return 0;
	again = memmem(at + 1, len - (size_t)(at + 1 - sql), near, near_len);
	return again ? 0 : sl_position_of_byte(sql, len, (size_t)(at - sql));
}

static enum sl_code translated(struct my_conn *conn, unsigned number)
{
	const struct sl_cancel *cancel = conn->base.cancel;

	if (number != ER_QUERY_INTERRUPTED)
		return sl_my_code(number);
	if (sl_cancel_check(cancel, "", NULL) != SL_OK)
		return sl_cancel_asked(cancel) ? SL_ECANCELED : SL_ETIMEOUT;
	return SL_EINVAL;
}

void sl_my_give_up(struct my_conn *conn)
{
	if (!conn->my)
		return;
	(void)shutdown(mysql_get_socket(conn->my), SHUT_RDWR);
	mysql_close(conn->my);
	conn->my = NULL;
}

enum sl_code sl_my_error(struct my_conn *conn, const char *sql, size_t len, struct sl_error *err)
{
	struct sl_server_error *server = &conn->base.server;
	unsigned number = conn->my ? mysql_errno(conn->my) : 0;
	const char *text = conn->my ? mysql_error(conn->my) : "";

	if (number == 0 || is_lost(number)) {
		enum sl_code code = sl_error_set(err, SL_EUNAVAIL, "the connection was lost%s%.*s",
			text[0] != '\0' ? ": " : "", (int)strcspn(text, "\n"), text);

		sl_my_give_up(conn);
		return code;
	}
	(void)snprintf(server->code, sizeof(server->code), "%u", (unsigned)(uint16_t)number);
	(void)snprintf(server->message, sizeof(server->message), "%s", text);
	if (number == ER_PARSE_ERROR)
		server->position = position_of(text, sql, len);
	sl_my_scrub(number, server->message, sizeof(server->message));
	return sl_error_set(err, translated(conn, number), "%s (%s)", server->message,
		server->code);
}
