/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bench/gateway.py loads a relying party with: a fixed number of connections that are kept,
 * each of which does one ceremony after the other, as doc/openapi.yaml has them.
 *
 *     http_load PORT[,PORT...] CONNECTIONS RP-ID ORIGIN PREFIX API-KEY
 *
 * Of several ports, which are several gateways of one relying party, each has its share of the
 * connections, and a passkey that is registered by one signs in by the others as well.
 *
 * Each line of standard input is "register COUNT", of new users, or "sign-in COUNT", without a user
 * name, by those who have registered, in turn, or "nothing COUNT": two requests that ask whether
 * the server is there. The API key is for the options of a registration: that is the application's
 * call, the others are the browser's. For each it prints a line: ceremonies, seconds, then the
 * median and the 99th percentile, in microseconds, of the call for options and of the one that
 * finishes. It ends with an error as soon as one call is not answered as it has to be.
 */
#include "bench/authenticator.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define PORTS_MAX       16
#define ANSWER_MAX      65536
#define COMMAND_MAX     256
#define HEALTH          "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

enum kind { REGISTER, SIGN_IN, NOTHING };

struct connection {
    int fd;
    char answer[ANSWER_MAX]; /* what came, with a NUL behind it */
    size_t len;
    char *body; /* within the answer, once it is whole */
    bool finishing;
    double sent;
    struct passkey passkey;
};

struct times {
    float *seconds; /* of each call */
    size_t count;
};

struct load {
    struct connection *connections;
    size_t connection_count;
    unsigned short ports[PORTS_MAX];
    size_t port_count;
    const char *prefix;
    const char *api_key;
    struct authenticator *authenticator;
    struct passkey *passkeys; /* that are registered */
    size_t passkey_count;
    size_t next; /* who signs in next */
    enum kind kind;
    size_t wanted, begun, done;
    struct times options, finish;
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void __attribute__((noreturn)) give_up(const char *what, const char *detail)
{
    (void)fprintf(stderr, "http_load: %s: %s\n", what, detail);
    exit(1);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void transmit(struct connection *connection, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    connection->sent = now();
    if (!text || send(connection->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        give_up("send", strerror(errno));
}

static void post(const struct load *load, struct connection *connection, const char *path,
                 const char *body)
{
    bool registering = load->kind == REGISTER;
    const char *kind = registering ? "registration" : "authentication";
    const char *key = registering && *path ? load->api_key : "";
    PK_AUTO_FREE char *text =
        pk_text_format("POST %s/%s%s HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Type: application/json\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
                       load->prefix, kind, path, *key ? "X-API-Key: " : "", key, *key ? "\r\n" : "",
                       strlen(body), body);

    transmit(connection, text);
}

static void begin(struct load *load, struct connection *connection)
{
    PK_AUTO_FREE char *body = NULL;
    unsigned user;

    if (load->begun == load->wanted)
        return;
    load->begun++;
    connection->finishing = false;
    if (load->kind == NOTHING) {
        transmit(connection, HEALTH);
        return;
    }
    if (load->kind == SIGN_IN) {
        connection->passkey = load->passkeys[load->next++ % load->passkey_count];
        post(load, connection, "/options", "{}");
        return;
    }
    user = (unsigned)(load->passkey_count + load->begun);
    authenticator_make(load->authenticator, user, &connection->passkey);
    body = pk_text_format("{\"userId\":\"" BENCH_USER_FORMAT "\",\"userName\":\"u%u@example.org\","
                          "\"displayName\":\"User %u\"}",
                          user, user, user);
    if (!body)
        give_up("options", "no memory");
    post(load, connection, "/options", body);
}

/* A string member of that name, the first of the text. It is cut out of it. */
static char *member(char *text, const char *name)
{
    char *at = strstr(text, name);
    size_t len;

    if (!at)
        give_up("the answer has no member", name);
    at += strlen(name);
    len = strcspn(at, "\"");
    at[len] = 0;
    return at;
}

static void respond(const struct load *load, struct connection *connection)
{
    PK_AUTO_FREE char *id = strdup(strstr(connection->body, "\"id\":\"") ? connection->body : "");
    const char *challenge = member(connection->body, "\"challenge\":\"");
    PK_AUTO_FREE char *response =
        load->kind == REGISTER
            ? authenticator_register(load->authenticator, &connection->passkey, challenge)
            : authenticator_sign_in(load->authenticator, &connection->passkey, challenge);
    PK_AUTO_FREE char *body = NULL;

    if (id && response)
        body =
            pk_text_format("{\"id\":\"%s\",\"credential\":%s}", member(id, "\"id\":\""), response);
    if (!body)
        give_up("response", "no memory");
    post(load, connection, "", body);
}

static void finish(const struct load *load, struct connection *connection)
{
    connection->finishing = true;
    if (load->kind == NOTHING)
        transmit(connection, HEALTH);
    else
        respond(load, connection);
}

static void answered(struct load *load, struct connection *connection)
{
    struct times *times = connection->finishing ? &load->finish : &load->options;

    times->seconds[times->count++] = (float)(now() - connection->sent);
    if (strncmp(connection->answer, "HTTP/1.1 20", 11) != 0)
        give_up("refused", connection->answer);
    connection->len = 0;
    if (!connection->finishing) {
        finish(load, connection);
        return;
    }
    load->done++;
    if (load->kind == REGISTER)
        load->passkeys[load->passkey_count + load->done - 1] = connection->passkey;
    begin(load, connection);
}

/* Whether the answer is there as a whole; both servers say its length. */
static bool is_whole(struct connection *connection)
{
    char *end = strstr(connection->answer, "\r\n\r\n");
    const char *length = end ? strcasestr(connection->answer, "\r\nContent-Length:") : NULL;

    if (!end)
        return false;
    if (!length)
        give_up("an answer without its length", connection->answer);
    connection->body = end + 4;
    return connection->len - (size_t)(connection->body - connection->answer) >=
           strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

static void receive(struct load *load, struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->answer + connection->len,
                       ANSWER_MAX - 1 - connection->len, 0);

    if (got <= 0)
        give_up("the connection", got == 0 ? "it was closed" : strerror(errno));
    connection->len += (size_t)got;
    connection->answer[connection->len] = 0;
    if (is_whole(connection))
        answered(load, connection);
}

/* --- turns ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    const float *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double percentile(struct times *times, double part)
{
    size_t at = (size_t)((double)times->count * part);

    qsort(times->seconds, times->count, sizeof(*times->seconds), compare);
    return times->count > 0 ? (double)times->seconds[at < times->count ? at : at - 1] * 1e6 : 0;
}

static void make_room(struct load *load, size_t count)
{
    size_t more = load->kind == REGISTER ? count : 0;

    load->options = (struct times){reallocarray(load->options.seconds, count, sizeof(float)), 0};
    load->finish = (struct times){reallocarray(load->finish.seconds, count, sizeof(float)), 0};
    load->passkeys =
        reallocarray(load->passkeys, load->passkey_count + more + 1, sizeof(*load->passkeys));
    if (!load->options.seconds || !load->finish.seconds || !load->passkeys)
        give_up("a turn", "no memory");
}

static void turn(struct load *load, size_t count)
{
    struct pollfd polled[CONNECTIONS_MAX];
    double began = now();

    make_room(load, count);
    load->wanted = count;
    load->begun = load->done = 0;
    for (size_t i = 0; i < load->connection_count; i++) {
        polled[i] = (struct pollfd){load->connections[i].fd, POLLIN, 0};
        begin(load, &load->connections[i]);
    }
    while (load->done < load->wanted) {
        if (poll(polled, load->connection_count, -1) < 0)
            give_up("poll", strerror(errno));
        for (size_t i = 0; i < load->connection_count; i++)
            if (polled[i].revents)
                receive(load, &load->connections[i]);
    }
    if (load->kind == REGISTER)
        load->passkey_count += count;
    (void)printf("%zu %.6f %.0f %.0f %.0f %.0f\n", count, now() - began,
                 percentile(&load->options, 0.5), percentile(&load->options, 0.99),
                 percentile(&load->finish, 0.5), percentile(&load->finish, 0.99));
    (void)fflush(stdout);
}

static int open_connection(unsigned short port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        give_up("connect", strerror(errno));
    return fd;
}

/* For each turn, because servers close connections that have been idle for a while. */
static void connect_all(struct load *load)
{
    for (size_t i = 0; i < load->connection_count; i++) {
        load->connections[i].fd = open_connection(load->ports[i % load->port_count]);
        load->connections[i].len = 0;
    }
}

static void close_all(const struct load *load)
{
    for (size_t i = 0; i < load->connection_count; i++)
        (void)close(load->connections[i].fd);
}

static void take_ports(struct load *load, const char *text)
{
    const char *at = text;
    char *end;

    do {
        load->ports[load->port_count++] = (unsigned short)strtoul(at, &end, 10);
        at = end + 1;
    } while (*end == ',' && load->port_count < PORTS_MAX);
    if (*end)
        give_up("not ports, or too many", text);
}

int main(int argc, char **argv)
{
    struct load load = {0};
    char line[COMMAND_MAX];

    if (argc != 7)
        give_up("usage", "PORT[,PORT...] CONNECTIONS RP-ID ORIGIN PREFIX API-KEY");
    take_ports(&load, argv[1]);
    load.connection_count = strtoul(argv[2], NULL, 10);
    load.prefix = argv[5];
    load.api_key = argv[6];
    load.authenticator = authenticator_new(argv[3], argv[4]);
    load.connections = calloc(CONNECTIONS_MAX, sizeof(*load.connections));
    if (load.connection_count < 1 || load.connection_count > CONNECTIONS_MAX ||
        !load.authenticator || !load.connections)
        give_up("start", "no memory, or too many connections");
    while (fgets(line, sizeof(line), stdin)) {
        const char *number = strchr(line, ' ');
        size_t count = number ? strtoul(number, NULL, 10) : 0;

        if (count == 0)
            give_up("not a turn", line);
        load.kind = *line == 'r' ? REGISTER : *line == 's' ? SIGN_IN : NOTHING;
        if (load.kind == SIGN_IN && load.passkey_count == 0)
            give_up("sign-in", "nobody has registered");
        connect_all(&load);
        turn(&load, count);
        close_all(&load);
    }
    authenticator_free(load.authenticator);
    free(load.connections);
    free(load.passkeys);
    free(load.options.seconds);
    free(load.finish.seconds);
    return 0;
}
