/* A repository in memory: commits hold whole file lists, which is plenty for a simulation. */
#include "sluice/git/fake.h"

#include "../repo_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/hash.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	const char *path, *data, *blob;
	size_t len;
};

struct snapshot {
	SL_VEC(struct entry);
};

struct node {
	struct sl_git_commit about;
	const struct node *parent[2];
	struct snapshot files; /* sorted by path */
	unsigned order; /* grows: parents come before children */
	unsigned seen; /* by the walk at hand */
	bool fetched;
};

struct sl_repo_fake {
	struct sl_repo base; /* first */
	struct sl_arena *arena; /* everything below lives here */
	struct sl_map *commits; /* id: struct node */
	struct sl_map *blobs; /* id: struct entry */
	struct sl_map *origin; /* branch: struct node */
	struct sl_map *view; /* the same, as of the last fetch */
	struct sl_map *notes; /* id: text */
	unsigned order, fetches, failing;
	enum sl_code fail_with;
};

static struct sl_repo_fake *fake_of(struct sl_repo *repo)
{
	return (struct sl_repo_fake *)(void *)repo;
}

/* Ids have the length of Git's, cut from a SHA-256. */
static const char *id_of(struct sl_arena *arena, struct sl_sha256 *sha)
{
	char hex[SL_SHA256_HEX];

	sl_sha256_end_hex(sha, hex);
	return sl_arena_strndup(arena, hex, SL_GIT_ID_SIZE - 1);
}

static const struct entry *find(const struct snapshot *files, const char *path)
{
	for (size_t i = 0; i < files->len; i++)
		if (strcmp(files->at[i].path, path) == 0)
			return &files->at[i];
	return NULL;
}

static int by_path(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static void put_file(struct sl_repo_fake *fake, struct snapshot *files,
	const struct sl_git_new_file *file)
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();
	struct entry *entry = NULL;
	char *data;

	for (size_t i = 0; i < files->len; i++)
		if (strcmp(files->at[i].path, file->path) == 0)
			entry = &files->at[i];
	if (file->data == NULL) {
		if (entry != NULL)
			*entry = files->at[--files->len];
		return;
	}
	if (entry == NULL)
		entry = sl_vec_add_in(fake->arena, files);
	sl_sha256_add(sha, file->data, file->len);
	data = sl_arena_alloc(fake->arena, file->len + 1);
	memcpy(data, file->data, file->len);
	data[file->len] = '\0';
	*entry = (struct entry){ sl_arena_strdup(fake->arena, file->path), data,
		id_of(fake->arena, sha), file->len };
}

static void copy_files(struct sl_repo_fake *fake, struct snapshot *to, const struct snapshot *from)
{
	for (size_t i = 0; i < from->len; i++)
		*sl_vec_add_in(fake->arena, to) = from->at[i];
}

/* Gives a finished node its id and enters it. */
static struct node *enter(struct sl_repo_fake *fake, struct node *node)
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();
	struct node *known;

	if (node->files.len > 1)
		qsort(node->files.at, node->files.len, sizeof(*node->files.at), by_path);
	for (size_t i = 0; i < 2; i++)
		sl_sha256_add_str(sha, node->parent[i] != NULL ? node->parent[i]->about.id : NULL);
	for (size_t i = 0; i < node->files.len; i++) {
		struct entry *entry = &node->files.at[i];

		sl_sha256_add_str(sha, entry->path);
		sl_sha256_add_str(sha, entry->blob);
		(void)sl_map_put(fake->blobs, entry->blob,
			sl_arena_alloc(fake->arena, sizeof(*entry)));
		memcpy(sl_map_get(fake->blobs, entry->blob), entry, sizeof(*entry));
	}
	sl_sha256_add_str(sha, node->about.subject);
	sl_sha256_add_str(sha, node->about.author_email);
	sl_sha256_add(sha, &node->about.at, sizeof(node->about.at));
	node->about.id = id_of(fake->arena, sha);
	node->order = ++fake->order;
	known = sl_map_get(fake->commits, node->about.id);
	if (known == NULL)
		(void)sl_map_put(fake->commits, node->about.id, node);
	return known != NULL ? known : node;
}

static const char *first_line(struct sl_arena *arena, const char *message)
{
	return sl_arena_strndup(arena, message, strcspn(message, "\n"));
}

enum sl_code sl_repo_fake_commit(struct sl_repo_fake *fake, const struct sl_git_new_commit *commit,
	char out[SL_GIT_ID_SIZE], struct sl_error *err)
{
	struct node *node = sl_arena_calloc(fake->arena, 1, sizeof(*node));
	const struct node *parent = sl_map_get(fake->origin, commit->branch);

	if (parent == NULL && commit->base != NULL) {
		parent = sl_map_get(fake->commits, commit->base);
		if (parent == NULL)
			parent = sl_map_get(fake->origin, commit->base);
		if (parent == NULL)
			return sl_error_set(err, SL_ENOTFOUND, "repository %s: no branch %s",
				fake->base.name, commit->base);
	}
	node->parent[0] = parent;
	if (parent != NULL)
		copy_files(fake, &node->files, &parent->files);
	for (size_t i = 0; i < commit->n_files; i++)
		put_file(fake, &node->files, &commit->files[i]);
	node->about = (struct sl_git_commit){
		.author_name = sl_arena_strdup(fake->arena, commit->author_name),
		.author_email = sl_arena_strdup(fake->arena, commit->author_email),
		.committer_email = sl_arena_strdup(fake->arena, commit->author_email),
		.subject = first_line(fake->arena, commit->message),
		.at = commit->at,
	};
	node = enter(fake, node);
	(void)sl_map_put(fake->origin, commit->branch, node);
	memcpy(out, node->about.id, SL_GIT_ID_SIZE);
	return SL_OK;
}

static void mark(const struct node *node, unsigned bit)
{
	struct node *own = (struct node *)(uintptr_t)node;

	if (node == NULL || (node->seen & bit) != 0)
		return;
	own->seen |= bit;
	mark(node->parent[0], bit);
	mark(node->parent[1], bit);
}

/* Leaves in each commit's `seen` whether it is an ancestor of a (1), of b (2), or of both. */
static void mark_ancestors(const struct sl_repo_fake *fake, const struct node *a,
	const struct node *b)
{
	for (size_t i = 0; i < sl_map_len(fake->commits); i++)
		((struct node *)sl_map_value_at(fake->commits, i))->seen = 0;
	mark(a, 1);
	mark(b, 2);
}

static const struct node *base_of(const struct sl_repo_fake *fake, const struct node *a,
	const struct node *b)
{
	const struct node *best = NULL;

	mark_ancestors(fake, a, b);
	for (size_t i = 0; i < sl_map_len(fake->commits); i++) {
		const struct node *node = sl_map_value_at(fake->commits, i);

		if (node->seen == 3 && (best == NULL || node->order > best->order))
			best = node;
	}
	return best;
}

/* What `from` changed since `base`, put on top of node's files. */
static void take_changes(struct sl_repo_fake *fake, struct node *node, const struct node *from,
	const struct node *base)
{
	static const struct snapshot nothing = { 0 };
	const struct snapshot *old = base != NULL ? &base->files : &nothing;

	for (size_t i = 0; i < from->files.len; i++) {
		const struct entry *entry = &from->files.at[i];
		const struct entry *was = find(old, entry->path);
		struct sl_git_new_file file = { entry->path, entry->data, entry->len };

		if (was == NULL || strcmp(was->blob, entry->blob) != 0)
			put_file(fake, &node->files, &file);
	}
	for (size_t i = 0; i < old->len; i++) {
		struct sl_git_new_file gone = { old->at[i].path, NULL, 0 };

		if (find(&from->files, gone.path) == NULL)
			put_file(fake, &node->files, &gone);
	}
}

enum sl_code sl_repo_fake_merge(struct sl_repo_fake *fake, const char *into, const char *from,
	bool squash, int64_t at, struct sl_error *err)
{
	const struct node *target = sl_map_get(fake->origin, into);
	const struct node *source = sl_map_get(fake->origin, from);
	struct node *node = sl_arena_calloc(fake->arena, 1, sizeof(*node));

	if (target == NULL || source == NULL)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no branch %s",
			fake->base.name, target == NULL ? into : from);
	node->parent[0] = target;
	node->parent[1] = squash ? NULL : source;
	copy_files(fake, &node->files, &target->files);
	take_changes(fake, node, source, base_of(fake, target, source));
	node->about = source->about;
	node->about.subject = sl_arena_printf(fake->arena, "merge %s", from);
	node->about.at = at;
	(void)sl_map_put(fake->origin, into, enter(fake, node));
	return SL_OK;
}

void sl_repo_fake_set_branch(struct sl_repo_fake *fake, const char *branch, const char *commit)
{
	void *node = commit != NULL ? sl_map_get(fake->commits, commit) : NULL;

	if (node != NULL)
		(void)sl_map_put(fake->origin, branch, node);
	else
		(void)sl_map_remove(fake->origin, branch);
}

void sl_repo_fake_fail(struct sl_repo_fake *fake, enum sl_code code, unsigned n)
{
	fake->fail_with = code;
	fake->failing = n;
}

unsigned sl_repo_fake_fetches(const struct sl_repo_fake *fake)
{
	return fake->fetches;
}

static enum sl_code scripted(struct sl_repo_fake *fake, struct sl_error *err)
{
	if (fake->failing == 0)
		return SL_OK;
	fake->failing--;
	return sl_error_set(err, fake->fail_with, "repository %s: fetch: %s", fake->base.name,
		sl_code_name(fake->fail_with));
}

static void mark_fetched(struct node *node)
{
	if (node == NULL || node->fetched)
		return;
	node->fetched = true;
	for (size_t i = 0; i < 2; i++)
		mark_fetched((struct node *)(uintptr_t)node->parent[i]);
}

static enum sl_code fake_fetch(struct sl_repo *repo, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	struct sl_repo_fake *fake = fake_of(repo);
	enum sl_code code;

	(void)cancel;
	fake->fetches++;
	code = scripted(fake, err);
	if (code != SL_OK)
		return code;
	sl_map_free(fake->view);
	fake->view = sl_map_new();
	for (size_t i = 0; i < sl_map_len(fake->origin); i++) {
		struct node *node = sl_map_value_at(fake->origin, i);

		mark_fetched(node);
		(void)sl_map_put(fake->view, sl_map_key_at(fake->origin, i), node);
	}
	return SL_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct sl_git_ref *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static enum sl_code fake_branches(struct sl_repo *repo, struct sl_arena *arena, const char *glob,
	struct sl_git_refs *out, struct sl_error *err)
{
	struct sl_repo_fake *fake = fake_of(repo);

	struct {
		SL_VEC(struct sl_git_ref);
	} found = { 0 };

	(void)err;
	for (size_t i = 0; i < sl_map_len(fake->view); i++) {
		const char *name = sl_map_key_at(fake->view, i);
		const struct node *node = sl_map_value_at(fake->view, i);

		if (glob == NULL || sl_glob_match(glob, name))
			*sl_vec_add_in(arena,
				&found) = (struct sl_git_ref){ sl_arena_strdup(arena, name),
				node->about.id };
	}
	if (found.len > 1)
		qsort(found.at, found.len, sizeof(*found.at), by_name);
	*out = (struct sl_git_refs){ found.at, found.len };
	return SL_OK;
}

/* A commit that was fetched, or NULL with err set to SL_ENOTFOUND. */
static const struct node *get(struct sl_repo *repo, const char *id, struct sl_error *err)
{
	const struct node *node = sl_map_get(fake_of(repo)->commits, id);

	if (node != NULL && node->fetched)
		return node;
	(void)sl_error_set(err, SL_ENOTFOUND, "repository %s: no commit %s", repo->name, id);
	return NULL;
}

static enum sl_code fake_resolve(struct sl_repo *repo, const char *branch, char *out,
	struct sl_error *err)
{
	const struct node *node = sl_map_get(fake_of(repo)->view, branch);

	if (node == NULL && sl_git_id_ok(branch)) {
		node = get(repo, branch, err);
		if (node == NULL)
			return SL_ENOTFOUND;
	}
	if (node == NULL)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no branch %s", repo->name,
			branch);
	memcpy(out, node->about.id, SL_GIT_ID_SIZE);
	return SL_OK;
}

static enum sl_code fake_merge_base(struct sl_repo *repo, const char *a, const char *b, char *out,
	struct sl_error *err)
{
	const struct node *left = get(repo, a, err), *right = get(repo, b, err), *base;

	if (left == NULL || right == NULL)
		return SL_ENOTFOUND;
	base = base_of(fake_of(repo), left, right);
	if (base == NULL)
		return sl_error_set(err, SL_ENOTFOUND,
			"repository %s: %.12s and %.12s have no common ancestor", repo->name, a, b);
	memcpy(out, base->about.id, SL_GIT_ID_SIZE);
	return SL_OK;
}

static enum sl_code fake_is_ancestor(struct sl_repo *repo, const char *ancestor,
	const char *descendant, bool *out, struct sl_error *err)
{
	const struct node *old = get(repo, ancestor, err), *young = get(repo, descendant, err);

	if (old == NULL || young == NULL)
		return SL_ENOTFOUND;
	mark_ancestors(fake_of(repo), young, NULL);
	*out = old->seen == 1;
	return SL_OK;
}

static bool differs(const struct node *node, const struct node *parent, const char *path)
{
	const struct entry *now = find(&node->files, path);
	const struct entry *was = parent != NULL ? find(&parent->files, path) : NULL;

	if (now == NULL || was == NULL)
		return now != was;
	return strcmp(now->blob, was->blob) != 0;
}

static bool differs_from(const struct node *node, const struct node *parent,
	const struct sl_git_range *range)
{
	for (size_t i = 0; i < range->touching_len; i++)
		if (differs(node, parent, range->touching[i]))
			return true;
	return false;
}

static bool touches(const struct node *node, const struct sl_git_range *range)
{
	return range->touching == NULL ||
		(differs_from(node, node->parent[0], range) &&
			(node->parent[1] == NULL || differs_from(node, node->parent[1], range)));
}

static enum sl_code fake_commits(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_range *range, struct sl_git_commits *out, struct sl_error *err)
{
	struct sl_repo_fake *fake = fake_of(repo);
	const struct node *until = get(repo, range->until, err);
	const struct node *since = range->since != NULL ? get(repo, range->since, err) : NULL;

	struct {
		SL_VEC(struct sl_git_commit);
	} found = { 0 };

	if (until == NULL || (range->since != NULL && since == NULL))
		return SL_ENOTFOUND;
	mark_ancestors(fake, until, since);
	for (size_t i = sl_map_len(fake->commits); i-- > 0 && found.len < range->max;) {
		const struct node *node = sl_map_value_at(fake->commits, i);

		if (node->seen == 1 && touches(node, range))
			*sl_vec_add_in(arena, &found) = node->about;
	}
	*out = (struct sl_git_commits){ found.at, found.len };
	return SL_OK;
}

static bool inside(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return len == 0 || (strncmp(path, folder, len) == 0 && path[len] == '/');
}

static enum sl_code fake_files(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_place *folder, struct sl_git_files *out, struct sl_error *err)
{
	const struct node *node = get(repo, folder->commit, err);

	struct {
		SL_VEC(struct sl_git_file);
	} found = { 0 };

	if (node == NULL)
		return SL_ENOTFOUND;
	for (size_t i = 0; i < node->files.len; i++) {
		const struct entry *entry = &node->files.at[i];

		if (inside(entry->path, folder->path))
			*sl_vec_add_in(arena, &found) = (struct sl_git_file){ entry->path,
				entry->blob, (int64_t)entry->len };
	}
	*out = (struct sl_git_files){ found.at, found.len };
	return SL_OK;
}

struct deltas {
	SL_VEC(struct sl_git_delta);
};

/* What is in `to` and differs from `from`; the other way round only what `from` lacks. */
static void compare(struct sl_arena *arena, const struct snapshot *from, const struct snapshot *to,
	const char *folder, struct deltas *found)
{
	for (size_t i = 0; i < to->len; i++) {
		const struct entry *now = &to->at[i], *was = find(from, now->path);

		if (!inside(now->path, folder) ||
			(was != NULL && strcmp(was->blob, now->blob) == 0))
			continue;
		*sl_vec_add_in(arena, found) = (struct sl_git_delta){
			.kind = was == NULL ? SL_GIT_ADDED : SL_GIT_MODIFIED,
			.path = now->path,
			.old_blob = was == NULL ? "" : was->blob,
			.new_blob = now->blob,
		};
	}
	for (size_t i = 0; i < from->len; i++) {
		const struct entry *was = &from->at[i];

		if (inside(was->path, folder) && find(to, was->path) == NULL)
			*sl_vec_add_in(arena, found) = (struct sl_git_delta){ SL_GIT_DELETED,
				was->path, was->blob, "" };
	}
}

static int by_delta(const void *a, const void *b)
{
	const struct sl_git_delta *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static enum sl_code fake_diff(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_span *span, struct sl_git_deltas *out, struct sl_error *err)
{
	static const struct snapshot nothing = { 0 };
	const struct node *new = get(repo, span->to, err);
	const struct node *old = span->from != NULL ? get(repo, span->from, err) : NULL;
	struct deltas found = { 0 };

	if (new == NULL || (span->from != NULL && old == NULL))
		return SL_ENOTFOUND;
	compare(arena, old != NULL ? &old->files : &nothing, &new->files, span->folder, &found);
	if (found.len > 1)
		qsort(found.at, found.len, sizeof(*found.at), by_delta);
	*out = (struct sl_git_deltas){ found.at, found.len };
	return SL_OK;
}

static enum sl_code fake_blob(struct sl_repo *repo, struct sl_arena *arena, const char *blob,
	int64_t max, struct sl_git_blob *out, struct sl_error *err)
{
	const struct entry *entry = sl_map_get(fake_of(repo)->blobs, blob);

	(void)arena;
	if (entry == NULL)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no file %s", repo->name,
			blob);
	if (entry->len > (size_t)max)
		return sl_error_set(err, SL_ELIMIT,
			"repository %s: the file has %zu bytes, more than %lld", repo->name,
			entry->len, (long long)max);
	*out = (struct sl_git_blob){ entry->data, entry->len };
	return SL_OK;
}

static enum sl_code fake_lookup(struct sl_repo *repo, const struct sl_git_place *file, char *blob,
	struct sl_error *err)
{
	const struct node *node = get(repo, file->commit, err);
	const struct entry *entry;

	if (node == NULL)
		return SL_ENOTFOUND;
	entry = find(&node->files, file->path);
	if (entry == NULL)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no file %s at %.12s",
			repo->name, file->path, file->commit);
	memcpy(blob, entry->blob, SL_GIT_ID_SIZE);
	return SL_OK;
}

static enum sl_code fake_note_write(struct sl_repo *repo, const struct sl_git_note_text *note,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_repo_fake *fake = fake_of(repo);
	enum sl_code code = scripted(fake, err);

	(void)cancel;
	if (code == SL_OK)
		(void)sl_map_put(fake->notes, note->commit,
			sl_arena_strdup(fake->arena, note->text));
	return code;
}

static enum sl_code fake_note_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char **out, struct sl_error *err)
{
	const char *text = sl_map_get(fake_of(repo)->notes, commit);

	if (text == NULL)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no note on %.12s",
			repo->name, commit);
	*out = sl_arena_strdup(arena, text);
	return SL_OK;
}

static enum sl_code fake_commit(struct sl_repo *repo, const struct sl_git_new_commit *commit,
	char *out, struct sl_error *err)
{
	return sl_repo_fake_commit(fake_of(repo), commit, out, err);
}

static const struct sl_repo_ops fake_ops = {
	.fetch = fake_fetch,
	.branches = fake_branches,
	.resolve = fake_resolve,
	.merge_base = fake_merge_base,
	.is_ancestor = fake_is_ancestor,
	.commits = fake_commits,
	.files = fake_files,
	.diff = fake_diff,
	.blob = fake_blob,
	.lookup = fake_lookup,
	.note_write = fake_note_write,
	.note_read = fake_note_read,
	.commit = fake_commit,
};

struct sl_repo_fake *sl_repo_fake_new(const char *name)
{
	struct sl_repo_fake *fake = sl_xcalloc(1, sizeof(*fake));

	fake->arena = sl_arena_new();
	fake->base = (struct sl_repo){ .ops = &fake_ops,
		.name = sl_arena_strdup(fake->arena, name) };
	sl_git_limits_default(&fake->base.limits);
	fake->commits = sl_map_new();
	fake->blobs = sl_map_new();
	fake->origin = sl_map_new();
	fake->view = sl_map_new();
	fake->notes = sl_map_new();
	return fake;
}

void sl_repo_fake_free(struct sl_repo_fake *fake)
{
	if (fake == NULL)
		return;
	sl_map_free(fake->commits);
	sl_map_free(fake->blobs);
	sl_map_free(fake->origin);
	sl_map_free(fake->view);
	sl_map_free(fake->notes);
	sl_arena_free(fake->arena);
	free(fake);
}

struct sl_repo *sl_repo_fake_repo(struct sl_repo_fake *fake)
{
	return &fake->base;
}
