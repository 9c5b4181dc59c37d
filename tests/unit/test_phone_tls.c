/* SPDX-License-Identifier: BSD-2-Clause */
/* The deadline of a tunnel's connection; the rest is seen with passkey-phone as a whole. */
#include "common/base/clock.h"
#include "phone/tls.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST          "cable.ua5v.com"
#define SOON_MS       300
#define LATER_MS      60000
#define GIVEN_UP      20 /* seconds, by which nothing that works has not ended */
#define TICKETS       100
#define LOOKS         20 /* at the clock: fewer than there are tickets */
#define SERIAL_NUMBER 1

static char ca_file[] = "/tmp/passkey-phone-test-XXXXXX";
static EVP_PKEY *key;
static X509 *certificate;

/* ---- time, which may go faster the more often it is looked at ---- */

static int64_t each_look, ahead;

int64_t pk_clock_monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    ahead += each_look;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ahead;
}

static int slow_down(void **state)
{
    (void)state;
    each_look = 0;
    return 0;
}

/* ---- the tunnel service, a process of its own ---- */

static int told[2]; /* a byte, once it has greeted its client */

enum manner {
    SENDS_WITHOUT_END, /* what its client is to read */
    SENDS_TICKETS,     /* of sessions, which TLS itself reads */
    IS_SILENT,
};

static void serve(int fd, enum manner manner)
{
    static const char nothing[16384];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = context ? SSL_new(context) : NULL;

    if (!ssl || SSL_use_certificate(ssl, certificate) != 1 || SSL_use_PrivateKey(ssl, key) != 1 ||
        SSL_set_num_tickets(ssl, manner == SENDS_TICKETS ? TICKETS : 0) != 1 ||
        SSL_set_fd(ssl, fd) != 1 || SSL_accept(ssl) != 1)
        _exit(EXIT_FAILURE);
    (void)!write(told[1], "", 1);
    while (manner == SENDS_WITHOUT_END && SSL_write(ssl, nothing, sizeof(nothing)) > 0)
        continue;
    (void)!read(fd, (char[1]){0}, 1);
    _exit(EXIT_SUCCESS);
}

static pid_t start_server(enum manner manner, int *ret)
{
    int ends[2];
    pid_t server;

    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    server = fork();
    assert_true(server >= 0);
    if (server == 0) {
        (void)close(ends[0]);
        (void)alarm(2 * GIVEN_UP);
        serve(ends[1], manner);
    }
    (void)close(ends[1]);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    *ret = ends[0];
    return server;
}

static void await_end(pid_t server)
{
    assert_int_equal(waitpid(server, NULL, 0), server);
    (void)close(told[0]);
    (void)close(told[1]);
}

/* The status in which reading ends, all that comes being read. */
static enum pk_status read_all(enum manner manner)
{
    static uint8_t buffer[65536];
    struct tls *tls = NULL;
    enum pk_status status;
    size_t len = 0;
    int64_t deadline;
    int fd = -1;
    pid_t server = start_server(manner, &fd);

    assert_int_equal(tls_open(fd, HOST, pk_clock_monotonic_ms() + LATER_MS, &tls), PK_OK);
    deadline = pk_clock_monotonic_ms() + SOON_MS;
    (void)alarm(GIVEN_UP);
    do
        status = tls_read(tls, buffer, sizeof(buffer), deadline, &len);
    while (status == PK_OK);
    (void)alarm(0);
    assert_true(pk_clock_monotonic_ms() >= deadline);
    tls_close(tls);
    await_end(server);
    return status;
}

static void a_silent_server_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(read_all(IS_SILENT), PK_TIMEOUT);
}

static void one_that_sends_without_end_meets_the_deadline(void **state)
{
    (void)state;
    assert_int_equal(read_all(SENDS_WITHOUT_END), PK_TIMEOUT);
}

/* Each brings the deadline nearer; when it is over, there are some that were not read. */
static void one_that_makes_tickets_without_end_meets_it_too(void **state)
{
    uint8_t buffer[64];
    struct tls *tls = NULL;
    size_t len = 0;
    int fd = -1;
    pid_t server = start_server(SENDS_TICKETS, &fd);
    int64_t deadline;

    (void)state;
    assert_int_equal(tls_open(fd, HOST, pk_clock_monotonic_ms() + LATER_MS, &tls), PK_OK);
    assert_int_equal(read(told[0], buffer, 1), 1); /* all of them are there */
    deadline = pk_clock_monotonic_ms() + (int64_t)LOOKS * LATER_MS;
    each_look = LATER_MS;
    assert_int_equal(tls_read(tls, buffer, sizeof(buffer), deadline, &len), PK_TIMEOUT);
    assert_true(recv(fd, buffer, sizeof(buffer), MSG_PEEK | MSG_DONTWAIT) > 0);
    tls_close(tls);
    await_end(server);
}

static void what_is_there_in_time_is_read(void **state)
{
    uint8_t buffer[64];
    struct tls *tls = NULL;
    size_t len = 0;
    int fd = -1;
    pid_t server = start_server(SENDS_WITHOUT_END, &fd);

    (void)state;
    assert_int_equal(tls_open(fd, HOST, pk_clock_monotonic_ms() + LATER_MS, &tls), PK_OK);
    assert_int_equal(
        tls_read(tls, buffer, sizeof(buffer), pk_clock_monotonic_ms() + LATER_MS, &len), PK_OK);
    assert_int_equal(len, sizeof(buffer));
    assert_int_equal(tls_read(tls, buffer, sizeof(buffer), pk_clock_monotonic_ms(), &len),
                     PK_TIMEOUT);
    tls_close(tls);
    await_end(server);
}

/* ---- its certificate ---- */

static bool name_it(X509 *made)
{
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:" HOST);
    bool named = names && X509_add_ext(made, names, -1) == 1;

    X509_EXTENSION_free(names);
    return named;
}

static int make_certificate(void **state)
{
    int fd = mkstemp(ca_file);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool made;

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    made = file && key && certificate && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), SERIAL_NUMBER) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) &&
           X509_set_pubkey(certificate, key) == 1 && name_it(certificate) &&
           X509_sign(certificate, key, EVP_sha256()) > 0 && PEM_write_X509(file, certificate) == 1;
    if (file)
        made = fclose(file) == 0 && made;
    tls_begin();
    return made && tls_prepare(ca_file) == PK_OK ? 0 : -1;
}

static int forget_certificate(void **state)
{
    (void)state;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return unlink(ca_file);
}

#define TEST(name) cmocka_unit_test_teardown(name, slow_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_silent_server_is_not_waited_for),
        TEST(one_that_sends_without_end_meets_the_deadline),
        TEST(one_that_makes_tickets_without_end_meets_it_too),
        TEST(what_is_there_in_time_is_read),
    };

    return cmocka_run_group_tests(tests, make_certificate, forget_certificate);
}
