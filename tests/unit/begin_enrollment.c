/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/begin_enrollment.h"

#include "daemon/auth/enrollment.h"
#include "daemon/auth/registration.h"
#include "tests/unit/bare_daemon.h"

static const struct wish *wished;

static void begun(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    enrollment_start(daemon, call, ceremony,
                     &(struct enrollment_request){
                         .rhost = wished->rhost ? wished->rhost : "",
                         .methods = wished->methods,
                         .timeout = wished->timeout,
                         .agent = wished->agent,
                         .pictures = wished->pictures,
                     });
}

void begin_enrollment_of(const char *user, const struct wish *wish)
{
    struct call *call = call_from(wish->by_root ? 0 : ALICE, SENDER);

    wished = wish;
    value_add_text(&call->arguments, 's', user);
    registration_begin(bare_daemon(), call,
                       &(struct registration_begin){
                           .rp = wish->rp,
                           .wish =
                               {
                                   .name = wish->name,
                                   .user_verification = wish->user_verification,
                                   .resident_key = wish->resident_key,
                               },
                           .ticket = wish->ticket,
                           .can_ask = !wish->cannot_ask,
                       },
                       begun);
    settle();
}

void begin_enrollment(const struct wish *wish)
{
    begin_enrollment_of("alice", wish);
}
