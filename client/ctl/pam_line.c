/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/pam_line.h"

#include "common/base/text.h"

#include <string.h>
#include <strings.h>

#define BLANKS       " \t\r"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const types[] = {"auth", "account", "password", "session"};

/* By libpam's numbers; "default" is for all that are not named before it. */
static const char *const returns[] = {
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
    "default",
};
_Static_assert(COUNT(returns) == PAM_RETURNS + 1, "one name for each result, and the default");

static const char *const actions[] = {"ignore", "ok", "done", "bad", "die", "reset"};
_Static_assert(COUNT(actions) == PAM_JUMP, "one name for each action but jumps");

/* pam.d(5): the simple controls, as what they stand for. */
static const struct {
    const char *name;
    char control[80];
} controls[] = {
    {"required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"},
    {"requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"},
    {"sufficient", "success=done new_authtok_reqd=done default=ignore"},
    {"optional", "success=ok new_authtok_reqd=ok default=ignore"},
};

static size_t find(const char *const *names, size_t count, const char *name, size_t len)
{
    size_t i = 0;

    while (i < count && (strlen(names[i]) != len || strncasecmp(names[i], name, len) != 0))
        i++;
    return i;
}

/*
 * Puts one logical line into line->text, without comments. *ret_empty: there is nothing in it.
 * false: the text has ended before it.
 */
static bool assemble(struct pk_view *text, unsigned *number, struct pam_line *line, bool *ret_long)
{
    size_t len = 0;
    bool more = true, first = true;

    *ret_long = false;
    while (more && text->len > 0) {
        struct pk_view part = pk_text_take_line(text);
        const uint8_t *comment = memchr(part.ptr, '#', part.len);

        (*number)++;
        if (first)
            line->number = *number;
        first = false;
        if (comment)
            part.len = (size_t)(comment - part.ptr);
        while (part.len > 0 && strchr(BLANKS, part.ptr[part.len - 1]) && part.ptr[part.len - 1])
            part.len--;
        more = !comment && part.len > 0 && part.ptr[part.len - 1] == '\\';
        if (more)
            part.len--;
        if (part.len + 1 > PAM_LINE_MAX - len) {
            *ret_long = true;
            continue;
        }
        /* A NUL ends libpam's string; here it is a blank, so that nothing behind it is hidden. */
        (void)memcpy(line->text + len, part.ptr, part.len);
        for (size_t i = 0; i < part.len; i++)
            if (!part.ptr[i])
                line->text[len + i] = ' ';
        len += part.len;
        line->text[len++] = ' ';
    }
    line->text[len] = 0;
    return !first;
}

/* Cuts the next word off; one in brackets may have blanks, and "\]" for a bracket. NULL: none. */
static char *take_word(char **rest, bool *ret_bracketed)
{
    char *start = *rest + strspn(*rest, BLANKS);
    char *in, *out;

    *ret_bracketed = *start == '[';
    if (!*start)
        return NULL;
    if (*start != '[') {
        *rest = start + strcspn(start, BLANKS);
        if (**rest)
            *(*rest)++ = 0;
        return start;
    }
    for (in = out = ++start; *in && *in != ']'; in++) {
        if (in[0] == '\\' && in[1] == ']')
            in++;
        *out++ = *in;
    }
    *rest = *in ? in + 1 : in;
    *out = 0;
    return start;
}

/* 0: it is none. */
static unsigned parse_action(const char *text, size_t len, bool *ret_known)
{
    size_t action = find(actions, COUNT(actions), text, len);
    unsigned jump = 0;

    *ret_known = true;
    if (action < COUNT(actions))
        return (unsigned)action;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || jump > PAM_JUMP_MAX) {
            *ret_known = false;
            return 0;
        }
        jump = jump * 10 + (unsigned)(text[i] - '0');
    }
    *ret_known = len > 0 && jump > 0 && jump <= PAM_JUMP_MAX;
    return PAM_JUMP + jump - 1;
}

/* "value=action …"; what is not named is bad, as in libpam. */
static const char *parse_control(const char *text, struct pam_line *line)
{
    bool set[PAM_RETURNS] = {false};

    for (size_t i = 0; i < PAM_RETURNS; i++)
        line->actions[i] = PAM_BAD;
    for (;;) {
        size_t len, value, end;
        bool known;
        unsigned action;

        text += strspn(text, BLANKS);
        if (!*text)
            return NULL;
        len = strcspn(text, "=" BLANKS);
        value = find(returns, COUNT(returns), text, len);
        text += len + strspn(text + len, BLANKS);
        if (value == COUNT(returns) || *text != '=')
            return "its control has a value that there is not";
        text += 1 + strspn(text + 1, BLANKS);
        end = strcspn(text, BLANKS);
        action = parse_action(text, end, &known);
        if (!known)
            return "its control has an action that there is not";
        text += end;
        for (size_t i = 0; i < PAM_RETURNS; i++) {
            if (i != value && (value != PAM_RETURNS || set[i]))
                continue;
            line->actions[i] = action;
            set[i] |= value != PAM_RETURNS;
        }
    }
}

static const char *take_control(const char *word, bool bracketed, struct pam_line *line)
{
    if (!word)
        return "there is no control";
    if (bracketed)
        return parse_control(word, line);
    if (strcasecmp(word, "include") == 0)
        line->kind = PAM_KIND_INCLUDE;
    else if (strcasecmp(word, "substack") == 0)
        line->kind = PAM_KIND_SUBSTACK;
    if (line->kind != PAM_KIND_MODULE)
        return NULL;
    for (size_t i = 0; i < COUNT(controls); i++)
        if (strcasecmp(word, controls[i].name) == 0)
            return parse_control(controls[i].control, line);
    return "its control is none of required, requisite, sufficient, optional, include, substack "
           "and [value=action ...]";
}

static const char *take_type(const char *word, struct pam_line *line)
{
    size_t type;

    line->quiet = word[0] == '-';
    word += line->quiet;
    type = find(types, COUNT(types), word, strlen(word));
    if (type == COUNT(types))
        return "it begins with none of auth, account, password and session";
    line->type = (enum pam_type)type;
    return NULL;
}

/* NULL: well-formed. A module is known although its control is not. */
static const char *parse(struct pam_line *line)
{
    char *rest = line->text;
    bool bracketed;
    char *word = take_word(&rest, &bracketed);
    const char *broken = NULL;

    if (strcmp(word, "@include") == 0) {
        line->kind = PAM_KIND_ALL;
    } else {
        broken = take_type(word, line);
        if (broken)
            return broken;
        word = take_word(&rest, &bracketed);
        broken = take_control(word, bracketed, line);
    }
    word = take_word(&rest, &bracketed);
    if (!word)
        return broken ? broken : "it names no module and no file";
    line->target = word;
    while ((word = take_word(&rest, &bracketed))) {
        if (line->word_count == PAM_WORDS_MAX)
            return "it has too many words";
        line->words[line->word_count++] = word;
    }
    return broken;
}

bool pam_line_take(struct pk_view *text, unsigned *number, struct pam_line *ret)
{
    bool too_long;

    for (;;) {
        (void)memset(ret, 0, offsetof(struct pam_line, text));
        ret->target = "";
        if (!assemble(text, number, ret, &too_long))
            return false;
        if (too_long || ret->text[strspn(ret->text, BLANKS)])
            break;
    }
    ret->broken = too_long ? "it is too long" : parse(ret);
    if (ret->broken) {
        ret->kind = PAM_KIND_BROKEN;
        (void)parse_control(controls[0].control, ret);
    }
    return true;
}
