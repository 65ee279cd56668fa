/*
 * Pages from templates and a JSON view.  Every value is escaped; there is no way to print one raw.
 *
 *	{{name}} {{a.b}}           the value, escaped for text and for quoted attributes
 *	{{@name}}                  a moment for people: "2026-11-22T08:37:21Z" without its letters
 *	{{#name}} ... {{/name}}    once per element of a list; once for an object, or for a value
 *	                           that is not false, null, 0 or ""; names are looked up in it first
 *	{{^name}} ... {{/name}}    when the above would print nothing
 *	{{.}}                      the element itself
 *	{{>name}}                  another template
 *
 * Templates are files of src/web/templates, built into the binary; a broken one is a programming
 * error.
 */
#ifndef SLUICE_WEB_TEMPLATE_H
#define SLUICE_WEB_TEMPLATE_H

#include "sluice/core/buf.h"
#include "sluice/core/json.h"

/* Asserts that the template exists. */
void sl_template_render(const char *name, const json_t *view, struct sl_buf *out);

/* Renders text that is not among the files; for tests and for nothing else. */
void sl_template_render_text(const char *text, const json_t *view, struct sl_buf *out);

#endif
