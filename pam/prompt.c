/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/prompt.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/pam_options.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "pam/attended.h"
#include "pam/picture.h"

#include <security/pam_ext.h>
#include <string.h>

#define PART_MAX     16 /* bytes of "(part N) " */
#define QUESTION_MAX 64 /* bytes of a last line that is taken for the question */

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

/* Line by line: a piece of it would be no picture. */
static enum pk_status show_picture(struct prompt *prompt, const char *text)
{
    enum pk_status status = PK_OK;

    while (status == PK_OK && *text) {
        size_t len = strcspn(text, "\n");
        PK_AUTO_FREE char *line = strndup(text, len);

        status = line ? show_one(prompt, PAM_TEXT_INFO, line) : PK_NO_MEMORY;
        text += len + (text[len] == '\n');
    }
    return status;
}

static enum pk_status info(void *context, const char *event, const char *text)
{
    struct prompt *prompt = context;

    if (strcmp(event, "qr-code") == 0)
        return prompt->pictures && !prompt->quiet && picture_fits(&prompt->room, text)
                   ? show_picture(prompt, text)
                   : PK_OK;
    return prompt->quiet && !options_needs_act(event) ? PK_OK : show(prompt, PAM_TEXT_INFO, text);
}

static enum pk_status error(void *context, const char *reason, const char *text)
{
    (void)reason;
    return show(context, PAM_ERROR_MSG, text);
}

/* --- questions -------------------------------------------------------------------------------- */

/* What is asked once the text has been shown, by the question's event. */
static const struct {
    const char *event;
    const char *question;
} questions[] = {
    {"pin", "PIN: "},
    {"pin-last-tries", "Go on (yes/no)? "},
    {"contention", "Enter, or \"no\": "},
    {"confirm", "Enter, or \"no\": "},
    {"recovery-code", "Recovery code: "},
    {"ssh", "Answer: "},
    {"browser", "Code: "},
    {"page", "Answer: "},
};

/* Of any other question its last line, where there are more of them and it is a short one. */
static const char *question_of(const char *event, const char *text)
{
    const char *last = strrchr(text, '\n');

    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        if (strcmp(questions[i].event, event) == 0)
            return questions[i].question;
    return last && last[1] && strlen(last + 1) <= QUESTION_MAX ? last + 1 : "Answer: ";
}

static size_t trimmed_length(const char *text, size_t len, const char *characters)
{
    while (len > 0 && strchr(characters, text[len - 1]))
        len--;
    return len;
}

/*
 * A request that is to be copied is one line, which no piece of it can be: it is the last one of a
 * question with such an event, and is shown as it is.
 */
static enum pk_status show_line(struct prompt *prompt, const char *text, size_t len, bool copied)
{
    PK_AUTO_FREE char *line = strndup(text, len);

    if (!line)
        return PK_NO_MEMORY;
    return copied ? show_one(prompt, PAM_TEXT_INFO, line) : show(prompt, PAM_TEXT_INFO, line);
}

/* Without what ends a question: the short one follows. */
static enum pk_status show_question(struct prompt *prompt, const char *event, const char *text,
                                    const char *question)
{
    const char *last = strrchr(text, '\n');
    bool copied = strcmp(event, "ssh") == 0 || strcmp(event, "page") == 0;
    bool apart = last && question == last + 1;
    size_t len = trimmed_length(text, apart ? (size_t)(last - text) : strlen(text),
                                copied || apart ? "\n" : ": \n");
    enum pk_status status = PK_OK;

    for (const char *end = text + len; status == PK_OK && text < end;) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line = stop ? (size_t)(stop - text) : (size_t)(end - text);

        status = show_line(prompt, text, line, copied && !stop);
        text += stop ? line + 1 : line;
    }
    return status;
}

/*
 * Many applications put a text of their own in the place of every question (sudo -p, SUDO_PROMPT,
 * Defaults passprompt_override, most lockers), and only show what is told. So whatever a person
 * has to read is told first: as PAM_TEXT_INFO also where it warns, because some show nothing else,
 * and to others PAM_ERROR_MSG means that the attempt has failed. Only sshd is given the question
 * whole: it changes none, and SSH_ASKPASS of the client is given nothing else (from OpenSSH 10.3
 * on what is told goes past it).
 */
static enum pk_status pose(struct prompt *prompt, int style, const char *event, const char *text,
                           struct attended_answer *answer, char **ret_response)
{
    const char *question = question_of(event, text);
    enum pk_status status = PK_OK;

    if (prompt->kept)
        question = text;
    else
        status = show_question(prompt, event, text, question);
    answer->asked = pk_clock_monotonic_ms(); /* applications may be slow to show something */
    if (status == PK_OK)
        status = converse(prompt, style, question, ret_response);
    answer->answered = pk_clock_monotonic_ms();
    return status;
}

/* An application that gives no answer declines: it must not turn into an empty PIN. */
static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    const struct prompt *prompt = context;
    struct attended_answer answer = {0};
    char *response = NULL;
    enum pk_status status = pose(context, PAM_PROMPT_ECHO_ON, event, text, &answer, &response);
    bool act = strcmp(event, "contention") == 0 || strcmp(event, "confirm") == 0;

    if (status != PK_OK)
        return status;
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
    struct attended_answer answer = {0};
    char *response = NULL;
    enum pk_status status = pose(prompt, PAM_PROMPT_ECHO_OFF, event, text, &answer, &response);

    if (status != PK_OK)
        return status;
    if (!response)
        return PK_CANCELLED;
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
