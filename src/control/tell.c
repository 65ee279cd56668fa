#include "inside.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/snapshot.h"

#include <string.h>

static bool event_wanted(const struct sl_route *route, const char *kind)
{
	for (size_t i = 0; i < route->events_len; i++) {
		const char *event = route->events[i];
		size_t len = strlen(event);

		if (len > 0 && event[len - 1] == '*' && strncmp(event, kind, len - 1) == 0)
			return true;
		if (sl_str_eq(event, kind))
			return true;
	}
	return route->events_len == 0;
}

static bool environment_wanted(const struct sl_world *world, const struct sl_route *route,
	const char *environment)
{
	size_t index = sl_workspace_environment(world->workspace, environment);

	if (route->environments_len == 0 || environment[0] == '\0')
		return true;
	for (size_t i = 0; i < route->environments_len; i++) {
		if (route->environments[i] == index)
			return true;
	}
	return false;
}

/* Without the change, whose id is known when the batch is committed: deliver adds it. */
static json_t *message_body(const struct telling *telling, int64_t now)
{
	char at[SL_TIME_ISO_MAX];

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "version", 1, "event",
		telling->kind, "at", sl_time_iso(now, at), "environment", telling->environment,
		"target", telling->target, "by", telling->by, "text", telling->text);
}

void sl_control_tell_routes(struct sl_control *control, const struct sl_world *world,
	struct sl_batch *batch, const struct telling *telling)
{
	const int64_t now = sl_control_now(control);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(64u << 10);
	sl_auto_json json_t *body = NULL;

	for (size_t i = 0; i < world->workspace->routes_len; i++) {
		const struct sl_route *route = &world->workspace->routes[i];

		if (!event_wanted(route, telling->kind) ||
			!environment_wanted(world, route, telling->environment))
			continue;
		if (!body) {
			body = message_body(telling, now);
			sl_json_canonical(body, &text);
		}
		sl_batch_message(batch,
			&(struct sl_message){ .route = route->name,
				.kind = telling->kind,
				.change_id = telling->change_id,
				.body = sl_buf_str(&text),
				.at = now,
				.due_at = now });
	}
}

void sl_control_tell(struct sl_control *control, const struct sl_world *world,
	struct sl_batch *batch, const struct telling *telling)
{
	sl_batch_event(batch,
		&(struct sl_event){ .at = sl_control_now(control),
			.change_id = telling->change_id,
			.kind = telling->kind,
			.by = telling->by,
			.target = telling->target,
			.text = telling->text });
	sl_control_tell_routes(control, world, batch, telling);
}

/* --- snapshots: the objects, and the manifest as one more of them under the empty key ------- */

static const char *object_key(struct sl_arena *arena, const struct sl_entity *entity)
{
	return sl_arena_printf(arena, "%s\x1f%s\x1f%s\x1f%s", sl_entity_kind_name(entity->kind),
		entity->schema, entity->name, entity->detail);
}

static struct sl_snapshot_object object_of(struct sl_arena *arena, const struct sl_entity *entity)
{
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_SNAPSHOT_MAX);
	char *hash = sl_arena_alloc(arena, SL_SHA256_HEX);

	sl_entity_hash(entity, hash);
	sl_entity_json(entity, &body);
	return (struct sl_snapshot_object){ .key = object_key(arena, entity),
		.hash = hash,
		.body = sl_arena_strndup(arena, sl_buf_str(&body), body.len) };
}

static struct sl_snapshot_object manifest_of(struct sl_arena *arena,
	const struct sl_catalog *catalog)
{
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_SNAPSHOT_MAX);
	char *hash = sl_arena_alloc(arena, SL_SHA256_HEX);

	sl_snapshot_manifest(catalog, &body);
	sl_sha256_hex(sl_buf_str(&body), body.len, hash);
	return (struct sl_snapshot_object){ .key = "",
		.hash = hash,
		.body = sl_arena_strndup(arena, sl_buf_str(&body), body.len) };
}

void sl_control_keep_snapshot(struct sl_control *control, struct sl_batch *batch,
	const char *target, const struct sl_catalog *catalog, const char *ran)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_catalog_iter each = sl_catalog_each(catalog);

	struct {
		SL_VEC(struct sl_snapshot_object);
	} objects = { 0 };

	char hash[SL_SHA256_HEX];

	*sl_vec_add_in(arena, &objects) = manifest_of(arena, catalog);
	for (const struct sl_entity *entity; (entity = sl_catalog_next(&each));) {
		if (!sl_entity_temporary(entity))
			*sl_vec_add_in(arena, &objects) = object_of(arena, entity);
	}
	sl_snapshot_hash(catalog, hash);
	(void)sl_batch_add_snapshot(batch,
		&(struct sl_snapshot_record){ .target = target,
			.hash = hash,
			.run_id = ran,
			.at = sl_control_now(control) },
		objects.at, objects.len);
}

enum sl_code sl_control_keep_moment(struct sl_control *control, struct sl_batch *batch,
	const char *target, const struct sl_catalog *catalog, struct sl_arena *arena,
	struct sl_error *err)
{
	struct sl_snapshot_list last = { 0 };
	char hash[SL_SHA256_HEX];
	enum sl_code code = sl_store_snapshots(control->doors.store, target,
		(struct sl_page){ .limit = 1 }, arena, &last, err);

	if (code != SL_OK)
		return code;
	sl_snapshot_hash(catalog, hash);
	if (last.len == 0 || !sl_str_eq(last.at[0].hash, hash))
		sl_control_keep_snapshot(control, batch, target, catalog, "");
	return SL_OK;
}

static enum sl_code object_text(void *ctx, const char *hash, const char **text, size_t *len,
	struct sl_error *err)
{
	const struct sl_map *bodies = ctx;
	const char *body = sl_map_get(bodies, hash);

	if (!body)
		return sl_error_set(err, SL_EINTERNAL, "snapshot object %.12s is missing", hash);
	*text = body;
	*len = strlen(body);
	return SL_OK;
}

/* The map borrows bodies, and hands them out only to be read. */
static void *unconst(const char *text)
{
	void *out;

	memcpy(&out, &text, sizeof(out));
	return out;
}

enum sl_code sl_control_load_snapshot(struct sl_control *control, const char *hash,
	const struct sl_catalog **out, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_map_free_p) struct sl_map *bodies = sl_map_new();
	const struct sl_entity_source source = { .get = object_text, .ctx = bodies };
	struct sl_snapshot_object_list objects;
	const char *manifest = NULL;
	enum sl_code code = sl_store_snapshot_objects(control->doors.store, hash, arena, &objects,
		err);

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < objects.len; i++) {
		if (objects.at[i].key[0] == '\0')
			manifest = objects.at[i].body;
		else
			(void)sl_map_put(bodies, objects.at[i].hash, unconst(objects.at[i].body));
	}
	if (!manifest)
		return sl_error_set(err, SL_EINTERNAL, "snapshot %.12s has no manifest", hash);
	return sl_snapshot_load(out, manifest, strlen(manifest), &source, err);
}
