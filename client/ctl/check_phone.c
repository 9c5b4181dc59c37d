/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/check_phone.h"

#include "client/capture.h"
#include "client/ctl/findings.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUTPUT_MAX   65536 /* bytes of dbus-send's */
#define PATIENCE_MS  10000 /* for one address to answer */
#define WORD_SIZE    32
#define ADAPTER_NAME "hci"
#define CHECK        "phone"

/* --- the adapters ----------------------------------------------------------------------------- */

/* The first line of root/folder/name/file; empty: there is none. */
static void read_word(const char *folder, const char *name, const char *file, char ret[WORD_SIZE])
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s/%s", folder, name, file);
    PK_AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = fd >= 0 ? read(fd, ret, WORD_SIZE - 1) : 0;

    ret[got > 0 ? got : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

/* Names of adapters are "hci0" and so on; of connections "hci0:12". */
static bool has_adapter(const char *folder)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry = NULL;
    bool found = false;

    if (!directory)
        return false;
    while (!found && (entry = readdir(directory)))
        found = strncmp(entry->d_name, ADAPTER_NAME, strlen(ADAPTER_NAME)) == 0;
    (void)closedir(directory);
    return found;
}

/* rfkill(8): "soft" a program has switched off, "hard" a switch of the computer's. */
static void check_switches(const char *folder, json_t *findings)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry = NULL;
    char type[WORD_SIZE], soft[WORD_SIZE], hard[WORD_SIZE];

    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        read_word(folder, entry->d_name, "type", type);
        if (strcmp(type, "bluetooth") != 0)
            continue;
        read_word(folder, entry->d_name, "soft", soft);
        read_word(folder, entry->d_name, "hard", hard);
        if (strcmp(hard, "1") == 0)
            finding_add_once(findings, CHECK, FINDING_FAIL,
                             "Bluetooth is switched off at the computer",
                             "rfkill list  # then use the computer's switch or key for it");
        else if (strcmp(soft, "1") == 0)
            finding_add_once(findings, CHECK, FINDING_FAIL, "Bluetooth is switched off",
                             "rfkill unblock bluetooth");
    }
    if (directory)
        (void)closedir(directory);
}

void check_phone_adapters(const char *root, json_t *findings)
{
    PK_AUTO_FREE char *adapters = pk_text_format("%s/sys/class/bluetooth", root);
    PK_AUTO_FREE char *switches = pk_text_format("%s/sys/class/rfkill", root);

    if (!adapters || !switches)
        return;
    if (has_adapter(adapters))
        finding_add(findings, CHECK, FINDING_OK, "there is a Bluetooth adapter", NULL);
    else
        finding_add(
            findings, CHECK, FINDING_FAIL,
            "there is no Bluetooth adapter that the kernel knows, and a phone is found by "
            "one",
            "rfkill list bluetooth; journalctl -k -g -i bluetooth  # is there none at all?");
    check_switches(switches, findings);
}

/* --- bluetoothd ------------------------------------------------------------------------------- */

void check_phone_scan(const char *output, int exit_code, json_t *findings)
{
    static const char start[] = "systemctl enable --now bluetooth";

    if (!output)
        finding_add(findings, CHECK, FINDING_NOTE,
                    "whether bluetoothd lets this user scan cannot be asked without dbus-send",
                    "apt install dbus-bin  # or the package that has it; then: passkeyctl check "
                    "--phone");
    else if (exit_code == 0 || strstr(output, "InProgress"))
        finding_add(findings, CHECK, FINDING_OK, "bluetoothd scans for this user", NULL);
    else if (strstr(output, "NotReady"))
        finding_add(findings, CHECK, FINDING_FAIL, "the Bluetooth adapter is off",
                    "bluetoothctl power on");
    else if (strstr(output, "NotAuthorized") || strstr(output, "AccessDenied"))
        finding_add(findings, CHECK, FINDING_FAIL,
                    "bluetoothd does not let this user scan; passkeyd's user may have the same "
                    "trouble",
                    "grep -n policy /usr/share/dbus-1/system.d/bluetooth.conf "
                    "/etc/dbus-1/system.d/bluetooth.conf  # who may send to org.bluez");
    else if (strstr(output, "ServiceUnknown") || strstr(output, "NoReply"))
        finding_add(findings, CHECK, FINDING_FAIL, "bluetoothd does not answer", start);
    else
        finding_add(findings, CHECK, FINDING_WARN, "bluetoothd has no adapter \"hci0\" to scan by",
                    "bluetoothctl list  # the adapters that it has");
}

/* The scan ends with the program. */
static void try_scan(json_t *findings)
{
    static char timeout[] = "timeout", patience[] = "10", program[] = "dbus-send",
                bus[] = "--system", reply[] = "--print-reply", name[] = "--dest=org.bluez",
                path[] = "/org/bluez/hci0", method[] = "org.bluez.Adapter1.StartDiscovery";
    char *const argv[] = {timeout, patience, program, bus, reply, name, path, method, NULL};
    const struct capture capture = {
        .program = timeout, .argv = argv, .errors = true, .max = OUTPUT_MAX};
    PK_AUTO_BYTES struct pk_bytes output = {0};
    PK_AUTO_FREE char *text = NULL;
    int code = 0;

    if (capture_run(&capture, &output, &code) == PK_OK && code != 126 && code != 127)
        text = strndup(output.data ? (const char *)output.data : "", output.len);
    check_phone_scan(text, code, findings);
}

/* --- the services ----------------------------------------------------------------------------- */

static bool answers(const struct addrinfo *address)
{
    PK_AUTO_CLOSE int fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof(error);

    if (fd < 0)
        return false;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return true;
    return errno == EINPROGRESS && poll(&one, 1, PATIENCE_MS) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

void check_phone_service(const char *name, const char *who, json_t *findings)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(name, "443", &hints, &found);
    bool reached = false;
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *mend = NULL;

    for (const struct addrinfo *each = found; each && !reached; each = each->ai_next)
        reached = answers(each);
    if (found)
        freeaddrinfo(found);
    if (error) {
        text = pk_text_format("%s (%s) is not resolved: %s", name, who, gai_strerror(error));
        mend = pk_text_format("getent ahosts %s  # what /etc/resolv.conf leads to", name);
    } else if (!reached) {
        text = pk_text_format("%s (%s) does not answer on port 443", name, who);
        mend =
            pk_text_format("curl -v https://%s/  # a firewall, or no way to the Internet?", name);
    } else {
        text = pk_text_format("%s (%s) answers", name, who);
    }
    finding_add(findings, CHECK, reached ? FINDING_OK : FINDING_FAIL, text ? text : "", mend);
}

void check_phone(bool bluetoothd, json_t *findings)
{
    check_phone_adapters("", findings);
    if (bluetoothd)
        try_scan(findings);
    else
        finding_add(findings, CHECK, FINDING_FAIL, "bluetoothd is not on the bus",
                    "systemctl enable --now bluetooth  # of the package bluez");
    /* The two whose numbers are assigned (doc/hybrid-protocol.md). */
    check_phone_service("cable.ua5v.com", "Google's, for Android", findings);
    check_phone_service("cable.auth.com", "Apple's, for iPhones", findings);
}
