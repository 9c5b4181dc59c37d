/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The content of a bus message as a tree of plain C values. A message's body is a value of type 'r'
 * (a structure). Only message.c converts these to libdbus messages and back.
 */
#ifndef PASSKEYD_VALUE_H
#define PASSKEYD_VALUE_H

#include "common/base/cleanup.h"
#include "common/base/terms.h"

struct value {
    char type;   /* D-Bus type code: s o b u i t x h, a array, r struct, e dict entry, v variant */
    bool failed; /* memory ran out while it was built: it must not be sent */
    char *text;  /* s, o: the text; a: the signature of one element; owned */
    uint64_t number; /* b u i t x */
    int fd;          /* h: owned; -1 after value_take_fd() */
    struct value *items;
    size_t count;
};

static inline struct value value_body(void)
{
    return (struct value){.type = 'r', .fd = -1};
}

void value_clear(struct value *value);

/*
 * Builders append to parent. A failure marks parent and is reported when the message is sent. A
 * returned child is valid until the next append to the same parent. It is NULL after a failure, and
 * every builder accepts a NULL parent.
 */
struct value *value_add(struct value *parent, char type);
void value_add_text(struct value *parent, char type, const char *text);
void value_add_number(struct value *parent, char type, uint64_t number);
void value_add_fd(struct value *parent, int fd); /* takes fd */
struct value *value_add_array(struct value *parent, const char *element);
/* Append one entry to an a{sv}, its variant holding the text or number. */
void value_dict_text(struct value *dict, const char *key, const char *text);
void value_dict_number(struct value *dict, const char *key, char type, uint64_t number);

/* Whether any part of the tree failed. */
bool value_is_broken(const struct value *value) PK_WARN_UNUSED;

/* The content of the variant under key in an a{sv}; NULL when there is none. */
struct value *value_find(const struct value *dict, const char *key);
/* The text of that content, or fallback when there is none or it is not a string. */
const char *value_find_text(const struct value *dict, const char *key, const char *fallback);

/* The number of that content; 0 when there is none. */
uint32_t value_find_number(const struct value *dict, const char *key);

/* Gives the descriptor to the caller; -1 when the value holds none, or no longer. */
int value_take_fd(struct value *value);

/* A member that a method accepts in its a{sv}. */
struct member {
    const char *name;
    const char *type; /* signature of the variant's content: s b u h as */
    size_t max;       /* bytes of a string; 0: PK_BUS_TEXT_MAX */
};

/*
 * Checks dict against a list: every key listed, given once, of its type and within its size. On
 * PK_INVALID_INPUT *ret_why names the member (the caller's to free; NULL: no memory).
 */
enum pk_status value_check(const struct value *dict, const struct member *members, size_t count,
                           char **ret_why) PK_WARN_UNUSED;

#endif
