/* SPDX-License-Identifier: GPL-2.0-only */
/* labctl - writing JSON, value by value; the caller keeps the nesting right */
#ifndef LABCTL_JSON_H
#define LABCTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool compact;	/* one line */
	bool more;	/* a value came before in this object or list */
	int depth;
};

/* @key is NULL in a list and at the top. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_number(struct json *json, const char *key, uint64_t value);
void json_seconds(struct json *json, const char *key, double value);
void json_string(struct json *json, const char *key, const char *value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* After the last bracket */
void json_end(struct json *json);

#endif /* LABCTL_JSON_H */
