/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cleanup at the end of a scope: a variable declared with one of these is released when its scope
 * ends. pk_steal() returns the value and leaves the variable empty.
 */
#ifndef PK_BASE_CLEANUP_H
#define PK_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Declares cleanup_NAME(): calls FUNCTION on a non-NULL pointer of TYPE. */
#define PK_DEFINE_CLEANUP(type, function)                                                          \
    static inline void cleanup_##function(type *owner)                                             \
    {                                                                                              \
        if (*owner)                                                                                \
            function(*owner);                                                                      \
    }                                                                                              \
    struct pk_needs_semicolon

/* PK_CLEANUP(function): for pointers whose PK_DEFINE_CLEANUP(type, function) is in scope. */
#define PK_CLEANUP(function) __attribute__((cleanup(cleanup_##function)))

static inline void cleanup_free_pointer(void *owner)
{
    free(*(void **)owner);
}

/* The number is somebody else's the next moment: it is forgotten, so that it is closed once. */
static inline void cleanup_close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

PK_DEFINE_CLEANUP(FILE *, fclose);

#define PK_AUTO_FREE   __attribute__((cleanup(cleanup_free_pointer)))
#define PK_AUTO_CLOSE  __attribute__((cleanup(cleanup_close_fd)))
#define PK_AUTO_FCLOSE PK_CLEANUP(fclose)

#define pk_steal(pointer)                                                                          \
    __extension__({                                                                                \
        __typeof__(pointer) stolen_ = (pointer);                                                   \
        (pointer) = NULL;                                                                          \
        stolen_;                                                                                   \
    })

static inline int pk_steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

#endif
