// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - writing JSON (RFC 8259); bytes that are no ASCII are passed through
 */
#include "json.h"

static void quote(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void begin(struct json *json, const char *key)
{
	if (json->more)
		fputc(',', json->out);
	if (json->depth && !json->compact)
		fprintf(json->out, "\n%*s", 2 * json->depth, "");
	json->more = true;
	if (key) {
		quote(json->out, key);
		fputs(json->compact ? ":" : ": ", json->out);
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->more && !json->compact)
		fprintf(json->out, "\n%*s", 2 * json->depth, "");
	fputc(bracket, json->out);
	json->more = true;
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->out, "%llu", (unsigned long long)value);
}

void json_seconds(struct json *json, const char *key, double value)
{
	begin(json, key);
	fprintf(json->out, "%.3f", value);
}

void json_string(struct json *json, const char *key, const char *value)
{
	begin(json, key);
	quote(json->out, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
	begin(json, key);
	fputs("null", json->out);
}

void json_end(struct json *json)
{
	fputc('\n', json->out);
	json->more = false;
}
