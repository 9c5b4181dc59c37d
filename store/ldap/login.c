/* SPDX-License-Identifier: BSD-2-Clause */
/* An account's own bind, by its password. */
#include "store/ldap/link.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- what is sent ----------------------------------------------------------------------------- */

/* libldap frees a request as it is. A layer above TLS sees it on its way, and wipes what is sent.
 */

static ber_slen_t pass_read(Sockbuf_IO_Desc *layer, void *buffer, ber_len_t len)
{
    return LBER_SBIOD_READ_NEXT(layer, buffer, len);
}

static ber_slen_t write_and_wipe(Sockbuf_IO_Desc *layer, void *buffer, ber_len_t len)
{
    ber_slen_t sent = LBER_SBIOD_WRITE_NEXT(layer, buffer, len);

    if (sent > 0)
        explicit_bzero(buffer, (size_t)sent);
    return sent;
}

static int pass_control(Sockbuf_IO_Desc *layer, int option, void *argument)
{
    return LBER_SBIOD_CTRL_NEXT(layer, option, argument);
}

static int wipe_what_is_sent(LDAP *ld)
{
    static Sockbuf_IO functions = {
        .sbi_ctrl = pass_control, .sbi_read = pass_read, .sbi_write = write_and_wipe};
    Sockbuf *buffer = NULL;

    if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, (void *)&buffer) != LDAP_OPT_SUCCESS ||
        ber_sockbuf_add_io(buffer, &functions, LBER_SBIOD_LEVEL_APPLICATION, NULL))
        return LDAP_LOCAL_ERROR;
    return LDAP_SUCCESS;
}

/* --- the bind --------------------------------------------------------------------------------- */

struct outcome {
    int code;
    LDAPPasswordPolicyError policy;
    char *said; /* by the server; libldap's; NULL: nothing */
};

static void outcome_clear(struct outcome *outcome)
{
    ldap_memfree(outcome->said);
}

static void read_policy(LDAP *ld, LDAPControl **controls, struct outcome *ret)
{
    LDAPControl *control = ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, NULL);
    ber_int_t expires, grace;

    if (control)
        (void)ldap_parse_passwordpolicy_control(ld, control, &expires, &grace, &ret->policy);
}

/* libldap's code of what went wrong on the way; LDAP_SUCCESS: the server has answered. */
static int read_answer(LDAP *ld, int id, struct outcome *ret)
{
    LDAPMessage *answer = NULL;
    LDAPControl **controls = NULL;
    int code = LDAP_SERVER_DOWN;

    if (ldap_result(ld, id, LDAP_MSG_ALL, NULL, &answer) < 0) {
        (void)ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
        return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
    }
    code = ldap_parse_result(ld, answer, &ret->code, NULL, &ret->said, NULL, &controls, 1);
    if (controls)
        read_policy(ld, controls, ret);
    ldap_controls_free(controls);
    return code;
}

static int ask(LDAP *ld, const struct ldap_login *login, struct outcome *ret)
{
    struct berval password = {login->password->len, (char *)login->password->data};
    LDAPControl *policy = NULL;
    int id = -1;
    int code = ldap_create_passwordpolicy_control(ld, &policy);
    LDAPControl *controls[] = {policy, NULL};

    if (code == LDAP_SUCCESS)
        code = ldap_sasl_bind(ld, login->dn, LDAP_SASL_SIMPLE, &password, controls, NULL, &id);
    ldap_control_free(policy);
    return code == LDAP_SUCCESS ? read_answer(ld, id, ret) : code;
}

/* Servers say by these that a password is not taken; the rest is no word about it. */
static bool is_about_password(int code)
{
    return code == LDAP_INVALID_CREDENTIALS || code == LDAP_INAPPROPRIATE_AUTH ||
           code == LDAP_NO_SUCH_OBJECT || code == LDAP_UNWILLING_TO_PERFORM ||
           code == LDAP_CONSTRAINT_VIOLATION;
}

/* NULL: there is nothing to say beyond that it was not taken. */
static const char *why(const struct outcome *outcome)
{
    switch (outcome->policy) {
    case PP_passwordExpired:
        return "it has expired; change it, and enrol again";
    case PP_accountLocked:
        return "the account is locked there";
    case PP_changeAfterReset:
        return "it is to be changed first; do that, and enrol again";
    default:
        break;
    }
    if (outcome->code == LDAP_INAPPROPRIATE_AUTH)
        return "the account has none there";
    /* Servers without the control say it in their own words. */
    return outcome->code != LDAP_INVALID_CREDENTIALS && outcome->said && *outcome->said
               ? outcome->said
               : NULL;
}

static enum pk_status refuse(struct ldap_link *link, const struct ldap_login *login,
                             const char *reason)
{
    PK_AUTO_FREE char *printable = pk_text_printable(reason ? reason : "", LINK_WORDS_MAX / 2);

    (void)snprintf(link->words, sizeof(link->words), "the directory did not take %s's password%s%s",
                   login->name, printable && *printable ? ": " : "", printable ? printable : "");
    return PK_PASSWORD_REFUSED;
}

enum pk_status ldap_link_login(struct ldap_link *link, const struct ldap_login *login)
{
    __attribute__((cleanup(outcome_clear))) struct outcome outcome = {.policy = PP_noError};
    int code;

    /* Without a name or a password a server takes whoever it is for nobody, and says yes. */
    if (!*login->dn || login->password->len == 0)
        return refuse(link, login, "it was empty");
    code = wipe_what_is_sent(link->ld);
    if (code == LDAP_SUCCESS)
        code = ask(link->ld, login, &outcome);
    if (code != LDAP_SUCCESS)
        return ldap_link_status(link, code, "to sign in as the account");
    if (is_about_password(outcome.code) || outcome.policy == PP_changeAfterReset)
        return refuse(link, login, why(&outcome));
    return ldap_link_status(link, outcome.code, "to sign in as the account");
}
