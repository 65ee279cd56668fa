/* Pages from text and a view. */
#include "template.h"

#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_page(const char *text, const char *view_text, const char *want)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(10000);
	sl_auto_json json_t *view = json_loads(view_text, 0, NULL);

	assert_non_null(view);
	sl_template_render_text(text, view, &out);
	assert_string_equal(sl_buf_str(&out), want);
}

static void text_without_tags_stays_as_it_is(void **state)
{
	(void)state;
	assert_page("", "{}", "");
	assert_page("a { b } <c>", "{}", "a { b } <c>");
}

static void values_are_escaped_for_text_and_for_quoted_attributes(void **state)
{
	(void)state;
	assert_page("<a title=\"{{t}}\">{{t}}</a>", "{\"t\": \"<b>&'\\\"\"}",
		"<a title=\"&lt;b&gt;&amp;&#39;&quot;\">&lt;b&gt;&amp;&#39;&quot;</a>");
}

static void a_value_that_holds_a_tag_is_not_rendered_again(void **state)
{
	(void)state;
	assert_page("{{t}}", "{\"t\": \"{{secret}}\", \"secret\": \"no\"}", "{{secret}}");
}

static void numbers_and_truths_print_and_what_is_absent_prints_nothing(void **state)
{
	(void)state;
	assert_page("{{n}},{{y}},{{no}},{{x}},{{nil}},{{list}}",
		"{\"n\": -12, \"y\": true, \"no\": false, \"nil\": null, \"list\": [1]}",
		"-12,yes,no,,,");
}

static void a_section_repeats_for_each_element_of_a_list(void **state)
{
	(void)state;
	assert_page("{{#rows}}<{{id}}>{{/rows}}", "{\"rows\": [{\"id\": 1}, {\"id\": 2}]}",
		"<1><2>");
	assert_page("{{#rows}}({{.}}){{/rows}}", "{\"rows\": [\"a\", \"<\"]}", "(a)(&lt;)");
}

static void a_section_of_nothing_is_left_out_and_its_opposite_stays(void **state)
{
	(void)state;
	const char *const nothing[] = { "{}", "{\"v\": null}", "{\"v\": false}", "{\"v\": 0}",
		"{\"v\": \"\"}", "{\"v\": []}" };
	const char *const something[] = { "{\"v\": true}", "{\"v\": 1}", "{\"v\": \"x\"}",
		"{\"v\": [1]}", "{\"v\": {}}" };

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_page("{{#v}}some{{/v}}{{^v}}none{{/v}}", nothing[i], "none");
	for (size_t i = 0; i < sizeof(something) / sizeof(something[0]); i++)
		assert_page("{{#v}}some{{/v}}{{^v}}none{{/v}}", something[i], "some");
}

static void names_are_looked_up_inside_first_and_outwards_then(void **state)
{
	(void)state;
	assert_page("{{#in}}{{a}}{{b}}{{#deep}}{{a}}{{b}}{{c}}{{/deep}}{{/in}}",
		"{\"a\": 1, \"b\": 2, \"in\": {\"a\": 3, \"deep\": [{\"c\": 5}]}}", "32325");
}

static void dotted_names_lead_inside_and_do_not_fall_back(void **state)
{
	(void)state;
	assert_page("{{a.b.c}}", "{\"a\": {\"b\": {\"c\": \"x\"}}}", "x");
	assert_page("[{{a.c}}]", "{\"a\": {\"b\": 1}, \"c\": 2}", "[]");
	assert_page("[{{a.b.c}}]", "{\"a\": {\"b\": 1}}", "[]");
}

static void sections_of_one_name_nest(void **state)
{
	(void)state;
	assert_page("{{#n}}<{{v}}{{#n}}({{v}}){{/n}}>{{/n}}",
		"{\"n\": [{\"v\": 1, \"n\": [{\"v\": 2}]}, {\"v\": 3, \"n\": []}]}", "<1(2)><3>");
}

static void a_moment_is_shown_without_its_letters(void **state)
{
	(void)state;
	assert_page("{{@at}}|{{at}}", "{\"at\": \"2026-11-22T09:14:00Z\"}",
		"2026-11-22 09:14:00|2026-11-22T09:14:00Z");
	assert_page("{{@at}}|{{@no}}|{{@n}}", "{\"at\": \"<soon>\", \"n\": 5}", "&lt;soon&gt;||");
}

static void a_partial_is_rendered_in_the_view_that_asks_for_it(void **state)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(100000);
	sl_auto_json json_t *view = json_pack("{s:s}", "message", "<gone>");

	(void)state;
	sl_template_render("error.html", view, &out);
	assert_non_null(strstr(sl_buf_str(&out), "<!doctype html>"));
	assert_non_null(strstr(sl_buf_str(&out), "&lt;gone&gt;"));
	assert_non_null(strstr(sl_buf_str(&out), "</html>"));
}

static void no_page_loads_anything_from_elsewhere(void **state)
{
	const char *const pages[] = { "changes.html", "change.html", "targets.html", "target.html",
		"diff.html", "login.html", "rule.html", "error.html" };

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		sl_auto_buf struct sl_buf out = SL_BUF_INIT(100000);
		sl_auto_json json_t *view = json_object();

		sl_template_render(pages[i], view, &out);
		assert_null(strstr(sl_buf_str(&out), "://"));
		assert_null(strstr(sl_buf_str(&out), "<script"));
		assert_null(strstr(sl_buf_str(&out), "style="));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_without_tags_stays_as_it_is),
		cmocka_unit_test(values_are_escaped_for_text_and_for_quoted_attributes),
		cmocka_unit_test(a_value_that_holds_a_tag_is_not_rendered_again),
		cmocka_unit_test(numbers_and_truths_print_and_what_is_absent_prints_nothing),
		cmocka_unit_test(a_section_repeats_for_each_element_of_a_list),
		cmocka_unit_test(a_section_of_nothing_is_left_out_and_its_opposite_stays),
		cmocka_unit_test(names_are_looked_up_inside_first_and_outwards_then),
		cmocka_unit_test(dotted_names_lead_inside_and_do_not_fall_back),
		cmocka_unit_test(sections_of_one_name_nest),
		cmocka_unit_test(a_moment_is_shown_without_its_letters),
		cmocka_unit_test(a_partial_is_rendered_in_the_view_that_asks_for_it),
		cmocka_unit_test(no_page_loads_anything_from_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
