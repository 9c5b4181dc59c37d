/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/local/local_request.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define CONSOLE_MAJOR 4 /* Documentation/admin-guide/devices.txt of the kernel */
#define CONSOLE_MAX   63
#define PTS_MAJOR     136
#define PTS_MAJOR_MAX 143

void local_terminal_name(uint32_t number, char ret[LOCAL_TERMINAL_SIZE])
{
    unsigned kind = major(number), which = minor(number);

    ret[0] = '\0';
    if (kind == CONSOLE_MAJOR && which <= CONSOLE_MAX)
        (void)snprintf(ret, LOCAL_TERMINAL_SIZE, "/dev/tty%u", which);
    else if (kind >= PTS_MAJOR && kind <= PTS_MAJOR_MAX)
        (void)snprintf(ret, LOCAL_TERMINAL_SIZE, "/dev/pts/%u", which + 256 * (kind - PTS_MAJOR));
}

/* A caller that is not root can only ask about itself, so that the account is its own. */
static void set_payer(const struct sign_in *sign_in, struct local_request *ret)
{
    const struct caller *caller = &sign_in->caller;
    bool named = sign_in->subject.account.name != NULL;
    uid_t account = sign_in->subject.account.uid;
    uid_t payer = sign_in->attempt.owner;

    if (payer == 0 && caller->reported && caller_user(caller) != 0)
        payer = caller_user(caller);
    else if (payer == 0 && sign_in_for_another(sign_in))
        named = false;
    else if (payer == 0 && named && account != PK_NO_UID)
        payer = account;
    (void)snprintf(ret->payer, sizeof(ret->payer), "uid %u", (unsigned)payer);
    ret->request.payer = ret->payer;
    /* Accounts of other relying parties have no uid, and are asked for by their own program. */
    ret->request.holder = named && (account == PK_NO_UID || account == payer);
}

/*
 * Whether its key may show the passkey to a verified user only. Where it has not said, as those
 * that were imported or enrolled before it was recorded, that it was used with verification is a
 * hint.
 */
static bool is_hidden(const struct credential *credential)
{
    return credential->cred_protect == PK_CRED_PROTECT_MAX ||
           (credential->cred_protect == 0 && credential->user_verified);
}

/* Whether the account has a passkey that was used with verification. */
static bool was_verified(const struct credential *credential)
{
    return credential->user_verified;
}

static bool has_one(const struct sign_in *sign_in, bool (*such)(const struct credential *))
{
    if (!sign_in->subject.account.name)
        return true; /* a login screen that asks for no name: the key's PIN is all there is */
    for (size_t i = 0; i < sign_in->credentials.count; i++)
        if (such(&sign_in->credentials.items[i]))
            return true;
    return false;
}

void local_request_sign_in(const struct sign_in *sign_in, struct local_request *ret)
{
    const struct context context = sign_in_context(sign_in);
    bool believed = sign_in->attempt.owner == 0;

    *ret = (struct local_request){0};
    local_terminal_name(sign_in->caller.terminal, ret->terminal);
    ret->request = (struct pk_local_request){
        .groups = sign_in->attempt.ceremony_count,
        .purpose = sign_in->attempt.purpose,
        .requester =
            {
                .user = sign_in_person(sign_in, ret->person),
                /* Others are not told in the words of just anybody. */
                .program = believed ? context.service : "a program that is not root's",
                .target = !believed           ? ""
                          : context.target[0] ? context.target
                                              : context.user,
                .command = believed ? context.command : "",
                /* The kernel's word, where there is one: any terminal can be given as tty. */
                .terminal = sign_in->caller.reported ? ret->terminal
                            : believed               ? context.tty
                                                     : "",
            },
        .unattended = sign_in->unattended,
        .hidden = has_one(sign_in, is_hidden),
        .insists = has_one(sign_in, was_verified),
    };
    set_payer(sign_in, ret);
}

void local_request_enrollment(const struct enrollment *enrollment, struct local_request *ret)
{
    *ret = (struct local_request){
        .request =
            {
                .groups = enrollment->attempt.ceremony_count,
                .purpose = enrollment->attempt.purpose,
                .requester = {.user = enrollment->user,
                              .program = "enrolment of a passkey",
                              .target = "",
                              .command = "",
                              .terminal = ""},
                .hidden = true,
            },
    };
    (void)snprintf(
        ret->payer, sizeof(ret->payer), "uid %u",
        (unsigned)(enrollment->attempt.owner ? enrollment->attempt.owner : enrollment->uid));
    ret->request.payer = ret->payer;
}
