#include "request.h"

#include "sluice/core/str.h"

#include <string.h>
#include <sys/socket.h>

const char *sl_http_method(const struct sl_http_request *req)
{
	return req->method;
}

const char *sl_http_path(const struct sl_http_request *req)
{
	return req->path;
}

const char *sl_http_param(const struct sl_http_request *req, const char *name)
{
	for (size_t i = 0; i < req->n_params; i++) {
		if (sl_str_eq(req->params[i].name, name))
			return req->params[i].value;
	}
	return "";
}

const char *sl_http_query(const struct sl_http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *sl_http_header(const struct sl_http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

const char *sl_http_cookie(const struct sl_http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_COOKIE_KIND, name);
}

static void add_field(struct sl_http_request *req, const char *field, size_t len)
{
	const char *equals = memchr(field, '=', len);
	size_t name_len = equals ? (size_t)(equals - field) : len;
	char *name = sl_http_decode(req->arena, field, name_len);
	char *value = equals ? sl_http_decode(req->arena, equals + 1, len - name_len - 1) :
			       sl_arena_strdup(req->arena, "");

	if (!name || !value || req->n_fields == SL_HTTP_FIELDS_MAX)
		return;
	req->fields[req->n_fields].name = name;
	req->fields[req->n_fields].value = value;
	req->n_fields++;
}

static void read_form(struct sl_http_request *req)
{
	const char *type = sl_http_header(req, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *at = sl_buf_str(&req->body);

	req->fields = sl_arena_calloc(req->arena, SL_HTTP_FIELDS_MAX, sizeof(*req->fields));
	if (!type || !sl_str_starts(type, MHD_HTTP_POST_ENCODING_FORM_URLENCODED))
		return;
	while (*at != '\0') {
		size_t len = strcspn(at, "&");

		if (len > 0)
			add_field(req, at, len);
		at += len + (at[len] == '&');
	}
}

const char *sl_http_form(struct sl_http_request *req, const char *name)
{
	if (!req->fields)
		read_form(req);
	for (size_t i = 0; i < req->n_fields; i++) {
		if (sl_str_eq(req->fields[i].name, name))
			return req->fields[i].value;
	}
	return NULL;
}

const char *sl_http_body(const struct sl_http_request *req, size_t *len)
{
	if (len)
		*len = req->body.len;
	return sl_buf_str(&req->body);
}

bool sl_http_peer(const struct sl_http_request *req, uid_t *uid)
{
	const union MHD_ConnectionInfo *info;
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (!req->local)
		return false;
	info = MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	return true;
}

struct sl_arena *sl_http_arena(struct sl_http_request *req)
{
	return req->arena;
}
