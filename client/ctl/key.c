/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl key: the security keys in this computer, for their own sake. Needs no daemon. */
#include "client/ctl/commands.h"
#include "client/ctl/key_print.h"
#include "client/ctl/plugged.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/messages.h"
#include "common/keys/pin_text.h"
#include "common/keys/place.h"

#include <stdio.h>
#include <string.h>

#define LAST_TRIES     2  /* are not spent without a confirmation */
#define REPLUG_SECONDS 30 /* to pull the key out, and to plug it in again */
#define RESET_WORD     "reset"

static const char usage[] =
    "Usage: passkeyctl key COMMAND [KEY] [--json]\n"
    "Looks after the security keys in this computer. Needs no daemon: only who sits\n"
    "at the computer may open them.\n"
    "\n"
    "  list                     which are plugged in, and what they say of themselves\n"
    "  info [KEY]               everything that one says of itself\n"
    "  set-pin [KEY]            give it its first PIN\n"
    "  change-pin [KEY]         give it another PIN; asks for the one it has\n"
    "  reset [KEY]              make it forget its PIN and every passkey on it\n"
    "\n"
    "KEY is its place (1-2), its device (/dev/hidraw3) or its product's name. Where\n"
    "several are plugged in and none is named, the one that is touched is meant.\n"
    "PINs are asked for on the terminal, never taken from the command line.\n"
    "\n"
    "  --json                   print JSON, for programs\n"
    "  --help, --version        print this text, or the version\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 the keys cannot be\n"
    "listed, 130 interrupted.\n";

struct care {
    struct session *session;
    struct plugged *plugged;
    char *path; /* of the chosen key */
    char *name; /* and its place where another is called the same */
    uint16_t vendor_id, product_id;
};

/* --- what went wrong -------------------------------------------------------------------------- */

static const struct {
    enum pk_status status;
    const char *text;
} explanations[] = {
    {PK_UNAVAILABLE, "The security keys cannot be listed: passkey-authenticator does not run. "
                     "\"passkeyctl check\" says why."},
    {PK_DENIED, "No permission to open the security key: only who sits at this computer, or root, "
                "may."},
    {PK_NO_DEVICE, "No security key is plugged in."},
    {PK_INVALID_INPUT, "The security key does not take this PIN. Choose another: longer, or less "
                       "simple."},
    {PK_PIN_BLOCKED,
     "The PIN of the security key is locked for good. \"passkeyctl key reset\" makes "
     "the key usable again, and forgets every passkey on it."},
    {PK_UNSUPPORTED,
     "The security key cannot do that: it is too old for PINs and resets (U2F only)."},
    {PK_TOUCH_TIMEOUT, "No security key was touched in time. Nothing was changed."},
    {PK_TIMEOUT, "The security key did not answer in time."},
    {PK_CANCELLED, "Given up. Nothing was changed."},
};

static int fail(const struct care *care, enum pk_status status, const char *text)
{
    for (size_t i = 0; !text && i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (explanations[i].status == status)
            text = explanations[i].text;
    return session_fail(care->session, status, text ? text : pk_message_outcome(status));
}

static int done(const struct care *care, const char *text)
{
    if (care->session->line.json)
        print_json(json_pack("{s:b}", "ok", 1));
    else
        (void)printf("%s\n", text);
    return EXIT_DONE;
}

static int fail_without_terminal(const struct care *care, enum pk_status status)
{
    return status == PK_UNAVAILABLE
               ? session_fail(care->session, PK_DENIED, "There is no terminal to ask on.")
               : fail(care, status, NULL);
}

/* --- which key -------------------------------------------------------------------------------- */

static bool is_meant(const struct pk_device *device, const char *wanted)
{
    PK_AUTO_FREE char *place = pk_key_place(device->path);
    PK_AUTO_FREE char *name = pk_message_device_name(device);
    const char *port = place ? strrchr(place, ' ') : NULL;

    return strcmp(wanted, device->path) == 0 || (name && strcmp(wanted, name) == 0) ||
           (place && strcmp(wanted, place) == 0) || (port && strcmp(wanted, port + 1) == 0);
}

static enum pk_status find(const struct pk_devices *list, const char *wanted, size_t *ret_index)
{
    enum pk_status status = PK_NOT_FOUND;

    for (size_t i = 0; i < list->count; i++) {
        if (!is_meant(&list->items[i], wanted))
            continue;
        if (status == PK_OK)
            return PK_EXISTS;
        *ret_index = i;
        status = PK_OK;
    }
    return status;
}

/* One of several, by its touch. *list is those that are plugged in then. */
static enum pk_status select_by_touch(struct care *care, const struct pk_devices **list,
                                      size_t *ret_index)
{
    PK_AUTO_FREE char *path = NULL;
    enum pk_status status;

    (void)fprintf(stderr, "Several security keys are plugged in:\n");
    for (size_t i = 0; i < (*list)->count; i++) {
        PK_AUTO_FREE char *name = key_full_name(&(*list)->items[i]);

        (void)fprintf(stderr, "  %s\n", name ? name : "security key");
    }
    (void)!terminal_info("touch", "Touch the one that is meant. (Ctrl-C gives up.)");
    status = plugged_select(care->plugged, &path);
    if (status == PK_OK)
        status = plugged_list(care->plugged, list);
    if (status == PK_OK && find(*list, path, ret_index) != PK_OK)
        status = PK_DEVICE_REMOVED;
    return status;
}

static enum pk_status take(struct care *care, const struct pk_device *device)
{
    care->path = strdup(device->path);
    care->name = key_full_name(device);
    care->vendor_id = device->vendor_id;
    care->product_id = device->product_id;
    return care->path && care->name ? PK_OK : PK_NO_MEMORY;
}

/* *ret_code: the exit code where it fails. */
static bool choose(struct care *care, int *ret_code)
{
    const char *wanted = care->session->line.arguments[0];
    const struct pk_devices *list = NULL;
    const char *text = NULL;
    size_t index = 0;
    enum pk_status status = plugged_list(care->plugged, &list);

    if (status == PK_OK && list->count == 0) {
        status = PK_NO_DEVICE;
    } else if (status == PK_OK && wanted) {
        status = find(list, wanted, &index);
        if (status == PK_NOT_FOUND)
            text = "No such security key is plugged in. \"passkeyctl key list\" shows them.";
        else if (status == PK_EXISTS)
            text = "More than one security key is called that. Name its place: \"passkeyctl key "
                   "list\" shows it.";
    } else if (status == PK_OK && list->count > 1) {
        status = select_by_touch(care, &list, &index);
    }
    if (status == PK_OK)
        status = take(care, &list->items[index]);
    if (status != PK_OK)
        *ret_code = fail(care, status, text);
    return status == PK_OK;
}

static enum pk_status ask_state(struct care *care, const char *path, struct pk_key_state *ret)
{
    PK_AUTO_FRAME struct pk_frame request = {.type = PK_FRAME_KEY_INFO};
    struct pk_frame answer = {0};
    enum pk_status status;

    request.key.path = strdup(path);
    if (!request.key.path)
        return PK_NO_MEMORY;
    status = plugged_ask(care->plugged, &request, NULL, &answer);
    if (status == PK_OK)
        *ret = answer.key_state;
    return status;
}

/* --- list and info ---------------------------------------------------------------------------- */

static int list(struct care *care)
{
    struct pk_devices devices = {0};
    json_t *array = NULL;
    enum pk_status status = plugged_copy(care->plugged, &devices);

    if (status != PK_OK)
        return fail(care, status, NULL);
    array = json_array();
    for (size_t i = 0; i < devices.count; i++) {
        struct pk_key_state state = {0};

        status = ask_state(care, devices.items[i].path, &state);
        if (status == PK_CANCELLED)
            break;
        if (care->session->line.json)
            (void)json_array_append_new(array, key_json(&devices.items[i], status, &state));
        else
            key_print_short(&devices.items[i], status, &state);
    }
    if (devices.count == 0 && !care->session->line.json)
        (void)fprintf(stderr, "No security key is plugged in.\n");
    plugged_devices_clear(&devices);
    if (care->session->line.json && status != PK_CANCELLED)
        print_json(array);
    else
        json_decref(array);
    return status == PK_CANCELLED ? fail(care, status, NULL) : EXIT_DONE;
}

static int info(struct care *care)
{
    const struct pk_devices *devices = NULL;
    struct pk_key_state state = {0};
    size_t index = 0;
    enum pk_status status = ask_state(care, care->path, &state);

    if (status == PK_OK)
        status = plugged_list(care->plugged, &devices);
    if (status == PK_OK && find(devices, care->path, &index) != PK_OK)
        status = PK_DEVICE_REMOVED;
    if (status != PK_OK)
        return fail(care, status, NULL);
    if (care->session->line.json)
        print_json(key_json(&devices->items[index], PK_OK, &state));
    else
        key_print_all(&devices->items[index], &state);
    return EXIT_DONE;
}

/* --- the PIN ---------------------------------------------------------------------------------- */

/* Asks until something comes that can be a PIN of this key. */
static enum pk_status ask_pin(const struct care *care, const char *question, size_t least,
                              struct pk_secret *ret)
{
    for (;;) {
        PK_AUTO_SECRET struct pk_secret typed = {0};
        PK_AUTO_FREE char *text = NULL;
        enum pk_status status = terminal_ask_secret(&care->session->terminal, question, &typed);

        if (status == PK_OK && typed.len == 0)
            return PK_CANCELLED;
        if (status == PK_OK)
            status = pk_pin_normalize(&typed, least, ret);
        if (status != PK_TRUNCATED && status != PK_TOO_LARGE && status != PK_INVALID_INPUT)
            return status;
        text = pk_pin_complaint(status, least);
        (void)!terminal_error(text ? text : "That cannot be a PIN.");
    }
}

static enum pk_status ask_new_pin(const struct care *care, size_t least, struct pk_secret *ret)
{
    PK_AUTO_FREE char *question = pk_text_format(
        "New PIN for \"%s\", at least %zu characters: ", care->name, pk_pin_least(least));

    for (;;) {
        PK_AUTO_SECRET struct pk_secret first = {0};
        PK_AUTO_SECRET struct pk_secret second = {0};
        enum pk_status status = question ? ask_pin(care, question, least, &first) : PK_NO_MEMORY;

        if (status == PK_OK)
            status = ask_pin(care, "The same once more: ", PK_PIN_MIN, &second);
        if (status != PK_OK)
            return status;
        if (pk_view_equal(pk_secret_view(&first), pk_secret_view(&second))) {
            *ret = first;
            first = (struct pk_secret){0};
            return PK_OK;
        }
        (void)!terminal_error("That was not the same.");
    }
}

/* The last tries are confirmed: after them the key is locked for good. */
static enum pk_status confirm_try(const struct care *care, unsigned tries)
{
    PK_AUTO_FREE char *question = NULL;
    enum pk_status status;

    if (tries > LAST_TRIES)
        return PK_OK;
    question =
        pk_text_format("Only %u PIN %s left on \"%s\"; after that it is locked for good. Go on?",
                       tries, tries == 1 ? "try is" : "tries are", care->name);
    status = question ? terminal_confirm(&care->session->terminal, question) : PK_NO_MEMORY;
    return status == PK_DENIED ? PK_CANCELLED : status;
}

static int set(struct care *care, const struct pk_secret *pin, const struct pk_secret *new_pin)
{
    PK_AUTO_FRAME struct pk_frame request = {.type = PK_FRAME_SET_PIN};
    struct pk_frame answer = {0};
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = pk_text_copy(care->path, &request.key.path);

    if (status == PK_OK)
        status = pk_secret_copy(pk_secret_view(pin), &request.key.pin);
    if (status == PK_OK)
        status = pk_secret_copy(pk_secret_view(new_pin), &request.key.new_pin);
    if (status == PK_OK)
        status = plugged_ask(care->plugged, &request, NULL, &answer);
    if (status == PK_PIN_INVALID && answer.failure.pin_tries != KEY_TRIES_UNKNOWN)
        text =
            pk_text_format("Wrong PIN: %u %s left. Nothing was changed.", answer.failure.pin_tries,
                           answer.failure.pin_tries == 1 ? "try" : "tries");
    if (status != PK_OK)
        return fail(care, status, text);
    return done(care, pin->len > 0 ? "The security key has its new PIN."
                                   : "The security key has its PIN.");
}

static int set_pin(struct care *care)
{
    static const struct pk_secret none = {0};
    PK_AUTO_SECRET struct pk_secret new_pin = {0};
    struct pk_key_state state = {0};
    enum pk_status status = ask_state(care, care->path, &state);

    if (status == PK_OK && !state.pin_supported)
        status = PK_UNSUPPORTED;
    if (status == PK_OK && state.pin_set)
        return fail(care, PK_EXISTS,
                    "The security key has a PIN. \"passkeyctl key change-pin\" sets another.");
    if (status == PK_OK)
        status = ask_new_pin(care, state.pin_min, &new_pin);
    return status == PK_OK ? set(care, &none, &new_pin) : fail_without_terminal(care, status);
}

static int change_pin(struct care *care)
{
    PK_AUTO_SECRET struct pk_secret pin = {0};
    PK_AUTO_SECRET struct pk_secret new_pin = {0};
    PK_AUTO_FREE char *question =
        pk_text_format("PIN that the security key \"%s\" has now: ", care->name);
    struct pk_key_state state = {0};
    enum pk_status status = question ? ask_state(care, care->path, &state) : PK_NO_MEMORY;

    if (status == PK_OK && !state.pin_supported)
        status = PK_UNSUPPORTED;
    if (status == PK_OK && !state.pin_set)
        return fail(care, PK_PIN_NOT_SET,
                    "The security key has no PIN yet. \"passkeyctl key set-pin\" sets one.");
    if (status == PK_OK && state.pin_tries == 0)
        status = PK_PIN_BLOCKED;
    if (status == PK_OK)
        status = confirm_try(care, state.pin_tries);
    /* It may be shorter than what the key demands by now: that may be why it is changed. */
    if (status == PK_OK)
        status = ask_pin(care, question, PK_PIN_MIN, &pin);
    if (status == PK_OK)
        status = ask_new_pin(care, state.pin_min, &new_pin);
    return status == PK_OK ? set(care, &pin, &new_pin) : fail_without_terminal(care, status);
}

/* --- reset ------------------------------------------------------------------------------------ */

static bool is_of_model(const struct care *care, const struct pk_device *device)
{
    return device->vendor_id == care->vendor_id && device->product_id == care->product_id;
}

static bool is_gone(void *data, const struct pk_devices *list)
{
    const struct care *care = data;

    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, care->path) == 0)
            return false;
    return true;
}

/* Those of its model that stay in are not to be taken for it. */
struct others {
    struct care *care;
    struct pk_strings paths;
};

static bool is_back(void *data, const struct pk_devices *list)
{
    struct others *others = data;

    for (size_t i = 0; i < list->count; i++) {
        const struct pk_device *device = &list->items[i];
        bool stayed = false;

        for (size_t j = 0; j < others->paths.count; j++)
            stayed = stayed || strcmp(others->paths.items[j], device->path) == 0;
        if (stayed || !is_of_model(others->care, device))
            continue;
        free(others->care->path);
        others->care->path = strdup(device->path);
        return others->care->path != NULL;
    }
    return false;
}

static enum pk_status await_replugging(struct care *care)
{
    struct others others = {.care = care};
    const struct pk_devices *devices = NULL;
    enum pk_status status;

    (void)!terminal_info("", "Pull this security key out now.");
    status = plugged_wait(care->plugged, REPLUG_SECONDS, is_gone, care);
    if (status == PK_OK)
        status = plugged_list(care->plugged, &devices);
    for (size_t i = 0; status == PK_OK && i < devices->count; i++)
        status = pk_strings_add(&others.paths, devices->items[i].path);
    if (status == PK_OK)
        (void)!terminal_info(
            "", "Plug it in again, and touch it: it takes a reset only within 10 seconds "
                "of being plugged in.");
    if (status == PK_OK)
        status = plugged_wait(care->plugged, REPLUG_SECONDS, is_back, &others);
    pk_strings_clear(&others.paths);
    return status;
}

static bool never(void *data, const struct pk_devices *list)
{
    (void)data, (void)list;
    return false;
}

/* Once it is plugged in, the permission to open it may take a moment to be given. */
static enum pk_status ask_reset(struct care *care)
{
    enum pk_status status = PK_DENIED;

    for (unsigned i = 0; i < 4 && (status == PK_DENIED || status == PK_NO_DEVICE); i++) {
        PK_AUTO_FRAME struct pk_frame request = {.type = PK_FRAME_RESET};
        struct pk_frame answer = {0};

        if (i > 0) {
            status = plugged_wait(care->plugged, 1, never, NULL);
            if (status != PK_TIMEOUT)
                return status;
        }
        status = pk_text_copy(care->path, &request.key.path);
        if (status == PK_OK)
            status = plugged_ask(care->plugged, &request,
                                 "Touch the security key to reset it. (Ctrl-C gives up.)", &answer);
    }
    return status;
}

static int reset(struct care *care)
{
    PK_AUTO_FREE char *question = pk_text_format(
        "A reset makes \"%s\" forget its PIN and EVERY passkey on it, of every site and\n"
        "computer, for good. Where you have no other way to sign in you are locked out.\n"
        "Type the word \"%s\" to go on, anything else to stop: ",
        care->name, RESET_WORD);
    PK_AUTO_FREE char *answer = NULL;
    enum pk_status status =
        question ? terminal_ask(&care->session->terminal, question, &answer) : PK_NO_MEMORY;

    if (status != PK_OK)
        return fail_without_terminal(care, status);
    if (strcmp(answer, RESET_WORD) != 0)
        return fail(care, PK_CANCELLED, "Nothing was reset.");
    status = await_replugging(care);
    if (status == PK_TIMEOUT)
        return fail(care, status, "The security key was not plugged in again. Nothing was reset.");
    if (status == PK_OK)
        status = ask_reset(care);
    if (status == PK_OPERATION_DENIED || status == PK_TOUCH_TIMEOUT)
        return fail(care, status,
                    "The security key refused. It takes a reset only within 10 seconds of being "
                    "plugged in, and with a touch: try again. Nothing was reset.");
    if (status != PK_OK)
        return fail(care, status, NULL);
    return done(care,
                "The security key is as it was when it was new. \"passkeyctl key set-pin\" gives "
                "it a PIN.");
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool one; /* of the keys: it is chosen first */
    int (*run)(struct care *care);
} commands[] = {
    {"list", false, list},      {"info", true, info},
    {"set-pin", true, set_pin}, {"change-pin", true, change_pin},
    {"reset", true, reset},
};

static int run(struct session *session, size_t which)
{
    struct care care = {.session = session};
    int code = EXIT_REFUSED;
    enum pk_status status = terminal_prepare(&session->terminal);

    if (status == PK_OK)
        status = plugged_open(&session->terminal, &care.plugged);
    if (status != PK_OK)
        code = fail(&care, status, NULL);
    else if (!commands[which].one || choose(&care, &code))
        code = commands[which].run(&care);
    plugged_close(care.plugged);
    free(care.path);
    free(care.name);
    return code;
}

static int wrong_usage(int argc, char **argv, const char *what, const char *which)
{
    PK_AUTO_FREE char *shown = pk_text_printable(which, 64);
    PK_AUTO_FREE char *text = pk_text_format("%s%s", what, shown ? shown : "");

    return command_line_fail("passkeyctl", command_line_wants_json(argc, argv), text ? text : what);
}

int command_key(int argc, char **argv)
{
    AUTO_SESSION struct session session = {.terminal.cancel_fd = -1};

    for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[2], commands[i].name) != 0)
            continue;
        argv[2] = argv[0];
        command_line_parse(argc - 2, argv + 2, 0, usage, &session.line);
        if (session.line.argument_count <= (commands[i].one ? 1 : 0))
            return run(&session, i);
        return wrong_usage(argc, argv, "too many arguments for key ", commands[i].name);
    }
    if (argc > 2 && argv[2][0] == '-') {
        argv[1] = argv[0];
        command_line_parse(argc - 1, argv + 1, 0, usage, &session.line); /* --help ends here */
    }
    if (argc > 2 && argv[2][0] != '-')
        return wrong_usage(argc, argv, "unknown command: key ", argv[2]);
    return wrong_usage(argc, argv, "a command is expected behind key", "");
}
