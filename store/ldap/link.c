/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ldap/link.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#include <pthread.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

/*
 * libldap sets no limit of its own. More than what slapd lets an account write into its own entry,
 * which is 4 MiB: what cannot be received stops the refresh, and what is received is only not used.
 */
#define MESSAGE_MAX (16 * 1024 * 1024)

/* --- the guard -------------------------------------------------------------------------------- */

/* One link, as the guard knows it. */
struct ldap_guard_row {
    LIST_ENTRY(ldap_guard_row) entry;
    int fd; /* -1: it is not connected */
    int64_t until;
    bool over;      /* the time came */
    bool connected; /* it was, at some time */
    struct ldap_guard *guard;
    struct ldap_conncb callbacks;
};

struct ldap_guard {
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    LIST_HEAD(, ldap_guard_row) rows;
    bool ending;
    pthread_t thread;
};

/* When the next one is over; those that are, are ended. With the lock. */
static int64_t end_those_that_are_over(struct ldap_guard *guard)
{
    int64_t now = pk_clock_monotonic_ms(), next = INT64_MAX;
    struct ldap_guard_row *row;

    LIST_FOREACH(row, &guard->rows, entry)
    {
        if (row->until <= now) {
            row->over = true;
            /* Also one that is connected after its time: see on_connected(). */
            if (row->fd >= 0)
                (void)shutdown(row->fd, SHUT_RDWR);
            row->until = INT64_MAX;
        }
        if (row->until < next)
            next = row->until;
    }
    return next;
}

static void *watch(void *data)
{
    struct ldap_guard *guard = data;

    (void)pthread_mutex_lock(&guard->lock);
    while (!guard->ending) {
        int64_t next = end_those_that_are_over(guard);
        struct timespec when = {.tv_sec = (time_t)(next / 1000),
                                .tv_nsec = (long)(next % 1000) * 1000000};

        if (next == INT64_MAX)
            (void)pthread_cond_wait(&guard->changed, &guard->lock);
        else
            (void)pthread_cond_timedwait(&guard->changed, &guard->lock, &when);
    }
    (void)pthread_mutex_unlock(&guard->lock);
    return NULL;
}

struct ldap_guard *ldap_guard_new(void)
{
    struct ldap_guard *guard = calloc(1, sizeof(*guard));
    pthread_condattr_t attributes;

    if (!guard)
        return NULL;
    (void)pthread_mutex_init(&guard->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&guard->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&guard->thread, NULL, watch, guard) == 0)
        return guard;
    free(guard);
    return NULL;
}

void ldap_guard_free(struct ldap_guard *guard)
{
    if (!guard)
        return;
    (void)pthread_mutex_lock(&guard->lock);
    guard->ending = true;
    (void)pthread_cond_signal(&guard->changed);
    (void)pthread_mutex_unlock(&guard->lock);
    (void)pthread_join(guard->thread, NULL);
    (void)pthread_cond_destroy(&guard->changed);
    (void)pthread_mutex_destroy(&guard->lock);
    free(guard);
}

/* libldap calls it when connect(2) is through, before TLS. Not 0: the connection is given up. */
static int on_connected(LDAP *ld, Sockbuf *buffer, LDAPURLDesc *server, struct sockaddr *address,
                        struct ldap_conncb *context)
{
    struct ldap_guard_row *row = context->lc_arg;
    ber_len_t longest = MESSAGE_MAX;
    ber_socket_t fd = -1;
    bool over;

    (void)ld, (void)server, (void)address;
    (void)ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &longest);
    (void)ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &fd);
    (void)pthread_mutex_lock(&row->guard->lock);
    row->fd = fd;
    row->connected = true;
    over = row->over;
    (void)pthread_mutex_unlock(&row->guard->lock);
    return over ? -1 : 0;
}

/* Before libldap closes the descriptor, whose number is somebody else's then. */
static void on_closing(LDAP *ld, Sockbuf *buffer, struct ldap_conncb *context)
{
    struct ldap_guard_row *row = context->lc_arg;

    (void)ld, (void)buffer;
    (void)pthread_mutex_lock(&row->guard->lock);
    row->fd = -1;
    (void)pthread_mutex_unlock(&row->guard->lock);
}

void ldap_link_until(struct ldap_link *link, int64_t until)
{
    (void)pthread_mutex_lock(&link->guard->lock);
    link->row->until = until;
    (void)pthread_cond_signal(&link->guard->changed);
    (void)pthread_mutex_unlock(&link->guard->lock);
}

static bool is_over(const struct ldap_link *link)
{
    bool over;

    (void)pthread_mutex_lock(&link->guard->lock);
    over = link->row->over;
    (void)pthread_mutex_unlock(&link->guard->lock);
    return over;
}

/* --- opening ---------------------------------------------------------------------------------- */

static const struct {
    int code;
    enum pk_status status;
} statuses[] = {
    {LDAP_NO_SUCH_OBJECT, PK_NOT_FOUND},
    {LDAP_ALREADY_EXISTS, PK_EXISTS},
    {LDAP_INSUFFICIENT_ACCESS, PK_DENIED},
    {LDAP_INVALID_CREDENTIALS, PK_DENIED},
    {LDAP_STRONG_AUTH_REQUIRED, PK_DENIED},
    {LDAP_INAPPROPRIATE_AUTH, PK_DENIED},
    {LDAP_AUTH_METHOD_NOT_SUPPORTED, PK_DENIED},
    {LDAP_AUTH_UNKNOWN, PK_DENIED},
    {LDAP_UNAVAILABLE_CRITICAL_EXTENSION, PK_UNSUPPORTED},
    {LDAP_OBJECT_CLASS_VIOLATION, PK_INVALID_INPUT},
    {LDAP_CONSTRAINT_VIOLATION, PK_INVALID_INPUT},
    {LDAP_UNDEFINED_TYPE, PK_INVALID_INPUT},
    {LDAP_INVALID_SYNTAX, PK_INVALID_INPUT},
    {LDAP_SERVER_DOWN, PK_UNAVAILABLE},
    {LDAP_CONNECT_ERROR, PK_UNAVAILABLE},
    {LDAP_TIMEOUT, PK_UNAVAILABLE},
    {LDAP_BUSY, PK_UNAVAILABLE},
    {LDAP_UNAVAILABLE, PK_UNAVAILABLE},
    {LDAP_NO_MEMORY, PK_NO_MEMORY},
};

enum pk_status ldap_link_status(struct ldap_link *link, int code, const char *doing)
{
    char *more = NULL;
    enum pk_status status = PK_STORAGE;

    if (code == LDAP_SUCCESS)
        return PK_OK;
    if (link->ld)
        (void)ldap_get_option(link->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    if (is_over(link))
        (void)snprintf(link->words, sizeof(link->words), "%s: %s took too long", link->uri, doing);
    else
        (void)snprintf(link->words, sizeof(link->words), "%s: %s: %s%s%s", link->uri, doing,
                       ldap_err2string(code), more && *more ? ": " : "", more ? more : "");
    ldap_memfree(more);
    if (is_over(link))
        return PK_UNAVAILABLE;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].code == code)
            status = statuses[i].status;
    return status;
}

static int set_tls(LDAP *ld, const struct ldap_config *config)
{
    const struct {
        int option;
        const char *path;
    } files[] = {{LDAP_OPT_X_TLS_CACERTFILE, config->ca_certificate},
                 {LDAP_OPT_X_TLS_CERTFILE, config->certificate},
                 {LDAP_OPT_X_TLS_KEYFILE, config->key}};
    int verification = LDAP_OPT_X_TLS_HARD, protocol = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
    int code = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &verification);

    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &protocol);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && code == LDAP_OPT_SUCCESS; i++)
        if (files[i].path)
            code = ldap_set_option(ld, files[i].option, files[i].path);
    return code == LDAP_OPT_SUCCESS ? ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client) : code;
}

static int set_options(struct ldap_link *link, int64_t until)
{
    int64_t left = until - pk_clock_monotonic_ms();
    struct timeval limit = {.tv_sec = (time_t)(left / 1000),
                            .tv_usec = (suseconds_t)(left % 1000) * 1000};
    int version = LDAP_VERSION3;
    int code = ldap_set_option(link->ld, LDAP_OPT_PROTOCOL_VERSION, &version);

    if (left <= 0)
        return LDAP_TIMEOUT;
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(link->ld, LDAP_OPT_NETWORK_TIMEOUT, &limit);
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(link->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(link->ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
    /* Kerberos proves the name that was configured, and not what DNS says of its address. */
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(link->ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
    /* TLS encrypts; Active Directory refuses to have it done twice. */
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(link->ld, LDAP_OPT_X_SASL_SECPROPS, "maxssf=0");
    return code == LDAP_OPT_SUCCESS
               ? ldap_set_option(link->ld, LDAP_OPT_CONNECT_CB, &link->row->callbacks)
               : code;
}

/* A keytab needs no answer but the defaults. */
static int answer(LDAP *ld, unsigned flags, void *defaults, void *questions)
{
    (void)ld, (void)flags, (void)defaults;
    for (sasl_interact_t *question = questions; question->id != SASL_CB_LIST_END; question++) {
        question->result = question->defresult ? question->defresult : "";
        question->len = (unsigned)strlen(question->result);
    }
    return LDAP_SUCCESS;
}

static int bind_as(LDAP *ld, const struct ldap_config *config)
{
    /* Without a pointer there would be no credentials at all, and one more round. */
    char none[1] = "";
    struct berval nothing = {0, none};

    if (config->identity == LDAP_GSSAPI)
        return ldap_sasl_interactive_bind_s(ld, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET, answer,
                                            NULL);
    return ldap_sasl_bind_s(ld, NULL, "EXTERNAL", &nothing, NULL, NULL, NULL);
}

/* libldap's words for TLS that fails are none. */
static void explain_tls(struct ldap_link *link, enum pk_status status)
{
    bool connected, over;

    (void)pthread_mutex_lock(&link->guard->lock);
    connected = link->row->connected;
    over = link->row->over;
    (void)pthread_mutex_unlock(&link->guard->lock);
    if (status == PK_UNAVAILABLE && connected && !over && !ldap_tls_inplace(link->ld))
        (void)snprintf(link->words, sizeof(link->words),
                       "%s: it is there, but TLS fails: its certificate is not of ca-certificate, "
                       "or is another name's; or it speaks no TLS",
                       link->uri);
}

static enum pk_status row_new(struct ldap_link *link, struct ldap_guard *guard, int64_t until)
{
    struct ldap_guard_row *row = calloc(1, sizeof(*row));

    if (!row)
        return PK_NO_MEMORY;
    *row = (struct ldap_guard_row){
        .fd = -1, .until = until, .guard = guard, .callbacks = {on_connected, on_closing, row}};
    link->row = row;
    (void)pthread_mutex_lock(&guard->lock);
    LIST_INSERT_HEAD(&guard->rows, row, entry);
    (void)pthread_cond_signal(&guard->changed);
    (void)pthread_mutex_unlock(&guard->lock);
    return PK_OK;
}

static bool is_local(const char *uri)
{
    return strncmp(uri, "ldapi:", 6) == 0;
}

/* All but to bind. The connection itself may be made with what is asked first. */
static enum pk_status prepare(struct ldap_link *link, struct ldap_guard *guard,
                              const struct ldap_config *config, const char *uri, int64_t until)
{
    enum pk_status status;

    *link = (struct ldap_link){.uri = uri, .guard = guard};
    status = row_new(link, guard, until);
    if (status != PK_OK)
        return status;
    status = ldap_link_status(link, ldap_initialize(&link->ld, uri), "the address");
    if (status == PK_OK)
        status = ldap_link_status(link, set_options(link, until), "to prepare a connection");
    if (status == PK_OK && !is_local(uri))
        status = ldap_link_status(link, set_tls(link->ld, config),
                                  "the certificates and the key of this host");
    if (status == PK_OK && strncmp(uri, "ldap:", 5) == 0)
        status = ldap_link_status(link, ldap_start_tls_s(link->ld, NULL, NULL), "StartTLS");
    return status;
}

enum pk_status ldap_link_open(struct ldap_link *link, struct ldap_guard *guard,
                              const struct ldap_config *config, const char *uri, int64_t until)
{
    enum pk_status status = prepare(link, guard, config, uri, until);

    if (status == PK_OK)
        status = ldap_link_status(link, bind_as(link->ld, config), "to sign in");
    if (status != PK_OK && link->ld && !is_local(uri))
        explain_tls(link, status);
    return status;
}

enum pk_status ldap_link_open_as(struct ldap_link *link, struct ldap_guard *guard,
                                 const struct ldap_config *config, const char *uri, int64_t until,
                                 const struct ldap_login *login)
{
    enum pk_status status = prepare(link, guard, config, uri, until);

    /* What is sent first must not be the password. */
    if (status == PK_OK)
        status = ldap_link_status(link, ldap_connect(link->ld), "to connect");
    if (status == PK_OK && !is_local(uri) && !ldap_tls_inplace(link->ld)) {
        (void)snprintf(link->words, sizeof(link->words), "%s: there is no TLS", uri);
        status = PK_UNAVAILABLE;
    }
    if (status == PK_OK)
        return ldap_link_login(link, login);
    if (link->ld && !is_local(uri))
        explain_tls(link, status);
    return status;
}

void ldap_link_close(struct ldap_link *link)
{
    /* To say goodbye may take as long as anything else. */
    if (link->row)
        ldap_link_until(link, pk_clock_monotonic_ms() + 200);
    if (link->ld)
        (void)ldap_unbind_ext_s(link->ld, NULL, NULL);
    if (link->row) {
        (void)pthread_mutex_lock(&link->guard->lock);
        LIST_REMOVE(link->row, entry);
        (void)pthread_mutex_unlock(&link->guard->lock);
        free(link->row);
    }
    *link = (struct ldap_link){0};
}

/* --- servers ---------------------------------------------------------------------------------- */

/* HOST[:PORT] is the domain, or a name in it. */
static bool is_within(const char *host, const char *domain)
{
    size_t len = strcspn(host, ":"), end = strlen(domain);

    if (len < end || strncasecmp(host + len - end, domain, end) != 0)
        return false;
    return len == end || host[len - end - 1] == '.';
}

/*
 * DNS is not proof: a server of another domain has a certificate for its name, too, and everybody
 * can have one where certificates are those of the web.
 */
static enum pk_status add_hosts(const char *domain, char *hosts, struct pk_strings *ret,
                                char **ret_why)
{
    enum pk_status status = PK_OK;
    char *rest = NULL, *other = NULL;

    for (char *host = strtok_r(hosts, " ", &rest);
         host && status == PK_OK && ret->count < LDAP_SERVERS_MAX;
         host = strtok_r(NULL, " ", &rest)) {
        PK_AUTO_FREE char *uri = pk_text_format("ldap://%s", host);

        if (is_within(host, domain))
            status = uri ? pk_strings_add(ret, uri) : PK_NO_MEMORY;
        else
            other = host;
    }
    if (status != PK_OK || ret->count > 0)
        return status;
    *ret_why = pk_text_format("DNS names no server within %s, but %s; if that is right, name it "
                              "with servers",
                              domain, other ? other : "none");
    return *ret_why ? PK_UNAVAILABLE : PK_NO_MEMORY;
}

enum pk_status ldap_servers(const struct ldap_config *config, struct pk_strings *ret,
                            char **ret_why)
{
    PK_AUTO_FREE char *hosts = NULL;
    enum pk_status status = PK_OK;
    char *found = NULL;

    if (!config->domain) {
        for (size_t i = 0; i < config->servers.count && status == PK_OK; i++)
            status = pk_strings_add(ret, config->servers.items[i]);
        return status;
    }
    if (ldap_domain2hostlist(config->domain, &found) != LDAP_SUCCESS || !found) {
        *ret_why = pk_text_format("DNS has no SRV records of _ldap._tcp.%s, or does not answer",
                                  config->domain);
        return *ret_why ? PK_UNAVAILABLE : PK_NO_MEMORY;
    }
    hosts = strdup(found);
    ldap_memfree(found);
    return hosts ? add_hosts(config->domain, hosts, ret, ret_why) : PK_NO_MEMORY;
}
