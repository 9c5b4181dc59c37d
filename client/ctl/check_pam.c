/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a stack is good for is found by going through it as libpam does, with what its modules could
 * return: everything but the passkey fails, or everything but the passkey succeeds, and so on.
 */
#include "client/ctl/check_pam.h"

#include "client/ctl/findings.h"
#include "client/ctl/pam_stack.h"
#include "client/passkeys.h"
#include "common/base/cleanup.h"
#include "common/base/pam_options.h"
#include "common/base/text.h"

#include <dirent.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#define MODULE_NAME  "pam_passkey.so"
#define SERVICES_MAX 512

PK_DEFINE_CLEANUP(DIR *, closedir);

/* What the modules return in one run. */
struct trial {
    unsigned passkey, condition, other;
};

enum module_role {
    ROLE_PASSKEY,
    ROLE_GOOD,      /* succeeds for whoever it is */
    ROLE_BAD,       /* fails for an ordinary person */
    ROLE_CONDITION, /* depends on who it is, or on a program */
    ROLE_OTHER,     /* asks for a password or something like it */
};

static const struct {
    const char *module;
    enum module_role role;
} roles[] = {
    {MODULE_NAME, ROLE_PASSKEY},         {"pam_permit.so", ROLE_GOOD},
    {"pam_access.so", ROLE_GOOD},        {"pam_cap.so", ROLE_GOOD},
    {"pam_echo.so", ROLE_GOOD},          {"pam_ecryptfs.so", ROLE_GOOD},
    {"pam_env.so", ROLE_GOOD},           {"pam_faildelay.so", ROLE_GOOD},
    {"pam_gnome_keyring.so", ROLE_GOOD}, {"pam_group.so", ROLE_GOOD},
    {"pam_keyinit.so", ROLE_GOOD},       {"pam_kwallet5.so", ROLE_GOOD},
    {"pam_limits.so", ROLE_GOOD},        {"pam_loginuid.so", ROLE_GOOD},
    {"pam_mail.so", ROLE_GOOD},          {"pam_motd.so", ROLE_GOOD},
    {"pam_mount.so", ROLE_GOOD},         {"pam_nologin.so", ROLE_GOOD},
    {"pam_securetty.so", ROLE_GOOD},     {"pam_selinux.so", ROLE_GOOD},
    {"pam_shells.so", ROLE_GOOD},        {"pam_time.so", ROLE_GOOD},
    {"pam_umask.so", ROLE_GOOD},         {"pam_warn.so", ROLE_GOOD},
    {"pam_wheel.so", ROLE_GOOD},         {"pam_deny.so", ROLE_BAD},
    {"pam_rootok.so", ROLE_BAD},         {"pam_exec.so", ROLE_CONDITION},
    {"pam_listfile.so", ROLE_CONDITION}, {"pam_localuser.so", ROLE_CONDITION},
    {"pam_script.so", ROLE_CONDITION},   {"pam_succeed_if.so", ROLE_CONDITION},
    {"pam_usertype.so", ROLE_CONDITION},
};

static enum module_role role_of(const struct pam_entry *entry)
{
    if (strcmp(entry->module, "pam_faillock.so") == 0)
        return pk_strings_include(&entry->words, "authfail") ? ROLE_BAD : ROLE_GOOD;
    if (strcmp(entry->module, "pam_wheel.so") == 0 && pk_strings_include(&entry->words, "trust"))
        return ROLE_CONDITION;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(entry->module, roles[i].module) == 0)
            return roles[i].role;
    return ROLE_OTHER;
}

static unsigned result_of(const struct pam_entry *entry, void *data)
{
    const struct trial *trial = data;

    switch (role_of(entry)) {
    case ROLE_PASSKEY:
        return trial->passkey;
    case ROLE_GOOD:
        return PAM_RESULT_SUCCESS;
    case ROLE_CONDITION:
        return trial->condition;
    case ROLE_OTHER:
        return trial->other;
    case ROLE_BAD:
        break;
    }
    return PAM_RESULT_AUTH_ERR;
}

struct service {
    const char *root;
    const char *name;
    const json_t *relying_parties;
    struct pam_stack stack;
    size_t at; /* of the module */
    json_t *findings;
    size_t found; /* that are not good */
};

static void add(struct service *service, enum finding finding, const char *mend, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
static void add(struct service *service, enum finding finding, const char *mend, const char *format,
                ...)
{
    va_list arguments;
    char text[1024];

    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is there. */
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    service->found++;
    finding_add_once(service->findings, "pam", finding, text, mend);
}

static const struct pam_entry *module_of(const struct service *service)
{
    return &service->stack.entries[service->at];
}

/* Runs it with the conditions fulfilled and not: whether it may come to success. */
static bool may_succeed(const struct service *service, unsigned passkey, unsigned other)
{
    struct trial yes = {passkey, PAM_RESULT_SUCCESS, other};
    struct trial no = {passkey, PAM_RESULT_AUTH_ERR, other};

    return pam_stack_run(&service->stack, result_of, &yes).success ||
           pam_stack_run(&service->stack, result_of, &no).success;
}

static bool is_asked(const struct service *service, unsigned other)
{
    struct trial yes = {PAM_RESULT_AUTH_ERR, PAM_RESULT_SUCCESS, other};
    struct trial no = {PAM_RESULT_AUTH_ERR, PAM_RESULT_AUTH_ERR, other};

    return pam_stack_run(&service->stack, result_of, &yes).called[service->at] ||
           pam_stack_run(&service->stack, result_of, &no).called[service->at];
}

/* The first module of that role before or behind ours; NULL: none. */
static const struct pam_entry *first_other(const struct service *service, bool before)
{
    size_t from = before ? 0 : service->at + 1;
    size_t end = before ? service->at : service->stack.count;

    for (size_t i = from; i < end; i++) {
        const struct pam_entry *entry = &service->stack.entries[i];

        if (!entry->substack && !entry->broken && role_of(entry) == ROLE_OTHER)
            return entry;
    }
    return NULL;
}

static bool has_relying_party(const json_t *relying_parties, const char *name)
{
    size_t i;
    json_t *rp;

    json_array_foreach(relying_parties, i, rp)
    {
        if (strcmp(member_text(rp, "name"), name) == 0)
            return true;
    }
    return false;
}

static void check_words(struct service *service)
{
    const struct pam_entry *entry = module_of(service);
    const char *words[PAM_WORDS_MAX];
    struct options options = {0};
    const char *bad = "";
    enum pk_status status;

    for (size_t i = 0; i < entry->words.count; i++)
        words[i] = entry->words.items[i];
    status = options_parse((int)entry->words.count, words, &options, &bad);
    if (status != PK_OK)
        add(service, FINDING_FAIL, "man pam_passkey  # then correct the word",
            "%s: \"%s\" is %s: the module refuses everybody", entry->where, bad,
            status == PK_UNSUPPORTED ? "a method that this build does not serve"
                                     : "no option of " MODULE_NAME ", or its value is wrong");
    else if (options.rp && service->relying_parties &&
             !has_relying_party(service->relying_parties, options.rp))
        add(service, FINDING_FAIL, "passkeyctl status  # lists them; correct rp=",
            "%s: rp=%s: there is no relying party of that name", entry->where, options.rp);
}

static void check_jumps(struct service *service)
{
    for (size_t i = 0; i < service->stack.count; i++) {
        const struct pam_entry *entry = &service->stack.entries[i];
        unsigned behind = pam_stack_behind(&service->stack, i), longest = 0;

        for (size_t j = 0; j < PAM_RETURNS && !entry->substack; j++)
            if (entry->actions[j] >= PAM_JUMP && entry->actions[j] - PAM_JUMP + 1 > longest)
                longest = entry->actions[j] - PAM_JUMP + 1;
        if (longest > behind)
            add(service, FINDING_FAIL, "man pam.d  # then lower the number, or pam-auth-update",
                "%s: it jumps over %u modules, and in %s only %u follow: nobody gets in that way",
                entry->where, longest, service->name, behind);
    }
}

static void check_open(struct service *service)
{
    static const unsigned failures[] = {PAM_RESULT_AUTH_ERR, PAM_RESULT_UNAVAILABLE,
                                        PAM_RESULT_IGNORE};

    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct trial trial = {failures[i], PAM_RESULT_AUTH_ERR, PAM_RESULT_AUTH_ERR};

        if (!pam_stack_run(&service->stack, result_of, &trial).success)
            continue;
        if (failures[i] == PAM_RESULT_IGNORE &&
            !pk_strings_include(&module_of(service)->words, "nullok"))
            continue;
        add(service, FINDING_FAIL,
            "pam-auth-update --force  # or: auth requisite pam_deny.so behind the last that asks",
            "%s lets in whoever gives %s: nothing denies when all that is asked fails",
            service->name,
            failures[i] == PAM_RESULT_IGNORE ? "nothing and has no passkey" : "nothing");
        return;
    }
}

static void check_order(struct service *service)
{
    const struct pam_entry *entry = module_of(service), *before = first_other(service, true);
    bool after_success = is_asked(service, PAM_RESULT_SUCCESS);
    bool after_failure = is_asked(service, PAM_RESULT_AUTH_ERR);
    bool alone = may_succeed(service, PAM_RESULT_SUCCESS, PAM_RESULT_AUTH_ERR);

    if (!after_success && !after_failure)
        add(service, FINDING_FAIL, "man pam.d  # then move the line up",
            "%s: " MODULE_NAME " is never asked: what stands before it ends or jumps over it",
            entry->where);
    else if (before && !after_success)
        add(service, FINDING_WARN, "man pam_passkey  # then move the line up",
            "%s: a passkey is asked for only after %s (%s) has failed", entry->where,
            before->module, before->where);
    else if (!alone && !may_succeed(service, PAM_RESULT_SUCCESS, PAM_RESULT_SUCCESS) &&
             !may_succeed(service, PAM_RESULT_AUTH_ERR, PAM_RESULT_SUCCESS))
        add(service, FINDING_FAIL, "man pam.d  # then correct the controls",
            "%s: nobody gets in, whatever is given", service->name);
    else if (!alone && entry->actions[PAM_RESULT_SUCCESS] != PAM_OK)
        add(service, FINDING_WARN, "man pam.d  # then correct the controls",
            "%s: a good passkey does not let anybody in by itself, as the control says it should",
            entry->where);
}

/* What is left when passkeyd is away, or a key is lost. */
static void check_way_back(struct service *service)
{
    const struct pam_entry *entry = module_of(service);

    if (first_other(service, true) || first_other(service, false) ||
        may_succeed(service, PAM_RESULT_UNAVAILABLE, PAM_RESULT_SUCCESS))
        return;
    add(service, FINDING_WARN,
        "passkeyctl recovery-codes  # and keep a root shell open; or let pam_unix.so follow",
        "%s: %s asks for a passkey alone: who has none, or loses it, is locked out", entry->where,
        service->name);
}

static void check_faillock(struct service *service)
{
    bool alone = may_succeed(service, PAM_RESULT_SUCCESS, PAM_RESULT_AUTH_ERR);

    for (size_t i = service->at + 1; i < service->stack.count && alone; i++) {
        const struct pam_entry *entry = &service->stack.entries[i];

        if (strcmp(entry->module, "pam_faillock.so") == 0 &&
            pk_strings_include(&entry->words, "preauth"))
            add(service, FINDING_WARN, "man pam_faillock  # then move its preauth line up",
                "%s: %s stands behind " MODULE_NAME ": an account that it has locked still signs "
                "in with a passkey",
                entry->where, entry->module);
    }
}

static void check_first_pass(struct service *service)
{
    if (first_other(service, true))
        return;
    for (size_t i = service->at + 1; i < service->stack.count; i++) {
        const struct pam_entry *entry = &service->stack.entries[i];

        if (role_of(entry) != ROLE_OTHER)
            continue;
        if (pk_strings_include(&entry->words, "use_first_pass"))
            add(service, FINDING_WARN, "pam-auth-update --force  # or remove use_first_pass",
                "%s: %s has use_first_pass, and nothing before it asks for a password: it fails",
                entry->where, entry->module);
        return;
    }
}

/* Of a stack that libpam can read. */
static void check_course(struct service *service)
{
    check_jumps(service);
    check_open(service);
    check_order(service);
    check_way_back(service);
    check_faillock(service);
    check_first_pass(service);
}

/* false: the service has nothing to do with passkeys. */
static bool find_module(struct service *service)
{
    for (size_t i = 0; i < service->stack.count; i++) {
        if (strcmp(service->stack.entries[i].module, MODULE_NAME) != 0)
            continue;
        service->at = i;
        return true;
    }
    return false;
}

static bool check_service(const char *root, const char *name, const json_t *relying_parties,
                          json_t *findings)
{
    struct service service = {
        .root = root, .name = name, .relying_parties = relying_parties, .findings = findings};
    enum pk_status status = pam_stack_read(root, name, PAM_TYPE_AUTH, &service.stack);
    bool found = status == PK_OK && find_module(&service);

    if (found) {
        for (size_t i = 0; i < service.stack.problems.count; i++)
            add(&service, FINDING_FAIL, "man pam.d  # then correct the line", "%s",
                service.stack.problems.items[i]);
        check_words(&service);
        if (service.stack.problems.count == 0)
            check_course(&service);
        if (service.found == 0)
            add(&service, FINDING_OK, NULL, "%s asks for passkeys", name);
    } else if (status == PK_TOO_LARGE) {
        add(&service, FINDING_WARN, "man pam.d  # do its files include each other?",
            "/etc/pam.d/%s is too large to be looked at", name);
    }
    pam_stack_clear(&service.stack);
    return found;
}

bool check_pam_service_asks(const char *root, const char *name)
{
    struct service service = {.root = root, .name = name};
    bool asks =
        pam_stack_read(root, name, PAM_TYPE_AUTH, &service.stack) == PK_OK && find_module(&service);

    pam_stack_clear(&service.stack);
    return asks;
}

/* What package managers and editors leave is no service. */
static bool is_service(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && !strstr(name, ".dpkg-") && !strstr(name, ".rpm") &&
           name[len - 1] != '~';
}

/* The files of the folder; *ret_included: those that others include, which are no services. */
static void list_services(const char *root, struct pk_strings *ret_names,
                          struct pk_strings *ret_included)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/etc/pam.d", root);
    PK_CLEANUP(closedir) DIR *folder = path ? opendir(path) : NULL;
    const struct dirent *entry;

    while (folder && (entry = readdir(folder)) && ret_names->count < SERVICES_MAX) {
        struct pam_stack stack = {0};

        if (!is_service(entry->d_name) || pk_strings_add(ret_names, entry->d_name) != PK_OK ||
            pam_stack_read(root, entry->d_name, PAM_TYPE_AUTH, &stack) != PK_OK)
            continue;
        for (size_t i = 0; i < stack.files.count; i++)
            (void)!pk_strings_add(ret_included, stack.files.items[i]);
        pam_stack_clear(&stack);
    }
}

static void check_module(const char *root, json_t *findings)
{
    PK_AUTO_FREE char *path = pk_text_format("%s%s/%s", root, PK_PAMDIR, MODULE_NAME);
    struct stat file;

    if (path && stat(path, &file) == 0 && S_ISREG(file.st_mode))
        finding_add(findings, "module", FINDING_OK, MODULE_NAME " is installed", NULL);
    else
        finding_add(findings, "module", FINDING_FAIL,
                    MODULE_NAME " is not in " PK_PAMDIR ", where PAM looks for it",
                    "make install  # of passkeyd, after ./configure --with-pamdir=DIR");
}

void check_pam(const char *root, const json_t *relying_parties, json_t *findings)
{
    struct pk_strings names = {0}, included = {0};
    bool found = false;

    check_module(root, findings);
    list_services(root, &names, &included);
    for (size_t i = 0; i < names.count; i++) {
        if (!pk_strings_include(&included, names.items[i]))
            found |= check_service(root, names.items[i], relying_parties, findings);
    }
    if (!found)
        finding_add(findings, "pam", FINDING_WARN,
                    "no PAM file names the module: nothing asks for passkeys",
                    "pam-auth-update --enable passkey  # keep a root shell open");
    pk_strings_clear(&names);
    pk_strings_clear(&included);
}
