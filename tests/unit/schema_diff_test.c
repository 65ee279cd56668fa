#include "sluice/core/arena.h"
#include "sluice/schema/catalog.h"
#include "sluice/schema/diff.h"
#include "sluice/schema/snapshot.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const id_column[] = { "id" };
static const char *const order_column[] = { "order_id" };

static void add_table(struct sl_catalog_builder *builder, const char *name,
	struct sl_columns columns, struct sl_constraints constraints, struct sl_indexes indexes)
{
	const struct sl_table table = { .id = { SL_ENTITY_TABLE, "public", name, "" },
		.columns = columns,
		.constraints = constraints,
		.indexes = indexes,
		.rows = -1,
		.bytes = -1 };

	sl_catalog_add(builder, &table.id);
}

static void add_orders(struct sl_catalog_builder *builder)
{
	const struct sl_column columns[] = { { .name = "id", .type = "bigint", .not_null = true },
		{ .name = "state", .type = "text" } };
	const struct sl_constraint key = { .kind = SL_CONSTRAINT_PRIMARY,
		.name = "orders_pkey",
		.columns = { id_column, 1 } };

	add_table(builder, "orders", (struct sl_columns){ columns, 2 },
		(struct sl_constraints){ &key, 1 }, (struct sl_indexes){ NULL, 0 });
}

static void add_lines(struct sl_catalog_builder *builder, bool later)
{
	const struct sl_column columns[] = {
		{ .name = "order_id", .type = later ? "bigint" : "integer", .not_null = true },
		{ .name = "note", .type = "text", .default_sql = "''::text" },
	};
	const struct sl_constraint foreign = { .kind = SL_CONSTRAINT_FOREIGN,
		.name = "lines_order",
		.columns = { order_column, 1 },
		.ref_schema = "public",
		.ref_table = "orders",
		.ref_columns = { id_column, 1 },
		.on_delete = SL_FK_CASCADE };
	const struct sl_index_part part = { .column = "order_id", .descending = true };
	const struct sl_index index = { .name = "lines_by_order",
		.method = "btree",
		.parts = { &part, 1 } };

	add_table(builder, "lines", (struct sl_columns){ columns, later ? 1 : 2 },
		(struct sl_constraints){ &foreign, later ? 1 : 0 },
		(struct sl_indexes){ &index, later ? 1 : 0 });
}

static const struct sl_catalog *finish(struct sl_catalog_builder *builder)
{
	const struct sl_catalog *catalog = NULL;

	assert_int_equal(sl_catalog_finish(&catalog, builder, NULL), SL_OK);
	sl_catalog_builder_free(builder);
	return catalog;
}

static const struct sl_catalog *before(void)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 0);
	const struct sl_column column = { .name = "a", .type = "integer" };

	add_orders(builder);
	add_lines(builder, false);
	add_table(builder, "old", (struct sl_columns){ &column, 1 },
		(struct sl_constraints){ NULL, 0 }, (struct sl_indexes){ NULL, 0 });
	sl_catalog_add_property(builder, "encoding", "LATIN1");
	return finish(builder);
}

static const struct sl_catalog *after(void)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 0);
	const struct sl_view view = { .id = { SL_ENTITY_VIEW, "public", "open_orders", "" },
		.definition = "select id from orders" };

	add_orders(builder);
	add_lines(builder, true);
	sl_catalog_add(builder, &view.id);
	sl_catalog_add_property(builder, "encoding", "UTF8");
	return finish(builder);
}

typedef void (*writer)(const struct sl_diff *diff, struct sl_buf *out);

static void expect(writer write, const char *expected)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *from = before();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *to = after();
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(10000);
	struct sl_diff diff;

	sl_diff_make(&diff, arena, from, to);
	assert_false(diff.same);
	write(&diff, &out);
	assert_string_equal(sl_buf_str(&out), expected);
}

static void equal_catalogues_do_not_differ(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *one = before();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *other = before();
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(1000);
	struct sl_diff diff;

	(void)state;
	sl_diff_make(&diff, arena, one, other);
	assert_true(diff.same);
	assert_int_equal(diff.len, 0);
	sl_diff_summary(&diff, &out);
	assert_string_equal(sl_buf_str(&out), "no difference");
}

static void each_changed_part_has_a_line_below_its_object(void **state)
{
	(void)state;
	expect(sl_diff_text,
		"~ property encoding: LATIN1 -> UTF8\n"
		"~ table public.lines\n"
		"    ~ column order_id: integer not null -> bigint not null\n"
		"    - column note: text default ''::text\n"
		"    + constraint lines_order: foreign key (order_id) references public.orders (id) "
		"on delete cascade\n"
		"    + index lines_by_order: using btree (order_id desc)\n"
		"- table public.old\n"
		"+ view public.open_orders\n");
}

static void the_summary_counts_by_kind(void **state)
{
	(void)state;
	expect(sl_diff_summary,
		"1 property changed, 1 column removed, 1 column changed, 1 constraint added, "
		"1 index added, 1 table removed, 1 view added");
}

static void json_has_one_row_a_difference(void **state)
{
	(void)state;
	expect(sl_diff_json,
		"{\"differences\":["
		"{\"change\":\"changed\",\"kind\":\"database\",\"part\":\"property\","
		"\"part_name\":\"encoding\",\"was\":\"LATIN1\",\"now\":\"UTF8\"},"
		"{\"change\":\"changed\",\"kind\":\"table\",\"schema\":\"public\",\"name\":\"lines\","
		"\"part\":\"column\",\"part_name\":\"order_id\",\"was\":\"integer not null\","
		"\"now\":\"bigint not null\"},"
		"{\"change\":\"removed\",\"kind\":\"table\",\"schema\":\"public\",\"name\":\"lines\","
		"\"part\":\"column\",\"part_name\":\"note\",\"was\":\"text default ''::text\"},"
		"{\"change\":\"added\",\"kind\":\"table\",\"schema\":\"public\",\"name\":\"lines\","
		"\"part\":\"constraint\",\"part_name\":\"lines_order\",\"now\":\"foreign key (order_id) "
		"references public.orders (id) on delete cascade\"},"
		"{\"change\":\"added\",\"kind\":\"table\",\"schema\":\"public\",\"name\":\"lines\","
		"\"part\":\"index\",\"part_name\":\"lines_by_order\","
		"\"now\":\"using btree (order_id desc)\"},"
		"{\"change\":\"removed\",\"kind\":\"table\",\"schema\":\"public\",\"name\":\"old\"},"
		"{\"change\":\"added\",\"kind\":\"view\",\"schema\":\"public\","
		"\"name\":\"open_orders\"}],\"incomplete\":false,\"same\":false}");
}

static void a_draft_says_what_has_to_be_done_by_hand(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *from = before();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *to = after();
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(10000);
	struct sl_diff diff;

	(void)state;
	sl_diff_make(&diff, arena, from, to);
	sl_diff_migration(&diff, from, to, &out);
	assert_string_equal(sl_buf_str(&out),
		"-- A draft: check the order, and what happens to the rows.\n"
		"-- by hand: changed property encoding, was: LATIN1, now: UTF8\n"
		"-- by hand: changed table public.lines column order_id, was: integer not null, "
		"now: bigint not null\n"
		"alter table public.lines drop column note;\n"
		"alter table public.lines add constraint lines_order foreign key (order_id) "
		"references public.orders (id) on delete cascade;\n"
		"create index lines_by_order on public.lines using btree (order_id desc);\n"
		"drop table public.old;\n"
		"create view public.open_orders as select id from orders;\n");
}

static void the_snapshot_as_sql_makes_foreign_keys_last(void **state)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = after();
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(10000);

	(void)state;
	sl_snapshot_sql(catalog, &out);
	assert_string_equal(strchr(sl_buf_str(&out), '\n') + 1,
		"-- encoding: UTF8\n"
		"-- without owners, privileges, roles, tablespaces and settings\n"
		"set check_function_bodies = off;\n"
		"set search_path = '';\n"
		"create table public.lines (\n"
		"    order_id bigint not null\n"
		");\n"
		"create table public.orders (\n"
		"    id bigint not null,\n"
		"    state text,\n"
		"    constraint orders_pkey primary key (id)\n"
		");\n"
		"create view public.open_orders as select id from orders;\n"
		"create index lines_by_order on public.lines using btree (order_id desc);\n"
		"alter table public.lines add constraint lines_order foreign key (order_id) "
		"references public.orders (id) on delete cascade;\n");
}

static const struct sl_catalog *catalog_of(const char *const *tables, size_t n, const char *type)
{
	sl_auto(sl_catalog_builder_free_p) struct sl_catalog_builder
		*builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 150000);
	const struct sl_column column = { .name = "id", .type = type };
	const struct sl_catalog *out = NULL;

	for (size_t i = 0; i < n; i++)
		add_table(builder, tables[i], (struct sl_columns){ &column, 1 },
			(struct sl_constraints){ NULL, 0 }, (struct sl_indexes){ NULL, 0 });
	assert_int_equal(sl_catalog_finish(&out, builder, NULL), SL_OK);
	return out;
}

static void must_be(const struct sl_catalog *made, const struct sl_catalog *expected)
{
	char one[SL_SHA256_HEX], other[SL_SHA256_HEX];

	sl_snapshot_hash(made, one);
	sl_snapshot_hash(expected, other);
	assert_string_equal(one, other);
}

static void a_change_is_carried_over_and_what_others_did_is_not(void **state)
{
	static const char *const meant[] = { "kept", "lost", "old" };
	static const char *const found[] = { "by_hand", "kept", "old" };
	static const char *const left[] = { "by_hand", "kept", "new" };
	static const char *const carried[] = { "kept", "lost", "new" };
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = catalog_of(meant, 3, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *before = catalog_of(found, 3, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *after = catalog_of(left, 3, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *right = catalog_of(carried, 3, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *other = catalog_of(left, 3, "bigint");
	sl_auto(sl_catalog_unref_p)
		const struct sl_catalog *made = sl_snapshot_carry(base, before, after);
	sl_auto(sl_catalog_unref_p)
		const struct sl_catalog *plain = sl_snapshot_carry(before, before, after);
	sl_auto(sl_catalog_unref_p)
		const struct sl_catalog *whole = sl_snapshot_carry(before, before, other);

	(void)state;
	must_be(made, right);
	must_be(plain, after);
	must_be(whole, other);
}

static const struct sl_catalog *between(const struct sl_catalog *a, const struct sl_catalog *b,
	const struct sl_catalog *wanted)
{
	char hash[SL_SHA256_HEX];

	sl_snapshot_hash(wanted, hash);
	return sl_snapshot_between(a, b, hash);
}

static void a_structure_between_two_is_found_by_its_hash(void **state)
{
	static const char *const was[] = { "dropped", "kept", "old" };
	static const char *const is[] = { "by_hand", "kept", "new" };
	static const char *const hand[] = { "by_hand", "dropped", "kept", "old" };
	static const char *const foreign[] = { "dropped", "elsewhere", "kept", "old" };
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *a = catalog_of(was, 3, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *b = catalog_of(is, 3, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *middle = catalog_of(hand, 4, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *other = catalog_of(foreign, 4, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *third = catalog_of(hand, 4, "bigint");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *found = between(a, b, middle);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *first = between(a, b, a);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *last = between(a, b, b);

	(void)state;
	assert_non_null(found);
	must_be(found, middle);
	must_be(first, a);
	must_be(last, b);
	assert_null(between(a, b, other));
	assert_null(between(a, b, third));
	assert_null(sl_snapshot_between(a, b, ""));
}

static void no_structure_is_looked_for_where_too_much_differs(void **state)
{
	static const char *const many[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
		"l", "m", "n", "o", "p", "q" };
	const size_t n = sizeof(many) / sizeof(many[0]);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *none = catalog_of(many, 0, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *all = catalog_of(many, n, "text");
	sl_auto(sl_catalog_unref_p)
		const struct sl_catalog *fewer = catalog_of(many, n - 1, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *one = catalog_of(many, 1, "text");
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *found = between(none, fewer, one);

	(void)state;
	assert_null(between(none, all, one));
	assert_non_null(found);
	must_be(found, one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_catalogues_do_not_differ),
		cmocka_unit_test(a_structure_between_two_is_found_by_its_hash),
		cmocka_unit_test(no_structure_is_looked_for_where_too_much_differs),
		cmocka_unit_test(a_change_is_carried_over_and_what_others_did_is_not),
		cmocka_unit_test(each_changed_part_has_a_line_below_its_object),
		cmocka_unit_test(the_summary_counts_by_kind),
		cmocka_unit_test(json_has_one_row_a_difference),
		cmocka_unit_test(a_draft_says_what_has_to_be_done_by_hand),
		cmocka_unit_test(the_snapshot_as_sql_makes_foreign_keys_last),
	};

	return cmocka_run_group_tests_name("schema_diff", tests, NULL, NULL);
}
