/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to a link while it is open, in every order of two events, and of ORDER_MAX where an
 * answer comes first: nobody is let in after a refusal, and a code that a page shows is one that
 * its terminal takes. PASSKEYD_ORDER_MAX in the environment: every order of up to so many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/begin_enrollment.h"
#include "tests/unit/browser_answers.h"

#include "daemon/bus/methods.h"
#include "daemon/dialogue/conversation.h"

#include <stdlib.h>
#include <string.h>

#define ORDER_MAX 3
#define ORDER_END 8
#define ELSEWHERE ":1.9" /* the gateway's name on the bus */

enum kind { OPEN, CONCEALED, ENROLMENT };

enum happening {
    ANSWERED,
    FORGED, /* an answer that is none: of another origin */
    JUDGED, /* what workers have to do is done */
    DISOWNED,
    RIGHT, /* the page's code is typed, and any where it shows none */
    WRONG,
    ENTER,
    CANCELLED,
    CALLER_LEFT,
    GATEWAY_LEFT,
    EXPIRED,
    STORE_FAILED,
    EVENTS,
};

static const char *const event_names[] = {
    "answered", "forged",    "judged",      "disowned",     "right code", "wrong code",
    "enter",    "cancelled", "caller left", "gateway left", "expired",    "store failed",
};

static struct walk {
    enum kind kind;
    struct soft_key key;
    bool typing;            /* what was typed has not been answered */
    char said[16], why[64]; /* at the terminal, last */
    unsigned taken;         /* answers of browsers */
    unsigned told;          /* of these, what came of it */
    bool gateway_left;
    bool ended;   /* nobody may be let in any more */
    bool may_end; /* as far as this test knows */
    unsigned successes;
} walk;

/* --- the terminal ----------------------------------------------------------------------------- */

static bool on_said(struct call *call, const struct value *body)
{
    static const char *const words[] = {"event", "reason", "result"};

    (void)call;
    walk.typing = false;
    (void)snprintf(walk.said, sizeof(walk.said), "%s", body->items[0].text);
    walk.why[0] = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (value_find(&body->items[2], words[i]))
            (void)snprintf(walk.why, sizeof(walk.why), "%s",
                           value_find_text(&body->items[2], words[i], ""));
    return true;
}

static void on_no_conversation(struct call *call, const char *error, const char *text)
{
    (void)call, (void)error, (void)text;
    walk.typing = false;
    (void)snprintf(walk.said, sizeof(walk.said), "gone");
}

static bool is_over(void)
{
    return strcmp(walk.said, "done") == 0 || strcmp(walk.said, "gone") == 0;
}

static void say(const char *text)
{
    static const struct call_ops ops = {on_said, on_no_conversation};
    struct call *call = call_from(0, SENDER);

    call->ops = &ops;
    assert_non_null(value_add_array(&call->arguments, "{sv}"));
    if (text)
        value_dict_text(&call->arguments.items[0], "text", text);
    walk.typing = true;
    conversation_next(bare_daemon(), call);
}

/* What is said until something is asked, or nothing more comes for now. */
static void hear(void)
{
    while (!walk.typing && !is_over() && strcmp(walk.said, "ask") != 0)
        say(NULL);
    if (strcmp(walk.said, "done") != 0)
        return;
    if (strcmp(walk.why, "ok") == 0) {
        assert_false(walk.ended);
        walk.successes++;
    }
    walk.ended = true;
    (void)snprintf(walk.said, sizeof(walk.said), "gone");
}

static void enter_text(const char *text)
{
    if (walk.typing || is_over())
        return;
    assert_string_equal(walk.said, "ask");
    if (strcmp(walk.why, "name") == 0)
        text = "";
    walk.said[0] = '\0';
    say(text);
    hear();
}

/* --- the browser ------------------------------------------------------------------------------ */

static bool on_told(struct call *call, const struct value *body)
{
    (void)call, (void)body;
    walk.told++;
    return true;
}

static void on_told_error(struct call *call, const char *error, const char *text)
{
    (void)call, (void)error, (void)text;
    walk.told++;
}

/* Keeps the code that the page shows. false: the link has been answered, or is over. */
static bool look(void)
{
    json_t *page = found() ? link_json(found()) : NULL;
    const char *shown = json_string_value(json_object_get(page, "code"));
    const char *stage = json_string_value(json_object_get(page, "stage"));
    bool is_new = stage && (strcmp(stage, "new") == 0 || strcmp(stage, "begun") == 0);

    free(code);
    code = shown ? strdup(shown) : NULL;
    json_decref(page);
    return is_new;
}

static void give_answer(const char *origin)
{
    static const struct call_ops ops = {on_told, on_told_error};
    PK_AUTO_FREE char *json = NULL;
    json_t *options;
    struct call *call;

    if (!look())
        return;
    options = begin();
    json = answer(options, &walk.key, origin);
    json_decref(options);
    call = call_from(GATEWAY, ELSEWHERE);
    call->ops = &ops;
    walk.taken++;
    assert_status(link_answer(found(), call, json), PK_OK);
}

/* --- the events ------------------------------------------------------------------------------- */

static enum pk_status no_use(struct store *store, struct pk_view credential_id,
                             const struct credential_use *use)
{
    (void)store, (void)credential_id, (void)use;
    return PK_STORAGE;
}

static enum pk_status no_insert(struct store *store, const struct credential *credential,
                                size_t max_per_account, struct pk_view ticket_hash)
{
    (void)store, (void)credential, (void)max_per_account, (void)ticket_hash;
    return PK_STORAGE;
}

static void disown(void)
{
    if (!found())
        return;
    link_disown(found());
    assert_null(found());
    walk.ended = walk.may_end = true;
}

static void end_by(enum happening what)
{
    if (what == CANCELLED)
        cancel();
    else if (what == CALLER_LEFT)
        conversations_vanished(bare_daemon()->conversations, SENDER);
    else
        skip_time(PK_LINK_LIFETIME + 1);
    walk.may_end = true;
    walk.ended = walk.ended || what != EXPIRED || !found();
}

static void happen(enum happening what)
{
    (void)look();
    switch (what) {
    case ANSWERED:
        give_answer(ORIGIN);
        break;
    case FORGED:
        give_answer("https://" RP_ID);
        walk.may_end = true;
        break;
    case JUDGED:
        let_pass(200);
        break;
    case DISOWNED:
        disown();
        break;
    case RIGHT:
        enter_text(code ? code : "00 00-00");
        break;
    case WRONG:
        enter_text("0");
        break;
    case ENTER:
        walk.may_end = true;
        enter_text("");
        break;
    case GATEWAY_LEFT:
        walk.gateway_left = true;
        links_vanished(bare_daemon()->links, ELSEWHERE);
        break;
    case STORE_FAILED:
        walk.may_end = true;
        store_verbs()->use = no_use;
        store_verbs()->insert = no_insert;
        break;
    case CANCELLED:
    case CALLER_LEFT:
    case EXPIRED:
    case EVENTS:
        end_by(what);
        break;
    }
    hear();
}

/* --- a walk ---------------------------------------------------------------------------------- */

static void start(enum kind kind)
{
    void *state = NULL;

    assert_int_equal(browser_set_up(&state), 0);
    walk.kind = kind;
    walk.typing = walk.gateway_left = walk.ended = walk.may_end = false;
    walk.taken = walk.told = walk.successes = 0;
    walk.said[0] = '\0';
    if (kind == ENROLMENT) {
        begin_enrollment(&(struct wish){.methods = {{PK_METHOD_BROWSER}, 1}});
    } else {
        give_key(&walk.key, "alice", ALICE, RP_ID);
        open_sign_in(0, &(struct sign_in_request){.user = "alice",
                                                  .rhost = "elsewhere",
                                                  .ruser = kind == OPEN ? "alice" : NULL,
                                                  .methods = {{PK_METHOD_BROWSER}, 1}});
    }
    read_link();
    (void)snprintf(walk.said, sizeof(walk.said), "ask");
    (void)snprintf(walk.why, sizeof(walk.why), "browser");
}

/* Whoever is at the terminal and has the link goes on, where nothing ended it. */
static void go_on(void)
{
    let_pass(200);
    hear();
    give_answer(ORIGIN);
    let_pass(200);
    hear();
    (void)look();
    for (unsigned i = 0; i < 2; i++) { /* the code, and a name */
        enter_text(code ? code : "");
        let_pass(200);
        hear();
    }
    if (!walk.may_end)
        assert_int_equal(walk.successes, 1);
    if (walk.kind == ENROLMENT)
        assert_int_equal(passkeys(), walk.successes);
}

static void end(void)
{
    void *state = NULL;

    cancel();
    let_pass(200);
    assert_null(found());
    assert_int_equal(challenges(), 0);
    assert_true(walk.successes <= 1);
    if (!walk.gateway_left)
        assert_int_equal(walk.told, walk.taken);
    assert_int_equal(browser_tear_down(&state), 0);
}

static struct order {
    enum happening what[ORDER_END];
    size_t count;
} order; /* the last one */

static void try_order(enum kind kind)
{
    start(kind);
    for (size_t i = 0; i < order.count; i++)
        happen(order.what[i]);
    go_on();
    end();
}

static size_t longest(void)
{
    const char *wanted = getenv("PASSKEYD_ORDER_MAX");

    if (wanted && *wanted > '0' && *wanted <= '0' + ORDER_END)
        return (size_t)(*wanted - '0');
    return order.count > 0 && order.what[0] == ANSWERED ? ORDER_MAX : 2;
}

static void try_orders(enum kind kind)
{
    if (order.count > 0)
        try_order(kind);
    if (order.count >= longest())
        return;
    for (enum happening next = 0; next < EVENTS; next++) {
        bool there = false;

        for (size_t i = 0; i < order.count; i++)
            there = there || order.what[i] == next;
        if (there)
            continue;
        order.what[order.count++] = next;
        try_orders(kind);
        order.count--;
    }
}

static void every_order(void **state)
{
    const enum kind *kind = *state;

    order.count = 0;
    walk.key = soft_key_new(ES256, "blue");
    try_orders(*kind);
    soft_key_free(&walk.key);
}

/* Where all is well, none is left. */
static int say_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < order.count; i++)
        print_message("%s%s", i > 0 ? ", " : "in the order: ", event_names[order.what[i]]);
    print_message("%s", order.count > 0 ? "\n" : "");
    return 0;
}

int main(void)
{
    static enum kind kinds[] = {OPEN, CONCEALED, ENROLMENT};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(every_order, NULL, say_order, &kinds[0]),
        cmocka_unit_test_prestate_setup_teardown(every_order, NULL, say_order, &kinds[1]),
        cmocka_unit_test_prestate_setup_teardown(every_order, NULL, say_order, &kinds[2]),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
