/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration as it is made, section by section; for config.c, which reads it from files. */
#ifndef PASSKEYD_CONFIG_SECTIONS_H
#define PASSKEYD_CONFIG_SECTIONS_H

#include "common/base/cleanup.h"
#include "daemon/config/config.h"

PK_DEFINE_CLEANUP(struct config *, config_free);

/* With every default, and the section [rp default]. PK_NO_MEMORY. */
enum pk_status config_sections_new(struct config **ret) PK_WARN_UNUSED;

/* The section of that name, which keys write into; NULL: there is none. */
struct rp_config *config_sections_find_rp(const struct config *config,
                                          const char *name) PK_WARN_UNUSED;
struct service_config *config_sections_find_service(const struct config *config,
                                                    const char *name) PK_WARN_UNUSED;

/* One more, of a name that none has. PK_NO_MEMORY. */
enum pk_status config_sections_add_rp(struct config *config, const char *name) PK_WARN_UNUSED;
enum pk_status config_sections_add_service(struct config *config, const char *name) PK_WARN_UNUSED;

/* Sets http_prefix, which is NULL, to what the dialect has without the key. PK_NO_MEMORY. */
enum pk_status config_sections_default_prefix(struct rp_config *rp) PK_WARN_UNUSED;

#endif
