/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The security keys in this computer, for a command that asks one thing after another: each call
 * waits, by an event loop of its own, and ends with PK_CANCELLED when the person interrupts.
 */
#ifndef CLIENT_CTL_PLUGGED_H
#define CLIENT_CTL_PLUGGED_H

#include "client/terminal.h"

#include "common/wire/frames.h"

struct plugged;

/* Starts to watch. The terminal is borrowed. PK_NO_MEMORY. */
enum pk_status plugged_open(const struct terminal *terminal, struct plugged **ret) PK_WARN_UNUSED;
/* Gives the keys back first. NULL: nothing. */
void plugged_close(struct plugged *plugged);

/* Those that are in it now, borrowed until the next call. PK_UNAVAILABLE: they cannot be listed. */
enum pk_status plugged_list(struct plugged *plugged, const struct pk_devices **ret) PK_WARN_UNUSED;

/* The same as a copy, to be kept while keys come and go. */
enum pk_status plugged_copy(struct plugged *plugged, struct pk_devices *ret) PK_WARN_UNUSED;
void plugged_devices_clear(struct pk_devices *devices);

/* Waits until that is so of the list; at most that many seconds: PK_TIMEOUT. */
typedef bool plugged_condition(void *data, const struct pk_devices *list);
enum pk_status plugged_wait(struct plugged *plugged, unsigned seconds, plugged_condition *condition,
                            void *data) PK_WARN_UNUSED;

/*
 * One exchange with one key: KEY_INFO, SET_PIN or RESET. Takes the request's content. touch: said
 * when the key waits for one; NULL: it does not. *ret is the last frame, also FAILED, whose status
 * is returned then.
 */
enum pk_status plugged_ask(struct plugged *plugged, struct pk_frame *request, const char *touch,
                           struct pk_frame *ret) PK_WARN_UNUSED;

/*
 * Which of the listed keys is touched first: its path, the caller's to free. Others may be pulled
 * out or plugged in meanwhile. PK_TOUCH_TIMEOUT.
 */
enum pk_status plugged_select(struct plugged *plugged, char **ret_path) PK_WARN_UNUSED;

#endif
