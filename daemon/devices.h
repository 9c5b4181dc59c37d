/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The security keys in this machine: one helper watches for them while anybody is interested, and
 * each key is used by one ceremony at a time, in the order of asking.
 */
#ifndef PASSKEYD_DEVICES_H
#define PASSKEYD_DEVICES_H

#include "daemon/daemon.h"

#include "common/wire/frames.h"

struct device_watch;
struct device_claim;

struct devices *devices_new(struct daemon *daemon);
void devices_free(struct devices *devices);

/*
 * changed is called from the event loop when the list has become known and whenever it differs;
 * list is NULL when the keys cannot be listed (the helper does not run). NULL: no memory.
 */
struct device_watch *device_watch_new(struct devices *devices,
                                      void (*changed)(void *data, const struct pk_devices *list),
                                      void *data);
void device_watch_free(struct device_watch *watch);

/* How many are plugged in; false where that is not known now. */
bool devices_count(const struct devices *devices, size_t *ret);

/*
 * Asks for the key at path. granted is called from the event loop, or never if the claim is freed
 * first. NULL: no memory.
 */
struct device_claim *device_claim_new(struct devices *devices, const char *path,
                                      void (*granted)(void *data), void *data);
void device_claim_free(struct device_claim *claim);

#endif
