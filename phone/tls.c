/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/tls.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <time.h>

/* Where systems keep all that they trust in one file: a folder would be read during a session. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
    "/etc/ssl/ca-bundle.pem",             /* SUSE */
    "/etc/ssl/cert.pem",                  /* Alpine */
};

static SSL_CTX *context;

struct tls {
    SSL *ssl;
    int fd;
    bool failed; /* nothing is said at its end */
};

PK_DEFINE_CLEANUP(struct tls *, tls_close);

void tls_begin(void)
{
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static bool load(SSL_CTX *of, const char *ca_file)
{
    if (ca_file && *ca_file)
        return SSL_CTX_load_verify_file(of, ca_file) == 1;
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        if (SSL_CTX_load_verify_file(of, bundles[i]) == 1)
            return true;
    }
    return false;
}

enum pk_status tls_prepare(const char *ca_file)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    bool loaded;

    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1) != 0)
        return PK_NO_MEMORY;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    /* A server may send tickets without end: reading returns after each, for the deadline. */
    (void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    loaded = load(context, ca_file);
    tzset(); /* to look at the time in a certificate opens a file the first time */
    ERR_clear_error();
    return loaded ? PK_OK : PK_NOT_FOUND;
}

/* Looked at before each read as well: of a server that never pauses nothing is waited for. */
static bool is_late(struct tls *tls, int64_t deadline)
{
    if (pk_clock_monotonic_ms() < deadline)
        return false;
    tls->failed = true;
    return true;
}

/* Waits until what the last call wants is there. */
static enum pk_status wait_for(struct tls *tls, int result, int64_t deadline)
{
    const int error = SSL_get_error(tls->ssl, result);
    struct pollfd polled = {.fd = tls->fd};
    int64_t left;

    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ)
        polled.events = POLLIN;
    else if (error == SSL_ERROR_WANT_WRITE)
        polled.events = POLLOUT;
    else
        tls->failed = true;
    if (tls->failed)
        return PK_IO;
    left = deadline - pk_clock_monotonic_ms();
    if (left > 0)
        (void)poll(&polled, 1, left < INT_MAX ? (int)left : INT_MAX);
    return is_late(tls, deadline) ? PK_TIMEOUT : PK_OK;
}

static enum pk_status greet(struct tls *tls, int64_t deadline)
{
    enum pk_status status = PK_OK;

    while (status == PK_OK) {
        int result = SSL_connect(tls->ssl);

        if (result == 1)
            break;
        status = wait_for(tls, result, deadline);
    }
    if (status == PK_IO && SSL_get_verify_result(tls->ssl) != X509_V_OK)
        return PK_DENIED;
    return status;
}

enum pk_status tls_open(int fd, const char *host, int64_t deadline, struct tls **ret)
{
    PK_AUTO_CLOSE int owned = fd;
    PK_CLEANUP(tls_close) struct tls *tls = calloc(1, sizeof(*tls));
    enum pk_status status;

    if (!tls)
        return PK_NO_MEMORY;
    tls->fd = pk_steal_fd(&owned);
    tls->failed = true;
    tls->ssl = SSL_new(context);
    if (!tls->ssl || SSL_set_fd(tls->ssl, tls->fd) != 1 ||
        SSL_set_tlsext_host_name(tls->ssl, host) != 1 || SSL_set1_host(tls->ssl, host) != 1)
        return PK_NO_MEMORY;
    SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    tls->failed = false;
    status = greet(tls, deadline);
    if (status != PK_OK)
        return status;
    *ret = pk_steal(tls);
    return PK_OK;
}

enum pk_status tls_write(struct tls *tls, struct pk_view bytes, int64_t deadline)
{
    enum pk_status status = PK_OK;

    while (status == PK_OK && bytes.len > 0) {
        size_t wrote = 0;
        int result = SSL_write_ex(tls->ssl, bytes.ptr, bytes.len, &wrote);

        if (result == 1)
            bytes = (struct pk_view){bytes.ptr + wrote, bytes.len - wrote};
        else
            status = wait_for(tls, result, deadline);
    }
    return status;
}

enum pk_status tls_read(struct tls *tls, uint8_t *buffer, size_t size, int64_t deadline,
                        size_t *ret_len)
{
    enum pk_status status = is_late(tls, deadline) ? PK_TIMEOUT : PK_OK;

    while (status == PK_OK) {
        int result = SSL_read_ex(tls->ssl, buffer, size, ret_len);

        if (result == 1)
            break;
        status = wait_for(tls, result, deadline);
    }
    return status;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    if (!tls->failed)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    cleanup_close_fd(&tls->fd);
    free(tls);
}
