/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/phone_ceremony.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/keys/deadlines.h"
#include "common/keys/qr_code.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define START_SECONDS   15 /* for the bus, the adapters and the first code */
#define CONNECT_SECONDS 45 /* from the advert to the request: three parts of 15 seconds */
#define GOODBYE_SECONDS 3  /* that the process has to end, once it has said its last */
#define SLACK_SECONDS   2  /* the process's own deadlines, which say more, come first */
#define CODE_BEGIN      "FIDO:/"
#define NO_PATH         "phone" /* in the place of a key's */
#define CONNECTS_MAX    3       /* handshakes that may fail */

/* How far it has got. */
enum phase {
    STARTING,
    SHOWN, /* the code may be read */
    HEARD, /* a phone has read it, and is being connected */
    ASKED, /* it has the request */
    OVER,
};

enum deadline {
    NEXT_PHASE,
    DEADLINES,
};

struct pk_phone_ceremony {
    struct pk_keys *keys;
    struct pk_dialogue person;
    const struct pk_phone_ceremony_ops *ops;
    void *data;
    char *purpose;
    bool on_light;
    enum phase phase;
    enum pk_frame_type answer;  /* that is due: ASSERTION or CREDENTIAL */
    int64_t code_ends;          /* milliseconds: when the code is too old to be heard of */
    unsigned connects;          /* how often it said so */
    struct pk_key_claim *place; /* of the payer; NULL: it is over */
    struct pk_helper *helper;   /* NULL: it is gone */
    struct pk_deadlines deadlines;
    bool released; /* by the caller, while the process is being ended */
};

static void destroy(struct pk_phone_ceremony *ceremony)
{
    if (ceremony->place)
        pk_key_claim_free(ceremony->place);
    pk_deadlines_clear(&ceremony->deadlines);
    free(ceremony->purpose);
    free(ceremony);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* The payer may begin another one from here on. */
static void close_down(struct pk_phone_ceremony *ceremony)
{
    ceremony->phase = OVER;
    pk_deadlines_stop_all(&ceremony->deadlines);
    pk_key_claim_free(pk_steal(ceremony->place));
}

static void fail(struct pk_phone_ceremony *ceremony, enum pk_status why)
{
    if (ceremony->phase == OVER)
        return;
    close_down(ceremony);
    ceremony->ops->failed(ceremony->data, why);
}

static void fail_and_kill(struct pk_phone_ceremony *ceremony, enum pk_status why)
{
    pk_helper_kill(ceremony->helper);
    fail(ceremony, why);
}

void pk_phone_ceremony_give_up(struct pk_phone_ceremony *ceremony)
{
    if (ceremony->phase != OVER)
        pk_helper_cancel(ceremony->helper);
    fail(ceremony, PK_CANCELLED);
}

void pk_phone_ceremony_free(struct pk_phone_ceremony *ceremony)
{
    if (!ceremony->helper) {
        destroy(ceremony);
        return;
    }
    if (ceremony->phase != OVER) {
        close_down(ceremony);
        pk_helper_cancel(ceremony->helper);
    }
    ceremony->released = true; /* on_exited() destroys it */
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void on_deadline(void *data)
{
    struct pk_phone_ceremony *ceremony = data;
    enum phase phase = ceremony->phase;

    fail_and_kill(ceremony, phase == SHOWN   ? PK_PHONE_NOT_HEARD
                            : phase == ASKED ? PK_TIMEOUT
                                             : PK_PHONE_TUNNEL);
}

static pk_deadline_handler *const deadline_handlers[DEADLINES] = {[NEXT_PHASE] = on_deadline};

static void enter(struct pk_phone_ceremony *ceremony, enum phase phase, int64_t milliseconds)
{
    ceremony->phase = phase;
    pk_deadlines_restart(&ceremony->deadlines, NEXT_PHASE,
                         milliseconds + (int64_t)SLACK_SECONDS * 1000);
}

/* --- what the person sees --------------------------------------------------------------------- */

static bool is_code(const struct pk_secret *code)
{
    size_t begin = strlen(CODE_BEGIN);

    if (code->len <= begin || memcmp(code->data, CODE_BEGIN, begin) != 0)
        return false;
    for (size_t i = begin; i < code->len; i++)
        if (code->data[i] < '0' || code->data[i] > '9')
            return false;
    return true;
}

static enum pk_status show_code(const struct pk_phone_ceremony *ceremony,
                                const struct pk_secret *code)
{
    char content[PK_SECRET_MAX + 1] = "";
    char *picture;
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *act = pk_text_format("Approve on your phone %s", ceremony->purpose);

    (void)memcpy(content, code->data, code->len);
    picture = pk_qr_code_text(content, ceremony->on_light);
    explicit_bzero(content, sizeof(content));
    /* A line of text first: ssh writes whom it asks for before the first one. */
    if (picture)
        text = pk_text_format("Read this with the camera of your phone, its Bluetooth on:\n%s",
                              picture);
    if (picture)
        explicit_bzero(picture, strlen(picture));
    free(picture);
    if (!text || !act)
        return PK_NO_MEMORY;
    ceremony->person.ops->info(ceremony->person.data, "qr-code", text);
    explicit_bzero(text, strlen(text));
    ceremony->person.ops->info(ceremony->person.data, "phone", act);
    return PK_OK;
}

static void on_code(struct pk_phone_ceremony *ceremony, const struct pk_secret *code)
{
    enum pk_status status = is_code(code) ? show_code(ceremony, code) : PK_PHONE_TUNNEL;

    if (status) {
        fail_and_kill(ceremony, status);
        return;
    }
    ceremony->code_ends = pk_clock_monotonic_ms() + (int64_t)PK_PHONE_CODE_SECONDS * 1000;
    enter(ceremony, SHOWN, (int64_t)PK_PHONE_CODE_SECONDS * 1000);
}

/*
 * After an advert that leads nowhere others are listened for, as long as the code is good. To say
 * so again gives no more time.
 */
static void on_heard(struct pk_phone_ceremony *ceremony, uint16_t service)
{
    int64_t left = ceremony->code_ends - pk_clock_monotonic_ms();
    int64_t connect = (int64_t)CONNECT_SECONDS * 1000;

    if (ceremony->ops->connects && ceremony->connects < CONNECTS_MAX)
        ceremony->ops->connects(ceremony->data, service);
    ceremony->connects++;
    if (ceremony->phase != SHOWN)
        return;
    ceremony->person.ops->info(ceremony->person.data, "phone-heard",
                               "Your phone is near. It is being connected.");
    enter(ceremony, HEARD, left > connect ? left : connect);
}

static void on_asked(struct pk_phone_ceremony *ceremony)
{
    ceremony->person.ops->info(ceremony->person.data, "phone-asked",
                               "Your phone is connected. Approve there.");
    enter(ceremony, ASKED, (int64_t)PK_PHONE_ANSWER_SECONDS * 1000);
}

/* --- the process ------------------------------------------------------------------------------ */

static bool in_order(const struct pk_phone_ceremony *ceremony, const struct pk_frame *frame)
{
    enum phase phase = ceremony->phase;

    switch (frame->type) {
    case PK_FRAME_PHONE_CODE:
        return phase == STARTING;
    case PK_FRAME_PHONE_STEP:
        return frame->phone_step.step == PK_PHONE_STEP_HEARD ? phase == SHOWN || phase == HEARD
                                                             : phase == HEARD;
    case PK_FRAME_ASSERTION:
        return phase == ASKED && ceremony->answer == frame->type && frame->assertion.count == 1;
    case PK_FRAME_CREDENTIAL:
        return phase == ASKED && ceremony->answer == frame->type;
    case PK_FRAME_FAILED:
        return true;
    default:
        return false;
    }
}

/* What it may say of a phone; anything else would be told as if it were of something else. */
static enum pk_status failure_of(enum pk_status said)
{
    switch (said) {
    case PK_NO_MEMORY:
    case PK_TIMEOUT:
    case PK_UNAVAILABLE:
    case PK_UNSUPPORTED:
    case PK_UV_INVALID:
    case PK_UV_BLOCKED:
    case PK_KEY_STORE_FULL:
    case PK_KEY_CANNOT_VERIFY:
    case PK_KEY_CANNOT_STORE:
    case PK_KEY_ALGORITHM:
        return said;
    default:
        return said >= PK_PHONE_NO_ADAPTER && said <= PK_PHONE_TOO_OLD ? said : PK_PHONE_TUNNEL;
    }
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct pk_phone_ceremony *ceremony = data;
    pk_keys_log *log = pk_keys_setup(ceremony->keys)->log;

    if (ceremony->phase == OVER)
        return;
    if (!in_order(ceremony, frame)) {
        log(LOG_WARNING, "[%s] phone: frame %d out of order", ceremony->person.id,
            (int)frame->type);
        fail_and_kill(ceremony, PK_PHONE_TUNNEL);
        return;
    }
    switch (frame->type) {
    case PK_FRAME_PHONE_CODE:
        on_code(ceremony, &frame->phone_code);
        break;
    case PK_FRAME_PHONE_STEP:
        if (frame->phone_step.step == PK_PHONE_STEP_HEARD)
            on_heard(ceremony, frame->phone_step.service);
        else
            on_asked(ceremony);
        break;
    case PK_FRAME_FAILED:
        pk_helper_set_lifetime(ceremony->helper, GOODBYE_SECONDS);
        log(LOG_INFO, "[%s] phone: %s (%d)", ceremony->person.id,
            pk_status_name(frame->failure.status), (int)frame->failure.detail);
        fail(ceremony, failure_of(frame->failure.status));
        break;
    default:
        pk_helper_set_lifetime(ceremony->helper, GOODBYE_SECONDS);
        close_down(ceremony);
        ceremony->ops->answered(ceremony->data, frame);
    }
}

static void on_exited(void *data)
{
    struct pk_phone_ceremony *ceremony = data;
    int wait_status = pk_helper_wait_status(ceremony->helper);

    if (ceremony->phase != OVER) {
        pk_keys_setup(ceremony->keys)
            ->log(LOG_ERR, "[%s] %s ends without an answer (wait status %d)", ceremony->person.id,
                  pk_keys_setup(ceremony->keys)->phone_program, wait_status);
        fail(ceremony, ceremony->phase == STARTING ? PK_UNAVAILABLE : PK_PHONE_TUNNEL);
    }
    ceremony->helper = NULL; /* only now: whoever has just been told may release it */
    if (ceremony->released)
        destroy(ceremony);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Nobody waits for the place: it is free, or the ceremony does not begin. */
static void on_granted(void *data)
{
    (void)data;
}

static enum pk_status take_place(struct pk_phone_ceremony *ceremony, const char *payer)
{
    PK_AUTO_FREE char *path = pk_text_format("phone for %s", payer);

    if (!path)
        return PK_NO_MEMORY;
    if (pk_key_is_claimed(ceremony->keys, path))
        return PK_BUSY;
    ceremony->place = pk_key_claim_new(ceremony->keys, path, on_granted, NULL);
    return ceremony->place ? PK_OK : PK_NO_MEMORY;
}

/* Longer than all its deadlines here: they say more of what was awaited. */
static enum pk_status start(struct pk_phone_ceremony *ceremony)
{
    static const struct pk_helper_ops ops = {on_frame, on_exited};
    static const unsigned lifetime = START_SECONDS + PK_PHONE_CODE_SECONDS + CONNECT_SECONDS +
                                     PK_PHONE_ANSWER_SECONDS + 5 * SLACK_SECONDS;
    enum pk_status status =
        pk_keys_phone_new(ceremony->keys, lifetime, &ops, ceremony, &ceremony->helper);

    if (status) /* no process, or no memory for it */
        return PK_UNAVAILABLE;
    enter(ceremony, STARTING, (int64_t)START_SECONDS * 1000);
    return PK_OK;
}

static enum pk_status prepare(struct pk_phone_ceremony *ceremony,
                              const struct pk_phone_request *request)
{
    enum pk_status status = take_place(ceremony, request->payer);

    ceremony->on_light = request->on_light;
    if (!status)
        status = pk_text_copy(request->purpose, &ceremony->purpose);
    if (!status)
        status = pk_deadlines_init(&ceremony->deadlines, pk_keys_setup(ceremony->keys)->base,
                                   deadline_handlers, DEADLINES, ceremony);
    return status ? status : start(ceremony);
}

enum pk_status pk_phone_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     const struct pk_phone_request *request, struct pk_frame *asked,
                                     const struct pk_phone_ceremony_ops *ops, void *data,
                                     struct pk_phone_ceremony **ret)
{
    PK_AUTO_FRAME struct pk_frame frame = *asked;
    struct pk_phone_ceremony *ceremony;
    enum pk_status status;

    *asked = (struct pk_frame){0};
    if (!pk_keys_setup(keys)->phone_program)
        return PK_UNAVAILABLE;
    free(frame.get_assertion.path); /* first in both requests */
    frame.get_assertion.path = strdup(NO_PATH);
    ceremony = frame.get_assertion.path ? calloc(1, sizeof(*ceremony)) : NULL;
    if (!ceremony)
        return PK_NO_MEMORY;
    *ceremony = (struct pk_phone_ceremony){
        .keys = keys,
        .person = *person,
        .ops = ops,
        .data = data,
        .answer = frame.type == PK_FRAME_GET_ASSERTION ? PK_FRAME_ASSERTION : PK_FRAME_CREDENTIAL,
    };
    status = prepare(ceremony, request);
    if (status) {
        destroy(ceremony);
        return status;
    }
    pk_helper_send(ceremony->helper,
                   &(struct pk_frame){.type = PK_FRAME_PHONE_SETUP,
                                      .phone_setup = *pk_keys_setup(keys)->phone});
    pk_helper_send(ceremony->helper, &frame);
    *ret = ceremony;
    return PK_OK;
}
