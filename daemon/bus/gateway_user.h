/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which uid the account of [gateway] user has. The name service is asked on a worker, when somebody
 * calls Gateway1, and again after the configuration or the password file has changed: that an
 * account is made after the daemon has started, or gets another uid, needs no restart.
 */
#ifndef PASSKEYD_GATEWAY_USER_H
#define PASSKEYD_GATEWAY_USER_H

#include "daemon/bus/call.h"
#include "daemon/daemon.h"

struct gateway_user;

/* NULL: no memory. */
struct gateway_user *gateway_user_new(void) PK_WARN_UNUSED;
void gateway_user_free(struct gateway_user *user);

/* What is known of it may have changed. */
void gateway_user_forget(struct daemon *daemon);

/*
 * Hands the call to permitted if its caller is the gateway, and to denied otherwise; later, where
 * that is not known. Where there is no such account, or the name service failed, nobody is.
 */
typedef void gateway_user_handler(struct daemon *daemon, struct call *call);
void gateway_user_check(struct daemon *daemon, struct call *call, gateway_user_handler *permitted,
                        gateway_user_handler *denied);

#endif
