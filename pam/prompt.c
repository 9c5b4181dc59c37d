/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/prompt.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "pam/attended.h"
#include "common/base/pam_options.h"

#include <security/pam_ext.h>
#include <string.h>

#define PART_MAX 16 /* bytes of "(part N) " */

static void drop(char *response)
{
    if (response)
        explicit_bzero(response, strlen(response));
    free(response);
}

/* Every style of pam_prompt(3). *ret_response may stay NULL even on success. */
static enum pk_status converse(struct prompt *prompt, int style, const char *text,
                               char **ret_response)
{
    char *response = NULL;
    int result = pam_prompt(prompt->pamh, style, &response, "%s", text);

    prompt->shown = true;
    if (result != PAM_SUCCESS) {
        drop(response);
        prompt->failure = result == PAM_BUF_ERR ? PAM_BUF_ERR : PAM_CONV_ERR;
        return PK_IO;
    }
    *ret_response = response;
    return PK_OK;
}

static enum pk_status show_one(struct prompt *prompt, int style, const char *text)
{
    char *response = NULL;
    enum pk_status status = converse(prompt, style, text, &response);

    if (status == PK_OK)
        drop(response);
    return status;
}

/*
 * Many applications keep no more than PAM_MAX_MSG_SIZE bytes of a message. What is longer is shown
 * in pieces, of which each but the first says which it is, so that none can pass for a message.
 */
static enum pk_status show(struct prompt *prompt, int style, const char *text)
{
    size_t len = pk_text_piece(text, PK_PAM_PIECE_MAX);
    enum pk_status status = PK_OK;

    for (size_t number = 1; status == PK_OK && (number == 1 || *text); number++) {
        PK_AUTO_FREE char *piece = number == 1
                                       ? strndup(text, len)
                                       : pk_text_format("(part %zu) %.*s", number, (int)len, text);

        status = piece ? show_one(prompt, style, piece) : PK_NO_MEMORY;
        text += len;
        len = pk_text_piece(text, PK_PAM_PIECE_MAX - PART_MAX);
    }
    return status;
}

static enum pk_status info(void *context, const char *event, const char *text)
{
    struct prompt *prompt = context;

    return prompt->quiet && !options_needs_act(event) ? PK_OK : show(prompt, PAM_TEXT_INFO, text);
}

static enum pk_status error(void *context, const char *reason, const char *text)
{
    (void)reason;
    return show(context, PAM_ERROR_MSG, text);
}

/* An application that gives no answer declines: it must not turn into an empty PIN. */
static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    const struct prompt *prompt = context;
    struct attended_answer answer = {.asked = pk_clock_monotonic_ms()};
    char *response = NULL;
    enum pk_status status = converse(context, PAM_PROMPT_ECHO_ON, text, &response);
    bool act = strcmp(event, "contention") == 0 || strcmp(event, "confirm") == 0;

    if (status != PK_OK)
        return status;
    answer.answered = pk_clock_monotonic_ms();
    if (response && act && prompt->guarded && attended_too_early(&answer))
        drop(pk_steal(response));
    if (!response)
        return PK_CANCELLED;
    *ret_answer = response;
    return PK_OK;
}

/* Says so, for whoever sees it; both are looked at, so that the answer is remembered. */
static bool is_by_program(struct prompt *prompt, const struct attended_answer *answer)
{
    bool repeated = attended_repeated(prompt->pamh, answer);

    if (!repeated && !attended_too_early(answer))
        return false;
    (void)show(prompt, PAM_ERROR_MSG,
               repeated ? "The same answer as before is not tried for a security key."
                        : "An answer that came before the question could be read is not tried for "
                          "a security key.");
    return true;
}

static enum pk_status ask_secret(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer)
{
    struct prompt *prompt = context;
    struct attended_answer answer = {.asked = pk_clock_monotonic_ms()};
    char *response = NULL;
    enum pk_status status = converse(context, PAM_PROMPT_ECHO_OFF, text, &response);

    (void)event;
    if (status != PK_OK)
        return status;
    if (!response)
        return PK_CANCELLED;
    answer.answered = pk_clock_monotonic_ms();
    answer.text = response;
    if (prompt->guarded && is_by_program(prompt, &answer)) {
        drop(response);
        return PK_PIN_REQUIRED;
    }
    status = pk_secret_copy(pk_view_string(response), ret_answer);
    drop(response);
    return status;
}

const struct pk_prompt_ops prompt_ops = {
    .info = info, .error = error, .ask = ask, .ask_secret = ask_secret};
