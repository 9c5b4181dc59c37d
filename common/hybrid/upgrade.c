/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/upgrade.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"

#include <string.h>
#include <strings.h>

#define PROTOCOL "fido.cable"
/* RFC 6455 section 1.3 */
#define ACCEPT_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static bool is_domain(const char *host)
{
    size_t len = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-");

    return len > 0 && len < PK_HYBRID_DOMAIN_SIZE && host[len] == '\0';
}

enum pk_status pk_upgrade_request(const struct pk_upgrade *upgrade, char **ret)
{
    const struct pk_view key = {upgrade->key, sizeof(upgrade->key)};
    PK_AUTO_FREE char *encoded = pk_base64_encode(key);
    PK_AUTO_FREE char *routing =
        pk_hex_encode((struct pk_view){upgrade->routing_id, sizeof(upgrade->routing_id)});
    PK_AUTO_FREE char *tunnel =
        pk_hex_encode((struct pk_view){upgrade->tunnel_id, sizeof(upgrade->tunnel_id)});
    char *request;

    if (!is_domain(upgrade->host))
        return PK_INVALID_ARGUMENT;
    if (!encoded || !routing || !tunnel)
        return PK_NO_MEMORY;
    request = pk_text_format("GET /cable/connect/%s/%s HTTP/1.1\r\n"
                             "Host: %s\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Key: %s\r\n"
                             "Sec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: " PROTOCOL "\r\n"
                             "Origin: wss://%s\r\n"
                             "\r\n",
                             routing, tunnel, upgrade->host, encoded, upgrade->host);
    if (!request)
        return PK_NO_MEMORY;
    *ret = request;
    return PK_OK;
}

/* ---- the answer ---- */

/* What the head said. A field that may come once, and comes twice, is a failure. */
struct head {
    unsigned upgrade, connection, accept, protocol;
    bool refused; /* extensions, a body */
};

static bool equal_name(struct pk_view text, const char *name)
{
    return text.len == strlen(name) && strncasecmp((const char *)text.ptr, name, text.len) == 0;
}

/* RFC 9110 section 5.6.2 */
static bool is_token(struct pk_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", text.ptr[i]))
            return false;
    return text.len > 0;
}

/* RFC 9110 section 5.5: visible characters, blanks, and what is beyond ASCII. */
static bool is_field_text(struct pk_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < ' ' && text.ptr[i] != '\t') || text.ptr[i] == 0x7f)
            return false;
    return true;
}

/* Cuts off what is before the first c, and c itself; all of it where there is none. */
static struct pk_view cut(struct pk_view *text, char c, bool *ret_found)
{
    const uint8_t *at = text->len > 0 ? memchr(text->ptr, c, text->len) : NULL;
    struct pk_view before = {text->ptr, at ? (size_t)(at - text->ptr) : text->len};

    *ret_found = at != NULL;
    *text = at ? (struct pk_view){at + 1, text->len - before.len - 1} : (struct pk_view){NULL, 0};
    return before;
}

static bool list_has(struct pk_view list, const char *name)
{
    bool more = true;

    while (more)
        if (equal_name(pk_text_trim(cut(&list, ',', &more)), name))
            return true;
    return false;
}

/* RFC 6455 section 4.2.2: the key as it was sent and a constant, hashed. */
static enum pk_status accept_of(const struct pk_upgrade *upgrade, char **ret)
{
    PK_AUTO_FREE char *key = pk_base64_encode((struct pk_view){upgrade->key, sizeof(upgrade->key)});
    PK_AUTO_FREE char *text = key ? pk_text_format("%s" ACCEPT_SUFFIX, key) : NULL;
    struct pk_digest digest;
    enum pk_status status;

    if (!text)
        return PK_NO_MEMORY;
    status = pk_hash_compute(PK_HASH_SHA1, pk_view_string(text), &digest);
    if (status != PK_OK)
        return status;
    *ret = pk_base64_encode(pk_digest_view(&digest));
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static void take_field(struct head *head, struct pk_view name, struct pk_view value,
                       const char *accept)
{
    if (equal_name(name, "Upgrade")) {
        head->upgrade++;
        head->refused |= !equal_name(value, "websocket");
    } else if (equal_name(name, "Connection")) {
        head->connection += list_has(value, "upgrade");
    } else if (equal_name(name, "Sec-WebSocket-Accept")) {
        head->accept++;
        head->refused |= !pk_view_equal(value, pk_view_string(accept));
    } else if (equal_name(name, "Sec-WebSocket-Protocol")) {
        head->protocol++;
        head->refused |= !pk_view_equal(value, pk_view_string(PROTOCOL));
    } else if (equal_name(name, "Content-Length")) {
        head->refused |= !pk_view_equal(value, pk_view_string("0"));
    } else if (equal_name(name, "Sec-WebSocket-Extensions") ||
               equal_name(name, "Transfer-Encoding")) {
        head->refused = true;
    }
}

/* The next line, whose end is CR LF; there is one, because the whole head has arrived. */
static bool take_line(struct pk_view *rest, struct pk_view *ret)
{
    bool found;
    struct pk_view line = cut(rest, '\n', &found);

    if (!found || line.len == 0 || line.ptr[line.len - 1] != '\r')
        return false;
    *ret = (struct pk_view){line.ptr, line.len - 1};
    return is_field_text(*ret);
}

/* "HTTP/1.1 101 Switching Protocols", whose words do not matter; 0: not that. */
static unsigned status_number(struct pk_view line)
{
    const struct pk_view beginning = pk_view_string("HTTP/1.1 ");
    const uint8_t *digits = line.ptr + beginning.len;
    unsigned number = 0;

    if (line.len < beginning.len + 3 ||
        !pk_view_equal((struct pk_view){line.ptr, beginning.len}, beginning) ||
        (line.len > beginning.len + 3 && digits[3] != ' '))
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 0;
        number = number * 10 + (unsigned)(digits[i] - '0');
    }
    return number >= 100 ? number : 0;
}

static enum pk_status read_fields(struct pk_view rest, const char *accept)
{
    struct head head = {0};
    struct pk_view line;

    while (take_line(&rest, &line) && line.len > 0) {
        bool found;
        struct pk_view name = cut(&line, ':', &found);

        if (!found || !is_token(name))
            return PK_PROTOCOL;
        take_field(&head, name, pk_text_trim(line), accept);
    }
    /* The empty line is the last: whatever else ended the loop left something behind it. */
    if (rest.len > 0 || head.refused || head.upgrade != 1 || head.connection == 0 ||
        head.accept != 1 || head.protocol != 1)
        return PK_PROTOCOL;
    return PK_OK;
}

/* How long the head is, with its empty line; 0: that has not arrived. */
static size_t head_size(struct pk_view arrived)
{
    const uint8_t *end = arrived.len > 0 ? memmem(arrived.ptr, arrived.len, "\r\n\r\n", 4) : NULL;

    return end ? (size_t)(end - arrived.ptr) + 4 : 0;
}

enum pk_status pk_upgrade_answer_read(const struct pk_upgrade *upgrade, struct pk_view arrived,
                                      struct pk_upgrade_answer *ret)
{
    struct pk_upgrade_answer answer = {.used = head_size(arrived)};
    struct pk_view rest = {arrived.ptr, answer.used};
    struct pk_view line;
    PK_AUTO_FREE char *accept = NULL;
    enum pk_status status = PK_OK;

    if (answer.used > PK_UPGRADE_HEAD_MAX ||
        (answer.used == 0 && arrived.len >= PK_UPGRADE_HEAD_MAX))
        return PK_TOO_LARGE;
    if (answer.used > 0) {
        if (!take_line(&rest, &line))
            return PK_PROTOCOL;
        answer.number = status_number(line);
        if (answer.number == 0)
            return PK_PROTOCOL;
        if (answer.number == 404 || answer.number == 410)
            status = PK_NOT_FOUND;
        else if (answer.number != 101)
            status = PK_UNAVAILABLE;
    }
    if (answer.number == 101) {
        status = accept_of(upgrade, &accept);
        if (status == PK_OK)
            status = read_fields(rest, accept);
        if (status != PK_OK)
            return status;
    }
    *ret = answer;
    return status;
}
