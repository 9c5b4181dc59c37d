/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's options (WebAuthn 5.1.9, 5.1.10) as a service sends them. */
#ifndef GATEWAY_OPTIONS_SHAPE_H
#define GATEWAY_OPTIONS_SHAPE_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Lists of names end with NULL. What they do not name is left out, the rest is in their order. What
 * is left out must not be what the daemon demands of the answer: ask for it in the call instead.
 */
struct options_shape {
    const char *const *members;
    const char *const *rp;
    const char *const *user;
    const char *const *selection;  /* requireResidentKey is there whether it is true or not */
    const char *const *descriptor; /* of excludeCredentials and allowCredentials */
    bool lists;                    /* both are there when they are empty, too */
    json_int_t timeout;            /* milliseconds to show where the daemon's is longer; 0: its */
};

/* NULL: no memory. */
json_t *options_shape(const json_t *options, const struct options_shape *shape);

#endif
