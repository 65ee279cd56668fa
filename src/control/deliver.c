/* Messages that are due, to their routes: at least once, signed, with pauses that grow. */
#include "inside.h"

#include "sluice/config/secret.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/net.h"
#include "sluice/store/work.h"
#include "sluice/sys/cancel.h"

#include <stdio.h>
#include <string.h>

#define DELIVER_US   (30 * SL_SECOND_US)
#define ATTEMPTS_MAX 20
#define BATCH_MAX    50
#define BODY_MAX     (128u << 10)

static const struct sl_route *route_named(const struct sl_world *world, const char *name)
{
	for (size_t i = 0; i < world->workspace->routes_len; i++) {
		if (sl_str_eq(world->workspace->routes[i].name, name))
			return &world->workspace->routes[i];
	}
	return NULL;
}

/* "t=SECONDS,v1=HEX": HMAC-SHA-256 over "SECONDS.BODY", so that neither can be replayed apart. */
static enum sl_code sign(const struct sl_route *route, const char *body, int64_t seconds,
	char out[128], struct sl_error *err)
{
	sl_auto_secret struct sl_buf key = SL_BUF_INIT(4096);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(2 * BODY_MAX);
	unsigned char mac[SL_SHA256_SIZE];
	char hex[SL_SHA256_HEX];
	enum sl_code code;

	out[0] = '\0';
	if (route->secret[0] == '\0')
		return SL_OK;
	code = sl_secret_resolve(route->secret, &key, err);
	if (code != SL_OK)
		return code;
	sl_buf_addf(&text, "%lld.%s", (long long)seconds, body);
	sl_hmac_sha256(sl_buf_str(&key), key.len, sl_buf_str(&text), text.len, mac);
	(void)snprintf(out, 128, "t=%lld,v1=%s", (long long)seconds, sl_hex(mac, sizeof(mac), hex));
	return SL_OK;
}

static enum sl_code call(struct sl_control *control, const struct sl_net_request *request,
	const struct sl_cancel *cancel, struct sl_arena *arena, struct sl_error *err)
{
	struct sl_net_answer answer;
	enum sl_code code;

	if (control->doors.send)
		code = control->doors.send(control->doors.ctx, request, cancel, arena, &answer,
			err);
	else
		code = sl_net_call(request, cancel, arena, &answer, err);
	if (code == SL_OK && sl_net_status_code(answer.status) != SL_OK)
		return sl_error_set(err, sl_net_status_code(answer.status), "answered %u",
			answer.status);
	return code;
}

/* The message with its change, and where to look at it. */
static enum sl_code complete(const struct sl_world *world, const struct sl_message *message,
	struct sl_buf *out, struct sl_error *err)
{
	sl_auto_json json_t *body = NULL;
	char url[512];
	enum sl_code code = sl_json_load(&body, message->body, strlen(message->body), BODY_MAX,
		"message", err);

	if (code != SL_OK)
		return code;
	(void)json_object_set_new(body, "change", json_integer(message->change_id));
	if (world->url[0] != '\0' && message->change_id > 0) {
		(void)snprintf(url, sizeof(url), "%s/changes/%lld", world->url,
			(long long)message->change_id);
		(void)json_object_set_new(body, "url", json_string(url));
	}
	sl_json_canonical(body, out);
	return SL_OK;
}

static enum sl_code send_message(struct sl_control *control, const struct sl_route *route,
	const struct sl_world *world, const struct sl_message *message,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_secret struct sl_buf url = SL_BUF_INIT(4096);
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(BODY_MAX);
	char signature[128];
	char id[24];
	struct sl_net_header headers[] = { { "Content-Type", "application/json" },
		{ "X-Sluice-Event", message->kind }, { "X-Sluice-Delivery", id },
		{ "X-Sluice-Signature", signature } };
	struct sl_net_request request = { .method = "POST",
		.headers = headers,
		.n_headers = 3,
		.allow_private = true,
		.total_us = DELIVER_US / 2 };
	enum sl_code code = SL_OK;

	if (sl_secret_is_reference(route->url))
		code = sl_secret_resolve(route->url, &url, err);
	else
		sl_buf_adds(&url, route->url);
	if (code == SL_OK)
		code = complete(world, message, &body, err);
	if (code == SL_OK)
		code = sign(route, sl_buf_str(&body), sl_control_now(control) / SL_SECOND_US,
			signature, err);
	if (code != SL_OK)
		return code;
	(void)snprintf(id, sizeof(id), "%lld", (long long)message->id);
	request.n_headers += signature[0] != '\0';
	request.url = sl_buf_str(&url);
	request.body = sl_buf_str(&body);
	request.body_len = body.len;
	return call(control, &request, cancel, arena, err);
}

static enum sl_code failed(struct sl_control *control, const struct sl_message *message,
	const char *why, bool for_good, struct sl_error *err)
{
	const int64_t now = sl_control_now(control);
	const bool last = for_good || message->attempts >= ATTEMPTS_MAX;
	const struct sl_outbox_failure failure = { .id = message->id,
		.error = why,
		.due_at = last ? 0 :
				 now +
				sl_net_backoff(message->attempts, SL_SECOND_US,
					sl_rand_u64(control->doors.rand)),
		.at = now };

	return sl_store_outbox_fail(control->doors.store, &failure, err);
}

static enum sl_code deliver(struct sl_control *control, const struct sl_world *world,
	const struct sl_message *message, const struct sl_cancel *cancel, struct sl_error *err)
{
	const struct sl_route *route = route_named(world, message->route);
	struct sl_error why = SL_ERROR_INIT;

	if (!route)
		return failed(control, message, "the route is not configured any more", true, err);
	if (send_message(control, route, world, message, cancel, &why) != SL_OK)
		return failed(control, message, why.msg, false, err);
	return sl_store_outbox_ack(control->doors.store, message->id, sl_control_now(control), err);
}

enum sl_code sl_control_deliver(struct sl_control *control, struct sl_cancel *cancel,
	struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_claim claim = { .replica = control->doors.replica,
		.now = sl_control_now(control),
		.lease_us = DELIVER_US };
	struct sl_message_list due;
	enum sl_code code = sl_store_outbox_claim(control->doors.store, &claim, BATCH_MAX, arena,
		&due, err);

	for (size_t i = 0; code == SL_OK && i < due.len; i++) {
		code = sl_cancel_check(cancel, "deliver", err);
		if (code == SL_OK)
			code = deliver(control, world, &due.at[i], cancel, err);
	}
	if (code == SL_OK && due.len == BATCH_MAX)
		sl_control_queue_add(control, SL_WORK_DELIVER, "", 0);
	return code;
}
