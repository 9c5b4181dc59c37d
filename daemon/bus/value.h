/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What travels in a bus message, as plain C: a tree of values. A message's body is a value of type
 * 'r' (a structure). Only bus.c turns these into libdbus's messages and back.
 */
#ifndef PASSKEYD_VALUE_H
#define PASSKEYD_VALUE_H

#include "common/base/cleanup.h"
#include "common/base/terms.h"

struct value {
    char type;   /* D-Bus type code: s o b u i t x h, a array, r struct, e dict entry, v variant */
    bool failed; /* building it ran out of memory: it is never sent */
    char *text;  /* s, o: the text; a: the signature of one element */
    uint64_t number; /* b u i t x */
    int fd;          /* h: owned; -1 once value_take_fd() has handed it on */
    struct value *items;
    size_t count;
};

static inline struct value value_body(void)
{
    return (struct value){.type = 'r', .fd = -1};
}

void value_clear(struct value *value);

/*
 * Builders append to parent. A failure marks parent and is found when the message is sent. A
 * returned child is valid until the next append to the same parent; NULL after a failure, and
 * every builder takes a NULL parent.
 */
struct value *value_add(struct value *parent, char type);
void value_add_text(struct value *parent, char type, const char *text);
void value_add_number(struct value *parent, char type, uint64_t number);
void value_add_fd(struct value *parent, int fd); /* takes fd */
struct value *value_add_array(struct value *parent, const char *element);
/* One entry of an a{sv}: the content of its variant is what is given. */
void value_dict_text(struct value *dict, const char *key, const char *text);
void value_dict_number(struct value *dict, const char *key, char type, uint64_t number);

/* Whether any part of the tree failed. */
bool value_is_broken(const struct value *value) PK_WARN_UNUSED;

/* The content of the variant under key in an a{sv}; NULL when there is none. */
struct value *value_find(const struct value *dict, const char *key);
/* The text of that content, or fallback when there is none or it is not a string. */
const char *value_find_text(const struct value *dict, const char *key, const char *fallback);

/* Hands the descriptor on; -1 when the value holds none (any more). */
int value_take_fd(struct value *value);

/* One member that a method takes in its a{sv}. */
struct member {
    const char *name;
    const char *type; /* signature of the variant's content: s b u h as */
    size_t max;       /* bytes of a string; 0: PK_BUS_TEXT_MAX */
};

/*
 * Holds dict to a list: every key known, given once, of its type and within its size. On
 * PK_INVALID_INPUT *ret_why names the member (the caller's to free; NULL: no memory).
 */
enum pk_status value_check(const struct value *dict, const struct member *members, size_t count,
                           char **ret_why) PK_WARN_UNUSED;

#endif
