#include "sluice/core/arena.h"
#include "sluice/core/rand.h"
#include "sluice/core/str.h"
#include "sluice/schema/catalog.h"
#include "sluice/schema/snapshot.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct sl_names names(const char *const *at, size_t len)
{
	struct sl_names list = { at, len };

	return list;
}

static struct sl_entity entity(enum sl_entity_kind kind, const char *schema, const char *name)
{
	struct sl_entity id = { kind, schema, name, "" };

	return id;
}

/* customers(id, mail) with a primary key, a check and an index. */
static void add_customers(struct sl_catalog_builder *builder, const char *schema, int64_t rows)
{
	static const char *const id[] = { "id" };
	const struct sl_column columns[] = {
		{ .name = "id",
			.type = "bigint",
			.not_null = true,
			.identity = SL_IDENTITY_ALWAYS },
		{ .name = "mail", .type = "character varying(200)", .comment = "of \"work\"\n" },
	};
	const struct sl_constraint constraints[] = {
		{ .kind = SL_CONSTRAINT_PRIMARY,
			.name = "customers_pkey",
			.columns = names(id, 1) },
		{ .kind = SL_CONSTRAINT_CHECK, .name = "mail_ok", .expression = "mail ~ '@'" },
	};
	const struct sl_index_part part = { .column = "mail" };
	const struct sl_index index = { .name = "customers_mail",
		.method = "btree",
		.parts = { &part, 1 },
		.unique = true,
		.predicate = "mail is not null" };
	const struct sl_table table = { .id = entity(SL_ENTITY_TABLE, schema, "customers"),
		.columns = { columns, 2 },
		.constraints = { constraints, 2 },
		.indexes = { &index, 1 },
		.rows = rows,
		.bytes = -1 };

	sl_catalog_add(builder, &table.id);
}

static void add_named_table(struct sl_catalog_builder *builder, const char *name)
{
	const struct sl_column column = { .name = "a", .type = "integer" };
	const struct sl_table table = { .id = entity(SL_ENTITY_TABLE,
						sl_str_starts(name, "z") ? "" : "public", name),
		.columns = { &column, 1 },
		.rows = -1,
		.bytes = -1 };

	sl_catalog_add(builder, &table.id);
}

static const struct sl_catalog *finish(struct sl_catalog_builder *builder)
{
	const struct sl_catalog *catalog = NULL;

	assert_int_equal(sl_catalog_finish(&catalog, builder, NULL), SL_OK);
	sl_catalog_builder_free(builder);
	return catalog;
}

static const struct sl_catalog *customers(int64_t rows)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 150020);

	add_customers(builder, "public", rows);
	return finish(builder);
}

static void what_was_added_is_found_by_name_and_along_the_search_path(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = customers(12);
	const struct sl_table *table = sl_catalog_table(catalog, NULL, "customers");

	(void)state;
	assert_non_null(table);
	assert_ptr_equal(table, sl_catalog_table(catalog, "public", "customers"));
	assert_null(sl_catalog_table(catalog, "crm", "customers"));
	assert_null(sl_catalog_view(catalog, NULL, "customers"));
	assert_string_equal(sl_table_column(catalog, table, "mail")->type,
		"character varying(200)");
	assert_null(sl_table_column(catalog, table, "Mail"));
	assert_string_equal(sl_table_primary(table)->name, "customers_pkey");
	assert_int_equal(table->rows, 12);
}

static void an_index_leads_to_its_table_and_a_key_bears_an_index_too(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = customers(0);
	const struct sl_index *index = NULL;
	const struct sl_entity *owner = sl_catalog_index_owner(catalog, NULL, "customers_mail",
		&index);

	(void)state;
	assert_string_equal(owner->name, "customers");
	assert_string_equal(index->predicate, "mail is not null");
	assert_ptr_equal(sl_catalog_index_owner(catalog, "public", "customers_pkey", &index),
		owner);
	assert_null(index);
	assert_null(sl_catalog_index_owner(catalog, NULL, "mail_ok", &index));
}

static void sqlite_names_are_found_without_regard_to_case(void **state)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_SQLITE, 0);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = NULL;

	(void)state;
	add_customers(builder, "", -1);
	catalog = finish(builder);
	assert_non_null(sl_catalog_table(catalog, NULL, "CUSTOMERS"));
	assert_non_null(sl_catalog_table(catalog, "main", "Customers"));
	assert_null(sl_catalog_table(catalog, "temp", "customers"));
	assert_non_null(
		sl_table_column(catalog, sl_catalog_table(catalog, NULL, "customers"), "MAIL"));
}

static void one_identity_twice_is_refused(void **state)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 0);
	const struct sl_catalog *catalog = NULL;
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	add_customers(builder, "public", -1);
	add_customers(builder, "public", -1);
	assert_int_equal(sl_catalog_finish(&catalog, builder, &err), SL_EINVAL);
	assert_string_equal(err.msg, "catalogue: two entries for table public.customers");
	sl_catalog_builder_free(builder);
}

static void the_ledger_and_recognised_histories_are_left_out(void **state)
{
	static const char *const left_out[] = { "flyway_schema_history", "DATABASECHANGELOG",
		"_sluice_run", "schema_migrations", "goose_db_version" };
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 0);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		add_named_table(builder, left_out[i]);
	add_customers(builder, "sluice", -1);
	catalog = finish(builder);
	assert_true(sl_catalog_empty(catalog));
	assert_false(sl_schema_ignored(SL_DIALECT_POSTGRES, "public", "orders"));
	assert_true(sl_schema_ignored(SL_DIALECT_SQLITE, "", "sqlite_sequence"));
}

static void estimates_version_and_search_path_do_not_change_the_hash(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *few = customers(3);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *many = customers(1000000);
	char a[SL_SHA256_HEX], b[SL_SHA256_HEX];

	(void)state;
	sl_snapshot_hash(few, a);
	sl_snapshot_hash(many, b);
	assert_string_equal(a, b);
}

static void an_object_is_written_with_sorted_keys_and_nothing_that_is_empty(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = customers(3);
	sl_auto_buf struct sl_buf json = SL_BUF_INIT(10000);

	(void)state;
	sl_entity_json(&sl_catalog_table(catalog, NULL, "customers")->id, &json);
	assert_string_equal(sl_buf_str(&json),
		"{\"columns\":[{\"identity\":\"always\",\"name\":\"id\",\"not_null\":true,"
		"\"type\":\"bigint\"},{\"comment\":\"of \\\"work\\\"\\n\",\"name\":\"mail\","
		"\"type\":\"character varying(200)\"}],\"constraints\":[{\"columns\":[\"id\"],"
		"\"name\":\"customers_pkey\"},{\"expression\":\"mail ~ '@'\",\"kind\":\"check\","
		"\"name\":\"mail_ok\"}],\"indexes\":[{\"method\":\"btree\","
		"\"name\":\"customers_mail\",\"parts\":[{\"column\":\"mail\"}],"
		"\"predicate\":\"mail is not null\",\"unique\":true}],\"kind\":\"table\","
		"\"name\":\"customers\",\"schema\":\"public\"}");
}

/* n tables in an order that the seed gives. */
static const struct sl_catalog *shuffled(size_t n, uint64_t seed)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 0);
	struct sl_rand_seeded seeded;
	size_t *order = calloc(n, sizeof(*order));

	assert_non_null(order);
	sl_rand_seed(&seeded, seed);
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)sl_rand_below(&seeded.rand, i), kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
	for (size_t i = 0; i < n; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "t%zu", order[i]);
		add_named_table(builder, name);
	}
	free(order);
	return finish(builder);
}

static void the_hash_does_not_depend_on_the_order_of_building(void **state)
{
	char first[SL_SHA256_HEX], hash[SL_SHA256_HEX];

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = shuffled(300, seed);

		sl_snapshot_hash(catalog, hash);
		if (seed == 1)
			memcpy(first, hash, sizeof(first));
		assert_string_equal(hash, first);
	}
}

static void iteration_is_sorted_and_complete(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = shuffled(500, 7);
	struct sl_catalog_iter it = sl_catalog_each_kind(catalog, SL_ENTITY_TABLE);
	const struct sl_entity *before = NULL;
	size_t n = 0;

	(void)state;
	for (const struct sl_entity *e; (e = sl_catalog_next(&it)); n++) {
		if (before)
			assert_true(strcmp(before->name, e->name) < 0);
		before = e;
	}
	assert_int_equal(n, 500);
	it = sl_catalog_each_kind(catalog, SL_ENTITY_VIEW);
	assert_null(sl_catalog_next(&it));
}

/* One of every kind, with names that need escapes. */
static const struct sl_catalog *everything(void)
{
	static const char *const labels[] = { "new", "d\xC3\xB6ne", "" };
	static const char *const path[] = { "crm", "public" };
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 150020);
	const struct sl_schema schema = { .id = entity(SL_ENTITY_SCHEMA, "", "crm") };
	const struct sl_extension extension = { .id = entity(SL_ENTITY_EXTENSION, "", "pg_trgm"),
		.version = "1.6",
		.in_schema = "public" };
	const struct sl_type type = { .id = entity(SL_ENTITY_TYPE, "crm", "mood"),
		.kind = SL_TYPE_ENUM,
		.labels = names(labels, 3) };
	const struct sl_sequence sequence = { .id = entity(SL_ENTITY_SEQUENCE, "crm", "s"),
		.type = "bigint",
		.start = 1,
		.increment = -1,
		.min = INT64_MIN,
		.max = -1,
		.cache = 1 };
	const struct sl_view view = { .id = entity(SL_ENTITY_VIEW, "crm", "v \"w\"\t\x01"),
		.definition = "select 1" };
	const struct sl_routine routine = { .id = { SL_ENTITY_ROUTINE, "crm", "f", "integer" },
		.definition = "create function f(integer) ..." };
	const struct sl_trigger trigger = { .id = { SL_ENTITY_TRIGGER, "crm", "audit",
						    "customers" },
		.definition = "create trigger ...",
		.enabled = "disabled" };
	const struct sl_plain plain = { .id = { SL_ENTITY_PLAIN, "crm", "own",
						"policy on customers" },
		.definition = "for select using (true)" };
	const struct sl_entity *all[] = { &schema.id, &extension.id, &type.id, &sequence.id,
		&view.id, &routine.id, &trigger.id, &plain.id };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sl_catalog_add(builder, all[i]);
	add_customers(builder, "crm", 7);
	sl_catalog_set_search_path(builder, names(path, 2));
	sl_catalog_add_property(builder, "encoding", "UTF8");
	sl_catalog_add_property(builder, "collation", "C");
	sl_catalog_add_incomplete(builder, "1 operator class");
	return finish(builder);
}

static void a_document_reads_back_to_equal_bytes(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = everything();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *back = NULL;
	sl_auto_buf struct sl_buf first = SL_BUF_INIT(100000), second = SL_BUF_INIT(100000);
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	sl_snapshot_document(catalog, &first);
	assert_int_equal(sl_snapshot_load(&back, sl_buf_str(&first), first.len, NULL, &err), SL_OK);
	sl_snapshot_document(back, &second);
	assert_string_equal(sl_buf_str(&first), sl_buf_str(&second));
	assert_int_equal(sl_catalog_table(back, NULL, "customers")->rows, 7);
}

struct kept_objects {
	const struct sl_catalog *catalog;
	struct sl_buf text;
	unsigned asked;
};

static enum sl_code kept_object(void *ctx, const char *hash, const char **text, size_t *len,
	struct sl_error *err)
{
	struct kept_objects *kept = ctx;
	struct sl_catalog_iter it = sl_catalog_each(kept->catalog);

	kept->asked++;
	for (const struct sl_entity *e; (e = sl_catalog_next(&it));) {
		char actual[SL_SHA256_HEX];

		sl_entity_hash(e, actual);
		if (!sl_str_eq(actual, hash))
			continue;
		sl_buf_clear(&kept->text);
		sl_entity_json(e, &kept->text);
		*text = sl_buf_str(&kept->text);
		*len = kept->text.len;
		return SL_OK;
	}
	return sl_error_set(err, SL_ENOTFOUND, "no object %s", hash);
}

static void a_manifest_reads_back_from_objects_kept_by_their_hash(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = everything();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *back = NULL;
	sl_auto_buf struct sl_buf manifest = SL_BUF_INIT(100000);
	struct kept_objects kept = { .catalog = catalog, .text = SL_BUF_INIT(100000) };
	struct sl_entity_source source = { kept_object, &kept };
	char a[SL_SHA256_HEX], b[SL_SHA256_HEX];

	(void)state;
	sl_snapshot_manifest(catalog, &manifest);
	assert_int_equal(
		sl_snapshot_load(&back, sl_buf_str(&manifest), manifest.len, &source, NULL), SL_OK);
	sl_snapshot_hash(catalog, a);
	sl_snapshot_hash(back, b);
	assert_string_equal(a, b);
	assert_int_equal(kept.asked, 9);
	sl_buf_done(&kept.text);
}

static void a_document_that_was_edited_is_refused(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = everything();
	const struct sl_catalog *back = NULL;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(100000);
	struct sl_error err = SL_ERROR_INIT;
	char *at;

	(void)state;
	sl_snapshot_document(catalog, &text);
	at = strstr(text.data, "bigint");
	assert_non_null(at);
	at[0] = 'B';
	assert_int_equal(sl_snapshot_load(&back, sl_buf_str(&text), text.len, NULL, &err),
		SL_EINVAL);
	assert_string_equal(err.msg,
		"snapshot: an object's text does not have the hash that names it");
}

static void a_referenced_catalogue_outlives_its_first_owner(void **state)
{
	const struct sl_catalog *first = customers(1);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *second = sl_catalog_ref(first);

	(void)state;
	sl_catalog_unref(first);
	assert_non_null(sl_catalog_table(second, NULL, "customers"));
}

static void texts_that_mean_the_same_are_spelled_the_same(void **state)
{
	static const struct {
		enum sl_dialect dialect;
		const char *from, *to;
	} rows[] = {
		{ SL_DIALECT_SQLITE, "  AA>0 ", "aa > 0" },
		{ SL_DIALECT_SQLITE, "(((\"aa\") > 0))", "(aa) > 0" },
		{ SL_DIALECT_SQLITE, "(a) + (b)", "(a) + (b)" },
		{ SL_DIALECT_SQLITE, "coalesce ( A,'x  Y' ) /* why */", "coalesce(a, 'x  Y')" },
		{ SL_DIALECT_SQLITE, "[order] IN(1,2)", "\"order\" in (1, 2)" },
		{ SL_DIALECT_SQLITE, "- 1", "-1" },
		{ SL_DIALECT_SQLITE, "a - 1", "a - 1" },
		{ SL_DIALECT_SQLITE, "a > -1;", "a > -1" },
		{ SL_DIALECT_POSTGRES, "'a' :: text", "'a'::text" },
		{ SL_DIALECT_POSTGRES, "\"Mail\" ~ '@' -- at", "\"Mail\" ~ '@'" },
		{ SL_DIALECT_POSTGRES, "Now ()", "now()" },
	};
	struct sl_arena *arena = sl_arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
			sl_sql_normal(arena, rows[i].dialect, rows[i].from, strlen(rows[i].from)),
			rows[i].to);
	assert_string_equal(sl_type_normal(arena, SL_DIALECT_SQLITE, "VARCHAR ( 20 )"),
		"varchar(20)");
	assert_string_equal(sl_type_normal(arena, SL_DIALECT_MYSQL, "ENUM('A', 'b')  Binary"),
		"enum('A','b') binary");
	sl_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_by_name_and_along_the_search_path),
		cmocka_unit_test(an_index_leads_to_its_table_and_a_key_bears_an_index_too),
		cmocka_unit_test(sqlite_names_are_found_without_regard_to_case),
		cmocka_unit_test(one_identity_twice_is_refused),
		cmocka_unit_test(the_ledger_and_recognised_histories_are_left_out),
		cmocka_unit_test(estimates_version_and_search_path_do_not_change_the_hash),
		cmocka_unit_test(an_object_is_written_with_sorted_keys_and_nothing_that_is_empty),
		cmocka_unit_test(the_hash_does_not_depend_on_the_order_of_building),
		cmocka_unit_test(iteration_is_sorted_and_complete),
		cmocka_unit_test(a_document_reads_back_to_equal_bytes),
		cmocka_unit_test(a_manifest_reads_back_from_objects_kept_by_their_hash),
		cmocka_unit_test(a_document_that_was_edited_is_refused),
		cmocka_unit_test(a_referenced_catalogue_outlives_its_first_owner),
		cmocka_unit_test(texts_that_mean_the_same_are_spelled_the_same),
	};

	return cmocka_run_group_tests_name("schema_catalog", tests, NULL, NULL);
}
