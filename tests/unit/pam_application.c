/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/pam_application.h"

#include "tests/unit/private_bus.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct private_bus private_bus;
char folder[32] = "/tmp/passkey-pam-XXXXXX";
const char *service = "test";
const char *rhost = "192.0.2.7";
const char *tty = "tty7";

long clock_step, clock_ahead;
bool clock_stands;

/* In place of libc's, also for the module. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    long result = syscall(SYS_clock_gettime, clock, ret);

    if (clock_stands)
        *ret = (struct timespec){.tv_sec = 1000000};
    clock_ahead += clock_step;
    ret->tv_sec += clock_ahead / 1000;
    return (int)result;
}

/*
 * Likewise: a directory that knows its accounts in any case, with and without its name, and spells
 * them in one way. Everybody has one uid, so that the name decides, but one has root's.
 */
__attribute__((visibility("default"))) int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len, struct passwd **result)
{
    const char *bare = strncmp(name, "EXAMPLE\\", 8) == 0 ? name + 8 : name;
    size_t used = 0;

    *result = NULL;
    if (strcmp(name, "gone") == 0)
        return 0;
    if (len < 4000) /* a large entry */
        return ERANGE;
    while (bare[used] && bare[used] != '@') {
        buffer[used] = (char)tolower((unsigned char)bare[used]);
        used++;
    }
    buffer[used] = '\0';
    *entry = (struct passwd){.pw_name = buffer, .pw_uid = strcmp(name, "no-uid") == 0 ? 0 : 5000};
    *result = entry;
    return 0;
}

int converse(int count, const struct pam_message **messages, struct pam_response **responses,
             void *data)
{
    static const char *const styles[] = {[PAM_PROMPT_ECHO_OFF] = "off",
                                         [PAM_PROMPT_ECHO_ON] = "on",
                                         [PAM_ERROR_MSG] = "error",
                                         [PAM_TEXT_INFO] = "info"};
    struct application *application = data;
    int style = messages[0]->msg_style;
    size_t used = strlen(application->shown);

    clock_step = application->clock_step;
    clock_ahead += style == PAM_TEXT_INFO ? application->showing : 0;
    clock_ahead += style == PAM_PROMPT_ECHO_OFF ? application->answering : 0;
    assert_int_equal(count, 1);
    (void)snprintf(application->shown + used, sizeof(application->shown) - used, "%s:%s;",
                   styles[style], messages[0]->msg);
    if (application->result != PAM_SUCCESS)
        return application->result;
    *responses = calloc(1, sizeof(**responses));
    if ((style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) && application->answer)
        (*responses)->resp = strdup(application->answer);
    return PAM_SUCCESS;
}

void write_lines(const char *auth, const char *account)
{
    char path[PATH_MAX], module[PATH_MAX], built[PATH_MAX];
    FILE *file;

    (void)snprintf(built, sizeof(built), "%s/pam/.libs/pam_passkey.so", getenv("top_builddir"));
    assert_non_null(realpath(built, module));
    (void)snprintf(path, sizeof(path), "%s/%s", folder, service);
    file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file, "auth required %s %s\naccount %s %s\naccount required pam_%s.so\n", module,
                  auth, account ? "sufficient" : "optional", account ? module : "pam_permit.so",
                  account ? account : "permit");
    assert_int_equal(fclose(file), 0);
}

void write_service(const char *words)
{
    write_lines(words, NULL);
}

int authenticate(const char *words, const char *user, struct application *application,
                 char *ret_user)
{
    struct pam_conv conversation = {converse, application};
    pam_handle_t *pamh = NULL;
    const void *named = NULL;
    int result;

    write_service(words);
    assert_int_equal(pam_start_confdir(service, user, &conversation, folder, &pamh), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_TTY, tty), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_RHOST, rhost), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_RUSER, "some\nbody"), PAM_SUCCESS);
    result = pam_authenticate(pamh, PAM_SILENT);
    if (ret_user && pam_get_item(pamh, PAM_USER, &named) == PAM_SUCCESS)
        (void)snprintf(ret_user, 64, "%s", named ? (const char *)named : "");
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

int application_set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || !private_bus_start(&private_bus, true))
        return -1;
    assert_true(private_bus_wake());
    return 0;
}

int application_tear_down(void **state)
{
    static const char *const services[] = {"test", "sudo", "sudo-i", "su", "su-l"};
    char path[PATH_MAX];

    (void)state;
    private_bus_stop(&private_bus);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, services[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}
