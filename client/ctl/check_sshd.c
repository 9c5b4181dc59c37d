/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/check_sshd.h"

#include "client/ctl/findings.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX  65536 /* bytes */
#define DEPTH_MAX 16    /* files that include each other, as sshd has it */
#define SHOWN_MAX 128   /* bytes of a block's condition */

/* sshd_config(5): names that are not absolute are in this folder. */
#define FOLDER "/etc/ssh/"

struct blocks {
    const char *root;
    const struct check_sshd_usual *usual;
    json_t *findings;
};

/* A line of sshd_config(5): a keyword and the rest, between which blanks or a '=' stand. */
static struct pk_view take_word(struct pk_view *rest)
{
    struct pk_view word = {rest->ptr, 0};
    size_t skip;

    while (word.len < rest->len && !memchr(" \t\r=", word.ptr[word.len], 4))
        word.len++;
    skip = word.len;
    while (skip < rest->len && memchr(" \t\r=", rest->ptr[skip], 4))
        skip++;
    *rest = (struct pk_view){rest->ptr + skip, rest->len - skip};
    if (word.len >= 2 && word.ptr[0] == '"' && word.ptr[word.len - 1] == '"')
        word = (struct pk_view){word.ptr + 1, word.len - 2};
    return word;
}

/* Keywords and their words are in either case. */
static bool is_word(struct pk_view word, const char *expected)
{
    return word.len == strlen(expected) &&
           strncasecmp((const char *)word.ptr, expected, word.len) == 0;
}

/* 0: something that is neither. */
static int yes_or_no(struct pk_view word)
{
    if (is_word(word, "yes") || is_word(word, "true"))
        return 1;
    return is_word(word, "no") || is_word(word, "false") ? -1 : 0;
}

/* In the block, keyword has that value, which is not the usual one. */
static void add(const struct blocks *blocks, const char *where, const char *condition,
                const char *keyword, bool value)
{
    PK_AUTO_FREE char *shown = pk_text_printable(condition, SHOWN_MAX);
    PK_AUTO_FREE char *text =
        value ? pk_text_format("%s: %s is on for those whom \"Match %s\" fits: what is said of "
                               "sshd's settings does not hold for them",
                               where, keyword, shown ? shown : "")
              : pk_text_format("%s: %s is off for those whom \"Match %s\" fits: no question of "
                               "pam_passkey.so reaches them",
                               where, keyword, shown ? shown : "");

    finding_add(blocks->findings, "sshd", value ? FINDING_NOTE : FINDING_WARN, text ? text : where,
                "sudo sshd -T -C user=NAME,host=HOST,addr=ADDRESS | grep -i -e usepam -e "
                "kbdinteractive  # what holds for one");
}

static void read_file(const struct blocks *blocks, const char *path, const char *condition,
                      unsigned depth);

/* condition "": outside of a block. */
static void read_included(const struct blocks *blocks, struct pk_view names, const char *condition,
                          unsigned depth)
{
    while (names.len > 0) {
        struct pk_view name = take_word(&names);
        bool absolute = name.len > 0 && name.ptr[0] == '/';
        PK_AUTO_FREE char *pattern =
            pk_text_format("%s%s%.*s", blocks->root, absolute ? "" : FOLDER, (int)name.len,
                           (const char *)name.ptr);
        glob_t found = {0};

        if (pattern && depth < DEPTH_MAX && glob(pattern, 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++)
                read_file(blocks, found.gl_pathv[i], condition, depth + 1);
        globfree(&found);
    }
}

static void read_setting(const struct blocks *blocks, struct pk_view keyword, struct pk_view rest,
                         const char *where, const char *condition)
{
    bool pam = is_word(keyword, "UsePAM");
    /* The second is its old name. */
    bool asks = is_word(keyword, "KbdInteractiveAuthentication") ||
                is_word(keyword, "ChallengeResponseAuthentication");
    bool usual = pam ? blocks->usual->pam : blocks->usual->asks;
    int value = pam || asks ? yes_or_no(take_word(&rest)) : 0;

    if (value != 0 && (value > 0) != usual)
        add(blocks, where, condition, pam ? "UsePAM" : "KbdInteractiveAuthentication", value > 0);
}

/* A block goes on to the next one, or to the end of its file; what it includes is in it. */
static void read_text(const struct blocks *blocks, struct pk_view text, const char *path,
                      const char *condition, unsigned depth)
{
    PK_AUTO_FREE char *own = strdup(condition);
    unsigned number = 0;

    while (own && text.len > 0) {
        struct pk_view rest = pk_text_trim(pk_text_take_line(&text));
        struct pk_view keyword = take_word(&rest);
        PK_AUTO_FREE char *where = pk_text_format("%s:%u", path, ++number);

        if (keyword.len == 0 || keyword.ptr[0] == '#')
            continue;
        if (is_word(keyword, "Match")) {
            free(own);
            own = pk_text_format("%.*s", (int)rest.len, (const char *)rest.ptr);
        } else if (is_word(keyword, "Include")) {
            read_included(blocks, rest, own, depth);
        } else if (own[0] && where) {
            read_setting(blocks, keyword, rest, where, own);
        }
    }
}

static void read_file(const struct blocks *blocks, const char *path, const char *condition,
                      unsigned depth)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    PK_AUTO_FREE char *bytes = malloc(FILE_MAX);
    size_t len = 0;

    if (bytes && fd >= 0 && pk_read_all(fd, bytes, FILE_MAX, &len) == PK_OK)
        read_text(blocks, (struct pk_view){(const uint8_t *)bytes, len},
                  path + strlen(blocks->root), condition, depth);
}

void check_sshd_blocks(const char *root, const char *path, const struct check_sshd_usual *usual,
                       json_t *findings)
{
    const struct blocks blocks = {root, usual, findings};
    PK_AUTO_FREE char *whole = pk_text_format("%s%s", root, path);

    if (whole)
        read_file(&blocks, whole, "", 0);
}
