/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any PAM file, which may include itself: it is read, and gone through to an end with every result
 * that a module can have.
 */
#include "client/ctl/pam_stack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/dev/shm/passkeyd-fuzz-pam-XXXXXX";
static char path[128];

static void clean_up(void)
{
    static const char *const names[] = {"/etc/pam.d/self", "/etc/pam.d", "/etc", ""};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", root, names[i]);
        (void)remove(path);
    }
}

static void prepare(void)
{
    static const char *const names[] = {"/etc", "/etc/pam.d"};

    if (path[0])
        return;
    if (!mkdtemp(root))
        abort();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", root, names[i]);
        if (mkdir(path, 0700))
            abort();
    }
    (void)snprintf(path, sizeof(path), "%s/etc/pam.d/self", root);
    (void)atexit(clean_up);
}

static unsigned result(const struct pam_entry *entry, void *data)
{
    (void)entry;
    return *(unsigned *)data;
}

static void run(const struct pam_stack *stack)
{
    for (unsigned i = 0; i < PAM_RETURNS; i++) {
        struct pam_end end = pam_stack_run(stack, result, &i);

        if (end.success && i != PAM_RESULT_SUCCESS)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pam_stack stack = {0};
    int fd;

    prepare();
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)close(fd);
    for (enum pam_type type = PAM_TYPE_AUTH; type <= PAM_TYPE_SESSION; type++) {
        if (pam_stack_read(root, "self", type, &stack) != PK_OK)
            continue;
        if (stack.count > PAM_ENTRIES_MAX)
            abort();
        run(&stack);
        pam_stack_clear(&stack);
    }
    return 0;
}
