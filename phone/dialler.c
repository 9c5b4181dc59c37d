/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/dialler.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "phone/part.h"
#include "phone/sandbox.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATIENCE_SECONDS (DIAL_SECONDS + 1)
#define QUESTION_MS      3000 /* whoever connects to the unit asks at once */
#define EXIT_SANDBOX     3

static uint8_t buffer[PART_PACKET_MAX];

static uint8_t reason_of(enum pk_status status)
{
    if (status == PK_DENIED)
        return DIALLER_REFUSED;
    return status == PK_NOT_FOUND ? DIALLER_NO_NAME : DIALLER_NO_CONNECTION;
}

static bool answer(int socket, enum pk_status status, int fd)
{
    const uint8_t reason = status == PK_OK ? 0 : reason_of(status);

    return part_send(socket, PART_DIALLED, (struct pk_view){&reason, reason ? 1 : 0},
                     reason ? -1 : fd) == PK_OK;
}

static enum pk_status question(const struct part_packet *packet, uint16_t *ret)
{
    struct pk_reader reader = pk_reader_new(packet->payload);
    uint16_t number = pk_reader_u16(&reader);
    enum pk_status status = pk_reader_finish(&reader);

    if (status != PK_OK || packet->word != PART_DIAL || packet->fd >= 0)
        return PK_PROTOCOL;
    *ret = number;
    return PK_OK;
}

/* ---- a unit of systemd's, which has the network that this process may be without ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return -1;
    (void)memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return -1;
    return pk_steal_fd(&fd);
}

/* Whether it is a connection over the Internet: nothing else is passed on. */
static bool is_connection(int fd)
{
    int domain = 0, type = 0;
    socklen_t domain_len = sizeof(domain), type_len = sizeof(type);

    return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
           (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
}

static enum pk_status ask_unit(const char *path, uint16_t number, int *ret)
{
    const uint8_t asked[] = {(uint8_t)(number >> 8), (uint8_t)number};
    PK_AUTO_CLOSE int unit = connect_to(path);
    PK_AUTO_CLOSE int fd = -1;
    struct part_packet packet = {.fd = -1};
    enum pk_status status = unit < 0 ? PK_IO : PK_OK;

    if (status == PK_OK)
        status = part_send(unit, PART_DIAL, (struct pk_view){asked, sizeof(asked)}, -1);
    if (status == PK_OK)
        status = part_receive(unit, buffer, &packet);
    fd = packet.fd;
    if (status != PK_OK || packet.word != PART_DIALLED)
        return PK_IO;
    if (packet.payload.len == 1 && packet.payload.ptr[0] == DIALLER_REFUSED)
        return PK_DENIED;
    if (packet.payload.len == 1 && packet.payload.ptr[0] == DIALLER_NO_NAME)
        return PK_NOT_FOUND;
    if (!is_connection(fd))
        return PK_IO;
    *ret = pk_steal_fd(&fd);
    return PK_OK;
}

/* ---- the two processes ---- */

void dialler_run(int socket, const void *data)
{
    const struct dialler *dialler = data;
    struct part_packet packet = {.fd = -1};
    uint16_t number;

    if (phone_sandbox_enter(PHONE_DIALLER) != PK_OK) {
        (void)fputs("passkey-phone: the sandbox cannot be set up\n", stderr);
        _exit(EXIT_SANDBOX);
    }
    part_close_log();
    while (part_receive(socket, buffer, &packet) == PK_OK && question(&packet, &number) == PK_OK) {
        PK_AUTO_CLOSE int fd = -1;
        enum pk_status status;

        /* A name service may take any time; whoever asked hears the end of this process then. */
        (void)alarm(PATIENCE_SECONDS);
        status = dialler->unit && *dialler->unit ? ask_unit(dialler->unit, number, &fd)
                                                 : dial(number, &dialler->rules, &fd);
        (void)alarm(0);
        if (!answer(socket, status, fd))
            break;
    }
}

/* ---- the unit ---- */

/* Root owns all of this host; the socket's mode keeps others out as well. */
static bool is_served(uid_t uid)
{
    const struct passwd *user = uid == 0 ? NULL : getpwnam(PASSKEYD_USER);

    return uid == 0 || (user && user->pw_uid == uid);
}

/* Of few connections that there may be at once, each is for who asks, and asks now. */
static bool has_question(int socket)
{
    struct pollfd polled = {.fd = socket, .events = POLLIN};
    struct ucred peer = {.uid = 0};
    socklen_t len = sizeof(peer);

    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && is_served(peer.uid) &&
           poll(&polled, 1, QUESTION_MS) == 1;
}

int dialler_run_unit(const struct dial_rules *rules)
{
    PK_AUTO_CLOSE int fd = -1;
    struct part_packet packet = {.fd = -1};
    uint16_t number = 0;
    enum pk_status status;

    (void)alarm(PATIENCE_SECONDS);
    if (!has_question(STDIN_FILENO))
        return EXIT_FAILURE;
    if (phone_sandbox_enter(PHONE_DIALLER) != PK_OK) {
        (void)fputs("passkey-phone: the sandbox cannot be set up\n", stderr);
        return EXIT_SANDBOX;
    }
    (void)alarm(PATIENCE_SECONDS);
    if (part_receive(STDIN_FILENO, buffer, &packet) != PK_OK || question(&packet, &number) != PK_OK)
        return EXIT_FAILURE;
    status = dial(number, rules, &fd);
    return answer(STDIN_FILENO, status, fd) ? EXIT_SUCCESS : EXIT_FAILURE;
}
