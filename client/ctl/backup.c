/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl backup and restore: the whole store in a file, while passkeyd runs. */
#include "client/ctl/backup_file.h"
#include "client/ctl/commands.h"
#include "client/passkeys.h"

#include "common/base/io.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PASSPHRASE_MIN   8 /* bytes */
#define ENDING_MS        10000
#define STARTING_SECONDS 30
#define FILE_MAX         ((size_t)PK_BACKUP_IMAGE_MAX + PK_BACKUP_IMAGE_MAX / 1024 + 65536)

/* --- the passphrase --------------------------------------------------------------------------- */

static enum pk_status read_passphrase_file(const char *path, struct pk_secret *ret)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? PK_IO : pk_secret_read_fd(fd, ret);
}

/* Twice, as nobody can find out later what was typed. EXIT_DONE, or the exit code. */
static int ask_new_passphrase(struct session *session, struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret again = {0};
    enum pk_status status =
        terminal_ask_secret(&session->terminal, "Passphrase for the backup: ", ret);

    if (status == PK_OK)
        status = terminal_ask_secret(&session->terminal, "Once more: ", &again);
    if (status == PK_UNAVAILABLE)
        return session_fail(session, PK_DENIED,
                            "There is no terminal to ask on; --passphrase-file FILE reads it.");
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (!pk_view_equal_secret(pk_secret_view(ret), pk_secret_view(&again)))
        return session_fail(session, PK_DENIED, "The two are not the same; nothing was written.");
    return EXIT_DONE;
}

/* Empty where none is wanted. */
static int get_new_passphrase(struct session *session, struct pk_secret *ret)
{
    const struct command_line *line = &session->line;
    int code = EXIT_DONE;

    if (line->passphrase_file) {
        enum pk_status status = read_passphrase_file(line->passphrase_file, ret);

        if (status != PK_OK)
            return session_fail_to_read(session, status, "passphrase", line->passphrase_file);
    } else if (line->passphrase) {
        code = ask_new_passphrase(session, ret);
    } else {
        return EXIT_DONE;
    }
    if (code == EXIT_DONE && ret->len < PASSPHRASE_MIN)
        return session_fail(session, PK_DENIED,
                            "A passphrase has 8 characters at least: who has the file can try "
                            "as many as they like.");
    return code;
}

static int get_passphrase(struct session *session, struct pk_secret *ret)
{
    const struct command_line *line = &session->line;
    enum pk_status status;

    if (line->passphrase_file) {
        status = read_passphrase_file(line->passphrase_file, ret);
        return status == PK_OK
                   ? EXIT_DONE
                   : session_fail_to_read(session, status, "passphrase", line->passphrase_file);
    }
    status = terminal_ask_secret(&session->terminal, "Passphrase of the backup: ", ret);
    if (status == PK_UNAVAILABLE)
        return session_fail(session, PK_DENIED,
                            "The backup has a passphrase, and there is no terminal to ask on; "
                            "--passphrase-file FILE reads it.");
    return status == PK_OK ? EXIT_DONE : session_fail(session, status, NULL);
}

/* --- backup ----------------------------------------------------------------------------------- */

static int fail_to_write(const struct session *session, const char *path, int error)
{
    PK_AUTO_FREE char *shown = pk_text_printable(path, PATH_MAX);
    PK_AUTO_FREE char *text = pk_text_format(
        "The backup cannot be written to %s: %s.", shown ? shown : "there",
        error == EEXIST ? "there is a file of that name already, which stays" : strerror(error));

    return session_fail(session, PK_IO, text);
}

/* What was mapped read-only; PK_IO, PK_TOO_LARGE. */
static enum pk_status map(int fd, size_t max, struct pk_view *ret)
{
    struct stat about;
    void *content;

    if (fstat(fd, &about) < 0)
        return PK_IO;
    if (about.st_size <= 0 || (uintmax_t)about.st_size > max)
        return PK_TOO_LARGE;
    content = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (content == MAP_FAILED)
        return PK_IO;
    *ret = (struct pk_view){content, (size_t)about.st_size};
    return PK_OK;
}

static void unmap(struct pk_view *content)
{
    if (content->ptr)
        (void)munmap((void *)(uintptr_t)content->ptr, content->len);
}
#define AUTO_MAPPED __attribute__((cleanup(unmap)))

/* What is there is not replaced. Not every file system has hard links (FAT), nor the first (NFS).
 */
static int rename_anew(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    return errno == EINVAL || errno == ENOSYS ? link(from, to) : -1;
}

/* So that the name is on the disk as the file is; where there is no such thing, EINVAL. */
static int sync_folder(const char *path)
{
    PK_AUTO_FREE char *copy = strdup(path);
    PK_AUTO_CLOSE int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    return fd >= 0 && (fsync(fd) == 0 || errno == EINVAL) ? 0 : -1;
}

/* A file of that name is there whole or not at all, for nobody else to read. */
static enum pk_status write_file(const char *path, struct pk_view about, struct pk_view image,
                                 struct pk_view passphrase)
{
    PK_AUTO_FREE char *part = pk_text_format("%s.part", path);
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status;
    int error;

    if (!part)
        return PK_NO_MEMORY;
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return PK_IO;
    status = backup_write(fd, about, image, passphrase);
    if (status == PK_OK && fsync(fd) < 0)
        status = PK_IO;
    if (status == PK_OK && (rename_anew(part, path) < 0 || sync_folder(path) < 0))
        status = PK_IO;
    error = errno;
    (void)unlink(part);
    errno = error;
    return status;
}

static void print_backup(const struct session *session, json_t *about, const char *path,
                         bool sealed)
{
    if (session->line.json) {
        print_json(json_pack("{s:b, s:s, s:b, s:o*}", "ok", 1, "file", path, "sealed", sealed,
                             "backup", about));
        return;
    }
    (void)printf("%lld passkeys of %lld accounts are in %s%s.\n",
                 (long long)member_number(about, "passkeys"),
                 (long long)member_number(about, "accounts"), path,
                 sealed ? ", under the passphrase" : "");
    if (session->line.with_keys)
        (void)printf("So are %lld keys of web applications: whoever reads the file can sign their "
                     "tokens.\n",
                     (long long)member_number(about, "keys"));
    (void)printf("Tickets and recovery codes are not: an old backup would make used ones good "
                 "again.\n");
    json_decref(about);
}

int command_backup(struct session *session)
{
    const char *path = session->line.arguments[0];
    PK_AUTO_SECRET struct pk_secret passphrase = {0};
    AUTO_MAPPED struct pk_view image = {0};
    PK_AUTO_CLOSE int fd = -1;
    PK_AUTO_FREE char *about = NULL;
    PK_AUTO_FREE char *shown = pk_text_printable(path, PATH_MAX);
    enum pk_status status;
    int code;

    if (access(path, F_OK) == 0)
        return fail_to_write(session, path, EEXIST);
    status = session_prepare(session);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    code = get_new_passphrase(session, &passphrase);
    if (code != EXIT_DONE)
        return code;
    status = session_connect(session);
    if (status == PK_OK)
        status = pk_store_backup(session->bus, session->line.with_keys, &fd, &about);
    if (status == PK_OK)
        status = map(fd, PK_BACKUP_IMAGE_MAX, &image);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    status = write_file(path, pk_view_string(about), image, pk_secret_view(&passphrase));
    if (status == PK_IO)
        return fail_to_write(session, path, errno);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    print_backup(session, json_loads(about, JSON_REJECT_DUPLICATES, NULL), shown ? shown : "",
                 passphrase.len > 0);
    return EXIT_DONE;
}

/* --- restore ---------------------------------------------------------------------------------- */

static const char *explain_file(enum pk_status status)
{
    switch (status) {
    case PK_INVALID_INPUT:
        return "This is no backup of passkeyd.";
    case PK_UNSUPPORTED:
        return "A newer version of passkeyd has made this backup: restore it with that.";
    case PK_TRUNCATED:
        return "The backup is cut off, and nothing was changed.";
    case PK_DENIED:
        return "This is not the passphrase of the backup, and nothing was changed.";
    case PK_SIGNATURE_INVALID:
    case PK_TRAILING_DATA:
    case PK_TOO_LARGE:
        return "The backup is damaged: it is not what was written. Nothing was changed.";
    default:
        return NULL;
    }
}

static int read_image(struct session *session, struct pk_view file, struct pk_bytes *ret)
{
    PK_AUTO_SECRET struct pk_secret passphrase = {0};
    uint8_t key[PK_SEAL_KEY_SIZE] = {0};
    struct backup_head head;
    enum pk_status status = backup_head_read(file, &head);

    if (status == PK_OK && head.sealed) {
        int code = get_passphrase(session, &passphrase);

        if (code != EXIT_DONE)
            return code;
        status = backup_key(&head, pk_secret_view(&passphrase), key);
    }
    if (status == PK_OK)
        status = backup_image_read(&head, key, ret);
    explicit_bzero(key, sizeof(key));
    return status == PK_OK ? EXIT_DONE : session_fail(session, status, explain_file(status));
}

static int new_memfd(struct pk_view image)
{
    int fd = memfd_create("passkeyctl", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -1;
    if (pk_write_all(fd, image) == PK_OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* What would become of it. */
static void print_plan(const json_t *report)
{
    const json_t *names = json_object_get(report, "returningNames");
    long long returning = (long long)member_number(report, "returning");
    long long lost = (long long)member_number(report, "lost");

    (void)printf("The backup holds %lld passkeys of %lld accounts.\n",
                 (long long)member_number(report, "passkeys"),
                 (long long)member_number(report, "accounts"));
    if (member_number(report, "present") == 0) {
        (void)printf("Passkeys that were removed after it was made are in it and sign in again: "
                     "passkeyctl list --all shows all.\n");
        return;
    }
    if (lost > 0)
        (void)printf("%lld passkeys that are here are not in it, and will be gone.\n", lost);
    if (returning > 0)
        (void)printf("%lld passkeys or keys are not here and will be good again, also where they "
                     "were removed on purpose:\n",
                     returning);
    for (size_t i = 0; i < json_array_size(names); i++) {
        PK_AUTO_FREE char *name =
            pk_text_printable(json_string_value(json_array_get(names, i)), 256);

        (void)printf("  %s\n", name ? name : "?");
    }
}

static int finish(const struct session *session, json_t *report)
{
    const char *kept = member_text(report, "kept");

    if (session->line.json) {
        print_json(json_pack("{s:b, s:b, s:o*}", "ok", 1, "dryRun", session->line.dry_run,
                             "restore", report));
        return EXIT_DONE;
    }
    if (!session->line.dry_run) {
        (void)printf("Restored: %lld passkeys.\n", (long long)member_number(report, "passkeys"));
        if (*kept)
            (void)printf("What was there before is in %s.\n", kept);
        (void)printf("Recovery codes and tickets are in no backup: who had some makes new ones "
                     "with passkeyctl recovery-codes.\n");
    }
    json_decref(report);
    return EXIT_DONE;
}

static int confirm(struct session *session, const json_t *report)
{
    enum pk_status status;

    if (!session->line.json)
        print_plan(report);
    if (session->line.dry_run || session->line.yes)
        return EXIT_DONE;
    (void)fflush(stdout);
    status = terminal_confirm(&session->terminal, "Restore it?");
    if (status == PK_UNAVAILABLE)
        return session_fail(session, PK_DENIED,
                            "There is no terminal to ask on, and nothing was changed; --yes goes "
                            "on without.");
    return status == PK_OK ? EXIT_DONE : session_fail(session, status, "Nothing was changed.");
}

/*
 * The daemon ends, to begin with what was restored: until the next one serves, sign-ins would fail.
 * Where that cannot be waited for, they do for a moment.
 */
static void wait_for_daemon(struct session *session, const json_t *report)
{
    PK_AUTO_CLOSE int process =
        (int)syscall(SYS_pidfd_open, (pid_t)member_number(report, "pid"), 0);
    struct pollfd ended = {.fd = process, .events = POLLIN};
    PK_AUTO_FREE char *version = NULL;

    if (process >= 0)
        (void)poll(&ended, 1, ENDING_MS);
    pk_bus_close(session->bus);
    session->bus = NULL;
    if (pk_bus_open(STARTING_SECONDS, session->terminal.cancel_fd, &session->bus) == PK_OK &&
        pk_daemon_version(session->bus, &version) != PK_OK && !session->line.json)
        (void)fprintf(stderr, "passkeyd does not serve yet; \"passkeyctl check\" says why.\n");
}

static int restore(struct session *session, int image)
{
    struct pk_store_restoring call = {image, session->line.replace, true};
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *done = NULL;
    enum pk_status status = pk_store_restore(session->bus, &call, &text);
    json_t *report;
    int code;

    if (status != PK_OK)
        return session_fail(session, status, NULL);
    report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    code = confirm(session, report);
    if (code != EXIT_DONE || session->line.dry_run) {
        if (code == EXIT_DONE)
            return finish(session, report);
        json_decref(report);
        return code;
    }
    json_decref(report);
    call.dry_run = false;
    status = pk_store_restore(session->bus, &call, &done);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    report = json_loads(done, JSON_REJECT_DUPLICATES, NULL);
    wait_for_daemon(session, report);
    return finish(session, report);
}

int command_restore(struct session *session)
{
    const char *path = session->line.arguments[0];
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    PK_AUTO_CLOSE int memfd = -1;
    AUTO_MAPPED struct pk_view file = {0};
    PK_AUTO_BYTES struct pk_bytes image = {0};
    enum pk_status status = fd < 0 ? PK_IO : map(fd, FILE_MAX, &file);
    int code;

    if (status == PK_IO)
        return session_fail_to_read(session, status, "backup", path);
    if (status != PK_OK)
        return session_fail(session, status, "This is no backup of passkeyd.");
    status = session_prepare(session);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    code = read_image(session, file, &image);
    if (code != EXIT_DONE)
        return code;
    memfd = new_memfd(pk_view_of(&image));
    if (image.data)
        explicit_bzero(image.data, image.len);
    if (memfd < 0)
        return session_fail(session, PK_NO_MEMORY, NULL);
    status = session_connect(session);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    return restore(session, memfd);
}
