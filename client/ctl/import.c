/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl import: keys that were made elsewhere become passkeys. */
#include "client/ctl/commands.h"
#include "client/passkeys.h"

#include "common/base/io.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* The comment behind a key may be in any encoding; the bus carries UTF-8 only. */
static void replace_invalid(char *text)
{
    struct pk_view left = pk_view_string(text);

    for (size_t i = 0; left.len > 0;) {
        uint32_t code_point;
        size_t len = pk_utf8_take(left, &code_point);

        if (len == 0)
            text[i] = '?';
        len = len > 0 ? len : 1;
        i += len;
        left.ptr += len;
        left.len -= len;
    }
}

/*
 * The file, or standard input for "-", without the end of its line, as UTF-8. PK_TOO_LARGE, PK_IO
 * with errno.
 */
static enum pk_status read_line(const char *path, char ret[PK_BUS_TEXT_MAX + 1])
{

    PK_AUTO_CLOSE int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                                  : open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    enum pk_status status;

    if (fd < 0)
        return PK_IO;
    status = pk_read_all(fd, ret, PK_BUS_TEXT_MAX + 1, &used);
    if (status != PK_OK)
        return status;
    if (used > PK_BUS_TEXT_MAX)
        return PK_TOO_LARGE;
    while (used > 0 && strchr("\r\n", ret[used - 1]))
        used--;
    ret[used] = '\0';
    replace_invalid(ret);
    return memchr(ret, 0, used) ? PK_INVALID_INPUT : PK_OK;
}

static void report(const struct session *session, const char *text)
{
    json_t *credential = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (session->line.json) {
        print_json(json_pack("{s:b, s:o*}", "ok", 1, "credential", credential));
        return;
    }
    (void)printf("Imported \"%s\" for %s.\n", member_text(credential, "name"), session->line.user);
    json_decref(credential);
}

int command_import(struct session *session)
{
    const struct command_line *line = &session->line;
    const char *format = line->arguments[0];
    char data[PK_BUS_TEXT_MAX + 1];
    PK_AUTO_FREE char *credential = NULL;
    PK_AUTO_CLOSE int ticket = -1;
    enum pk_status status;

    if (strcmp(format, "ssh") != 0)
        return session_fail(
            session, PK_INVALID_ARGUMENT,
            "The only format that can be imported is \"ssh\": passkeyctl import ssh FILE.pub");
    status = read_line(line->arguments[1], data);
    if (status == PK_IO)
        return session_fail_to_read(session, status, "public key", line->arguments[1]);
    /* It would be refused anyway, but it should not leave this process at all. */
    if (status == PK_OK && strncmp(data, "-----BEGIN", 10) == 0)
        return session_fail(session, PK_INVALID_INPUT,
                            "This is the private key. The public one is in the file beside it, "
                            "whose name ends in .pub.");
    if (status != PK_OK)
        return session_fail(
            session, status,
            "This is not the public key of an OpenSSH key: such a file has one line, ends in "
            ".pub, and is made by ssh-keygen -t ed25519-sk.");
    status = session_open_ticket(session, &ticket);
    if (status != PK_OK)
        return session_fail_to_read(session, status, "ticket", line->ticket_file);
    status = session_open(session);
    if (status == PK_OK) {
        const struct pk_import import = {
            .format = format, .data = data, .rp = line->rp, .name = line->name, .ticket = ticket};

        /* A ticket stands for the password. */
        if (ticket < 0)
            session_allow_questions(session);
        status = pk_credential_import(session->bus, line->user, &import, &credential);
    }
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    report(session, credential);
    return EXIT_DONE;
}
