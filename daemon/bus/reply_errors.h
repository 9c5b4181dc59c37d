/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program is told when an answer, or a key that it brought, did not pass. */
#ifndef PASSKEYD_VERDICT_H
#define PASSKEYD_VERDICT_H

#include "daemon/bus/bus.h"

/* Answers the call. otherwise: the words for a status that has no error of its own. */
void verdict_refuse(struct call *call, enum pk_status status, const char *otherwise);

#endif
