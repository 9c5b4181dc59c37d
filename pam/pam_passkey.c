/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_passkey: asks passkeyd whether the person at the keyboard is who they say, and relays what it
 * wants to tell or ask them. It decides nothing: PAM_SUCCESS is the daemon's "ok" for exactly this
 * user, and there is one line that returns it.
 */
#include "common/base/pam_options.h"
#include "pam/authenticated.h"
#include "pam/context.h"
#include "pam/interrupt.h"
#include "pam/prompt.h"
#include "pam/result.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define EXPORTED __attribute__((visibility("default")))

/*
 * Seconds: to connect and for the first reply, for which nobody has to do anything. Once there is a
 * conversation it has its own time, as long as the daemon lives.
 */
#define FIRST_REPLY 3

struct request {
    pam_handle_t *pamh;
    struct options options;
    char *user; /* a copy: conversations may change the item. "" with identify and no name yet */
    struct prompt prompt;
    struct pk_outcome outcome;
};

static void request_clear(struct request *request)
{
    free(request->user);
    pk_outcome_clear(&request->outcome);
}
#define AUTO_REQUEST __attribute__((cleanup(request_clear)))

/* Without identify a missing name is asked for, as every module does; with it, none is needed. */
static int find_user(struct request *request)
{
    const char *name = NULL;
    const void *item = NULL;
    int result;

    if (request->options.identify) {
        result = pam_get_item(request->pamh, PAM_USER, &item);
        name = item ? item : "";
    } else {
        result = pam_get_user(request->pamh, &name, NULL);
        if (result == PAM_SUCCESS && (!name || !*name))
            return PAM_USER_UNKNOWN;
    }
    if (result != PAM_SUCCESS)
        return result;
    request->user = strdup(name);
    return request->user ? PAM_SUCCESS : PAM_BUF_ERR;
}

static enum pk_status ask_daemon(struct request *request)
{
    PK_AUTO_CLOSE int interrupt = interrupt_open();
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    AUTO_CONTEXT struct context context = CONTEXT_EMPTY;
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {
        .fd = -1, .next = "go on to the next way", .end = "go on to the password"};
    unsigned seconds = request->options.timeout ? request->options.timeout : OPTION_TIMEOUT_MAX;
    enum pk_status status = context_collect(request->pamh, &request->options,
                                            *request->user ? request->user : NULL, &context);

    request->prompt.kept = context_keeps_questions(&context);
    request->prompt.guarded = context_is_guarded(&context);
    request->prompt.pictures = context_shows_pictures(&context, &request->prompt.room);
    if (status == PK_OK)
        status = pk_bus_open(FIRST_REPLY, interrupt, &bus);
    if (status != PK_OK)
        return status == PK_TIMEOUT ? PK_UNAVAILABLE : status;
    status = pk_conversation_run(bus,
                                 &(struct pk_conversation_request){
                                     .kind = PK_CONVERSATION_AUTHENTICATE,
                                     .user = request->user,
                                     .members = context.members.items,
                                     .member_count = context.members.count,
                                     .seconds = seconds,
                                     .give_up = context_has_terminal(&context) ? &give_up : NULL,
                                 },
                                 &prompt_ops, &request->prompt, &request->outcome);
    /* Time ran out here, and not as the daemon's verdict: it hangs. */
    if (status == PK_TIMEOUT && !request->outcome.correlation)
        status = PK_UNAVAILABLE;
    /* As if it had been pressed at a question. */
    if (status == PK_CANCELLED && interrupt_take(interrupt))
        request->prompt.failure = PAM_CONV_ERR;
    return status;
}

/*
 * Whether the account that the daemon authenticated is the one that signs in here: it was asked
 * for, and PAM_USER means it still. An account without a uid is a program's and none of this host.
 */
static int take_user(struct request *request)
{
    const struct pk_outcome *outcome = &request->outcome;
    const void *item = NULL;

    if (!authenticated_anybody(outcome))
        return PAM_AUTH_ERR;
    if (!*request->user) { /* identify alone leaves the name empty */
        if (!authenticated_is(outcome, outcome->user))
            return PAM_AUTH_ERR;
        return pam_set_item(request->pamh, PAM_USER, outcome->user);
    }
    if (!authenticated_is(outcome, request->user) ||
        pam_get_item(request->pamh, PAM_USER, &item) != PAM_SUCCESS || !item)
        return PAM_AUTH_ERR;
    return strcmp(item, request->user) == 0 || authenticated_is(outcome, item) ? PAM_SUCCESS
                                                                               : PAM_AUTH_ERR;
}

/*
 * Shows why it failed, with the daemon's message. Nothing where the stack goes on without a
 * passkey: most accounts of most hosts have none, and which ones must not be revealed. That the
 * daemon cannot be reached reveals nothing about an account, and somebody has to be told; and so
 * has whoever was asked for an act already, when the daemon ends in the middle.
 */
static void show_outcome(struct request *request, enum pk_status status, int result)
{
    bool judged = request->outcome.correlation != NULL;

    if (status == PK_UNAVAILABLE && !judged && !request->options.quiet)
        (void)prompt_ops.error(&request->prompt, "",
                               "No passkey can be used now: passkeyd cannot be reached. "
                               "\"passkeyctl check\" says more.");
    else if (request->outcome.text &&
             (result == PAM_AUTH_ERR || result == PAM_MAXTRIES || status == PK_STORAGE ||
              (status == PK_UNAVAILABLE && request->prompt.shown)))
        (void)prompt_ops.error(&request->prompt, "", request->outcome.text);
}

static void log_outcome(const struct request *request, enum pk_status status)
{
    const struct pk_outcome *outcome = &request->outcome;

    if (status != PK_OK || request->options.debug)
        pam_syslog(request->pamh, status == PK_OK ? LOG_DEBUG : LOG_NOTICE, "%s%s%s%s%s",
                   pk_status_name(status), outcome->text ? ": " : "",
                   outcome->text ? outcome->text : "", outcome->correlation ? " id=" : "",
                   outcome->correlation ? outcome->correlation : "");
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    AUTO_REQUEST struct request request = {.pamh = pamh};
    enum pk_status status;
    const char *bad = "";
    int result;

    /* PAM_SILENT is ignored: sudo always sets it, and these messages ask for an act. */
    (void)flags;
    status = options_parse(argc, argv, &request.options, &bad);
    if (status != PK_OK) {
        pam_syslog(pamh, LOG_ERR, "%s: %s",
                   status == PK_UNSUPPORTED ? "a method that this build does not serve"
                                            : "unknown, malformed or repeated option",
                   bad);
        return PAM_SERVICE_ERR;
    }
    if (request.options.old_name)
        pam_syslog(pamh, LOG_WARNING, "the option \"transports\" is called \"methods\" now");
    result = find_user(&request);
    if (result != PAM_SUCCESS)
        return result;
    request.prompt = (struct prompt){.pamh = pamh, .quiet = request.options.quiet};
    status = ask_daemon(&request);
    log_outcome(&request, status);
    if (request.prompt.failure)
        return request.prompt.failure;
    if (status != PK_OK) {
        result = result_of_failure(status, request.options.nullok);
        show_outcome(&request, status, result);
        return result;
    }
    if (take_user(&request) != PAM_SUCCESS) {
        pam_syslog(pamh, LOG_ERR, "the daemon vouched for another user");
        return PAM_AUTH_ERR;
    }
    return PAM_SUCCESS;
}

/* There are no credentials to establish: PAM_SUCCESS says so without failing the application. */
EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

/*
 * A passkey authenticates; it does not say whether the account may be used now. PAM_IGNORE leaves
 * that to the other account modules, even where an administrator lists this one as the only
 * sufficient one.
 */
EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}
