/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/polkit.h"

#include <stdlib.h>
#include <string.h>

/* The number of complete types in a signature without structures. */
static size_t count_types(const char *signature)
{
    size_t count = 0;

    while (*signature) {
        if (strncmp(signature, "a{sv}", 5) == 0)
            signature += 5;
        else if (signature[0] == 'a')
            signature += 2;
        else
            signature++;
        count++;
    }
    return count;
}

static size_t count_names(const char *names)
{
    size_t count = names[0] ? 1 : 0;

    for (; *names; names++)
        count += *names == ',';
    return count;
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        const struct method *method = &methods[i];

        assert_int_not_equal(method->privilege, PRIVILEGE_NONE);
        assert_non_null(method->handler);
        assert_int_equal(count_types(method->in), count_names(method->in_names));
        assert_int_equal(count_types(method->out), count_names(method->out_names));
        /* PRIVILEGE_SELF looks at the first argument, a ticket is looked for in an a{sv}. */
        if (method->privilege == PRIVILEGE_SELF)
            assert_int_equal(method->in[0], 's');
        if (method->flags & METHOD_TICKET)
            assert_non_null(strstr(method->in, "a{sv}"));
    }
}

/* What creates, renames or removes needs a fresh re-authentication, or is root's. */
static void changes_are_guarded(void **state)
{
    static const char *const names[] = {"Enroll", "BeginRegistration",   "Rename",
                                        "Remove", "CreateRecoveryCodes", "CreateTicket",
                                        "Adopt"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct method *found = NULL;

        for (size_t j = 0; j < method_count; j++)
            if (strcmp(methods[j].name, names[i]) == 0 && methods[j].privilege != PRIVILEGE_GATEWAY)
                found = &methods[j];
        assert_non_null(found);
        assert_true(found->action || found->privilege == PRIVILEGE_ROOT);
    }
}

/* Said a second time, so that nobody's rights change by the way. */
static void privileges_are_these(void **state)
{
    static const struct {
        const char *name;
        enum privilege privilege;
        const char *action;
        unsigned flags;
    } rows[] = {
        {"Authenticate", PRIVILEGE_SELF, NULL, 0},
        {"Enroll", PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET},
        {"Status", PRIVILEGE_ANYONE, NULL, 0},
        {"Backup", PRIVILEGE_ROOT, NULL, 0},
        {"Restore", PRIVILEGE_ROOT, NULL, 0},
        {"Next", PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION},
        {"Skip", PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION},
        {"Cancel", PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION},
        {"BeginRegistration", PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET},
        {"FinishRegistration", PRIVILEGE_OWNER, NULL, 0},
        {"BeginAuthentication", PRIVILEGE_SELF, NULL, 0},
        {"FinishAuthentication", PRIVILEGE_OWNER, NULL, 0},
        {"Cancel", PRIVILEGE_OWNER, NULL, 0},
        {"List", PRIVILEGE_SELF, NULL, 0},
        {"Rename", PRIVILEGE_SELF, POLKIT_MANAGE, 0},
        {"Remove", PRIVILEGE_SELF, POLKIT_MANAGE, 0},
        {"CreateRecoveryCodes", PRIVILEGE_SELF, POLKIT_CODES, 0},
        {"CreateTicket", PRIVILEGE_ROOT, NULL, 0},
        {"CreateTicketLink", PRIVILEGE_ROOT, NULL, 0},
        {"AwaitTicketLink", PRIVILEGE_ROOT, NULL, 0},
        {"RevokeTickets", PRIVILEGE_ROOT, NULL, 0},
        {"Adopt", PRIVILEGE_ROOT, NULL, 0},
        {"Import", PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET},
        {"CreateApiKey", PRIVILEGE_ROOT, NULL, 0},
        {"ListApiKeys", PRIVILEGE_ROOT, NULL, 0},
        {"RevokeApiKey", PRIVILEGE_ROOT, NULL, 0},
        {"ListKeys", PRIVILEGE_ROOT, NULL, 0},
        {"RotateKey", PRIVILEGE_ROOT, NULL, 0},
        {"ImportKey", PRIVILEGE_ROOT, NULL, 0},
        {"RelyingParties", PRIVILEGE_GATEWAY, NULL, 0},
        {"StoreState", PRIVILEGE_GATEWAY, NULL, 0},
        {"BeginRegistration", PRIVILEGE_GATEWAY, NULL, 0},
        {"FinishRegistration", PRIVILEGE_GATEWAY, NULL, 0},
        {"BeginAuthentication", PRIVILEGE_GATEWAY, NULL, 0},
        {"FinishAuthentication", PRIVILEGE_GATEWAY, NULL, 0},
        {"List", PRIVILEGE_GATEWAY, NULL, 0},
        {"Rename", PRIVILEGE_GATEWAY, NULL, 0},
        {"Remove", PRIVILEGE_GATEWAY, NULL, 0},
        {"User", PRIVILEGE_GATEWAY, NULL, 0},
        {"Transactions", PRIVILEGE_GATEWAY, NULL, 0},
        {"IssueToken", PRIVILEGE_GATEWAY, NULL, 0},
        {"CheckToken", PRIVILEGE_GATEWAY, NULL, 0},
        {"BeginPasswordCheck", PRIVILEGE_GATEWAY, NULL, 0},
        {"UseRecoveryCode", PRIVILEGE_GATEWAY, NULL, 0},
        {"Keys", PRIVILEGE_GATEWAY, NULL, 0},
        {"DescribeLink", PRIVILEGE_GATEWAY, NULL, 0},
        {"BeginLink", PRIVILEGE_GATEWAY, NULL, 0},
        {"FinishLink", PRIVILEGE_GATEWAY, NULL, 0},
        {"DisownLink", PRIVILEGE_GATEWAY, NULL, 0},
        {"DescribeTicket", PRIVILEGE_GATEWAY, NULL, 0},
        {"BeginTicket", PRIVILEGE_GATEWAY, NULL, 0},
        {"FinishTicket", PRIVILEGE_GATEWAY, NULL, 0},
        {"DescribeOwn", PRIVILEGE_GATEWAY, NULL, 0},
        {"BeginOwn", PRIVILEGE_GATEWAY, NULL, 0},
        {"FinishOwn", PRIVILEGE_GATEWAY, NULL, 0},
        {"RenameOwn", PRIVILEGE_GATEWAY, NULL, 0},
        {"SignOut", PRIVILEGE_GATEWAY, NULL, 0},
    };

    (void)state;
    assert_int_equal(method_count, sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i < method_count; i++) {
        assert_string_equal(methods[i].name, rows[i].name);
        if (methods[i].privilege != rows[i].privilege || methods[i].flags != rows[i].flags ||
            !methods[i].action != !rows[i].action)
            fail_msg("%s: privilege, action or flags", rows[i].name);
        if (rows[i].action)
            assert_string_equal(methods[i].action, rows[i].action);
    }
}

/* A call without an interface is never the gateway's: those rows come last. */
static void the_gateways_rows_come_last(void **state)
{
    bool gateways = false;

    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        assert_int_equal(strcmp(methods[i].interface, PK_BUS_GATEWAY) == 0,
                         methods[i].privilege == PRIVILEGE_GATEWAY);
        assert_false(gateways && methods[i].privilege != PRIVILEGE_GATEWAY);
        gateways = methods[i].privilege == PRIVILEGE_GATEWAY;
    }
    assert_true(gateways);
}

static void rows_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(methods[i].name, methods[j].name) == 0 &&
                         strcmp(methods[i].interface, methods[j].interface) == 0);
}

/* Reads one tag and keeps the stack of open ones. */
static const char *read_tag(const char *at, char stack[8][32], size_t *depth)
{
    const char *end = strchr(at, '>');
    size_t len = strcspn(at + 1, " >/\n");

    assert_non_null(end);
    if (at[1] == '!')
        return end + 1;
    if (at[1] == '/') {
        assert_true(*depth > 0);
        (*depth)--;
        len = strcspn(at + 2, ">");
        assert_int_equal(strlen(stack[*depth]), len);
        assert_memory_equal(stack[*depth], at + 2, len);
    } else if (end[-1] != '/') {
        assert_true(*depth < 8 && len < 32);
        (void)memcpy(stack[*depth], at + 1, len);
        stack[(*depth)++][len] = '\0';
    }
    return end + 1;
}

static void check_well_formed(const char *xml)
{
    char stack[8][32];
    size_t depth = 0;

    while ((xml = strchr(xml, '<')))
        xml = read_tag(xml, stack, &depth);
    assert_int_equal(depth, 0);
}

static void introspection_says_what_the_table_says(void **state)
{
    char *manager = methods_introspect(false);
    char *conversation = methods_introspect(true);

    (void)state;
    check_well_formed(manager);
    check_well_formed(conversation);
    for (size_t i = 0; i < method_count; i++) {
        bool in_conversation = (methods[i].flags & METHOD_CONVERSATION) != 0;
        char line[128];

        (void)snprintf(line, sizeof(line), "<method name=\"%s\">", methods[i].name);
        assert_non_null(strstr(in_conversation ? conversation : manager, line));
        (void)snprintf(line, sizeof(line), "<interface name=\"%s\">", methods[i].interface);
        assert_non_null(strstr(in_conversation ? conversation : manager, line));
        assert_null(strstr(in_conversation ? manager : conversation, line));
    }
    assert_non_null(strstr(manager, "<arg name=\"options\" type=\"a{sv}\" direction=\"in\"/>"));
    assert_non_null(strstr(manager, "<arg name=\"expires\" type=\"t\" direction=\"out\"/>"));
    assert_non_null(strstr(manager, "<property name=\"Version\" type=\"s\" access=\"read\"/>"));
    free(manager);
    free(conversation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(changes_are_guarded),
        cmocka_unit_test(privileges_are_these),
        cmocka_unit_test(the_gateways_rows_come_last),
        cmocka_unit_test(rows_are_unique),
        cmocka_unit_test(introspection_says_what_the_table_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
