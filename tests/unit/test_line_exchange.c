/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exchange in lines, of the ssh method and of a page, with a conversation that only records the
 * questions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/auth/line_exchange.h"

#include <stdlib.h>
#include <string.h>

/* The outcome: the counts of calls, and the last status. */
static struct {
    unsigned asked, judged, approved, refused, declined;
    enum pk_status malformed, status;
    enum pk_status verdict; /* result of judge() */
    char text[4096];
    struct line_exchange *exchange;
    bool later; /* judge() does not give the verdict */
} seen;

#define PAGE "https://example.org/p.html"

static bool from_page; /* the request is for a page */

void conversation_ask(struct conversation *conversation, enum question_kind kind, const char *event,
                      const char *text, unsigned tries)
{
    (void)conversation, (void)tries;
    assert_int_equal(kind, QUESTION_ECHOED);
    assert_string_equal(event, from_page ? "page" : "ssh");
    seen.asked++;
    (void)snprintf(seen.text, sizeof(seen.text), "%s", text);
}

/* The verdict comes from within, or when the test gives it. */
static void judge(void *data, enum pk_status status, struct pk_forward_answer *answer)
{
    (void)data;
    assert_int_equal(status == PK_OK && !from_page, answer->origin != NULL);
    assert_int_equal(status == PK_OK && from_page, answer->client_data.len > 0);
    seen.judged++;
    seen.malformed = status;
    if (!seen.later)
        line_exchange_judged(seen.exchange,
                             &(struct verdict){.status = status ? status : seen.verdict});
}

static void done(void *data, struct verdict *verdict)
{
    (void)data;
    assert_int_equal(seen.approved + seen.refused + seen.declined, 0);
    if (!verdict)
        seen.declined++;
    else if (verdict->status == PK_OK)
        seen.approved++;
    else
        seen.refused++;
    seen.status = verdict ? verdict->status : PK_OK;
}

static struct line_exchange *begin(bool fixed_rounds)
{
    static const struct line_exchange_ops ops = {judge, done};
    struct pk_descriptor credential = {.id = {(uint8_t[]){1, 2, 3}, 3}};
    struct pk_forward_request request = {
        .kind = PK_FORWARD_GET,
        .nonce = {7},
        .context = (char[]){"{}"},
        .rp_id = (char[]){"web1.example.org"},
        .credentials = &credential,
        .credential_count = 1,
        .timeout = 60,
    };
    struct line_exchange *exchange = NULL;

    memset(&seen, 0, sizeof(seen));
    seen.verdict = PK_SIGNATURE_INVALID;
    assert_int_equal(
        line_exchange_new(NULL, &request,
                          &(struct line_question){"to test", from_page ? PAGE : NULL, fixed_rounds},
                          &ops, NULL, &exchange),
        PK_OK);
    assert_int_equal(seen.asked, 1);
    seen.exchange = exchange;
    return exchange;
}

static void say(struct line_exchange *exchange, const char *text)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};

    assert_int_equal(pk_secret_copy(pk_view_string(text), &answer), PK_OK);
    line_exchange_answered(exchange, &answer);
}

/* An answer whose signature has that many bytes, as its lines. */
static struct pk_strings lines_of(size_t signature)
{
    struct pk_strings lines = {0};
    struct pk_forward_answer answer = {
        .kind = from_page ? PK_FORWARD_PAGE_GET : PK_FORWARD_GET,
        .client_data = {(uint8_t[]){"{}"}, 2},
        .origin = (char[]){"ssh://web1.example.org"},
        .auth_data = {(uint8_t[]){1, 0, 0, 0, 1}, 5},
        .signature = {calloc(1, signature), signature},
    };

    assert_int_equal(pk_forward_answer_encode(&answer, &lines), PK_OK);
    free(answer.signature.data);
    return lines;
}

static void request_is_put(void **state)
{
    struct line_exchange *exchange = begin(true);
    struct pk_view line;
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};

    (void)state;
    assert_non_null(strstr(seen.text, "own computer\nto test\n"));
    assert_int_equal(pk_forward_request_find(pk_view_string(seen.text), &line), PK_OK);
    assert_int_equal(pk_forward_request_decode(line, &request), PK_OK);
    assert_int_equal(request.nonce[0], 7);
    say(exchange, "");
    assert_int_equal(seen.declined, 1);
    assert_int_equal(seen.judged + seen.refused, 0);
    line_exchange_free(exchange);
}

/* The link is the last line, and all of it. */
static void link_is_put(void **state)
{
    struct line_exchange *exchange = begin(true);
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    const char *line = strstr(seen.text, "to test\n");

    (void)state;
    assert_non_null(line);
    line = strstr(line, "\n" PAGE "#passkey1:");
    assert_non_null(line);
    line += strlen("\n" PAGE "#");
    assert_int_equal(strcspn(line, "\n") + 1, strlen(line));
    assert_int_equal(pk_forward_request_decode(
                         (struct pk_view){(const uint8_t *)line, strcspn(line, "\n")}, &request),
                     PK_OK);
    assert_int_equal(request.nonce[0], 7);
    say(exchange, "");
    assert_int_equal(seen.declined, 1);
    line_exchange_free(exchange);
}

/* Neither form is taken for the other. */
static void the_other_form(void **state)
{
    struct line_exchange *exchange;
    struct pk_strings lines;

    (void)state;
    for (int page = 0; page < 2; page++) {
        from_page = !page;
        lines = lines_of(70);
        from_page = page;
        exchange = begin(false);
        say(exchange, lines.items[0]);
        assert_int_equal(seen.refused, 1);
        assert_int_equal(seen.status, PK_PROTOCOL);
        line_exchange_free(exchange);
        pk_strings_clear(&lines);
    }
    from_page = false;
}

static int for_a_page(void **state)
{
    (void)state;
    from_page = true;
    return 0;
}

static int for_a_key(void **state)
{
    (void)state;
    from_page = false;
    return 0;
}

static void parts_are_put_together(void **state)
{
    static const size_t sizes[] = {70, 300, 350, 600, 1000, 8000};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int fixed_rounds = 0; fixed_rounds < 2; fixed_rounds++) {
            struct pk_strings lines = lines_of(sizes[i]);
            struct line_exchange *exchange = begin(fixed_rounds);

            seen.verdict = PK_OK;
            for (size_t k = 0; k < lines.count; k++) {
                assert_int_equal(seen.asked, k + 1);
                assert_int_equal(seen.judged, 0);
                say(exchange, lines.items[k]);
            }
            assert_int_equal(seen.judged, 1);
            assert_int_equal(seen.malformed, PK_OK);
            assert_int_equal(seen.asked, lines.count);
            assert_int_equal(seen.refused + seen.declined, 0);
            assert_int_equal(seen.approved, 1);
            line_exchange_free(exchange);
            pk_strings_clear(&lines);
        }
}

/* Where nothing is concealed, a refusal is reported at once. */
static void refusals_come_at_once(void **state)
{
    struct pk_strings lines = lines_of(600);
    struct line_exchange *exchange = begin(false);
    PK_AUTO_FREE char *junk = strdup(lines.items[0]);

    (void)state;
    junk[0] = '\b';
    say(exchange, junk);
    assert_int_equal(seen.asked, 1);
    assert_int_equal(seen.judged, 1);
    assert_int_equal(seen.refused, 1);
    assert_int_equal(seen.status, PK_INVALID_INPUT);
    line_exchange_free(exchange);
    pk_strings_clear(&lines);
}

/* The questions that answers of these lengths lead to, whatever they say. */
static unsigned questions(char *const *answers, size_t count, bool junk)
{
    struct line_exchange *exchange = begin(true);

    for (size_t i = 0; i < count && !seen.refused && !seen.declined; i++) {
        PK_AUTO_FREE char *text = strdup(answers[i]);

        for (char *c = text; junk && *c; c++)
            *c = "\b\n\r\177INCORRECT"[(size_t)(c - text) % 13];
        say(exchange, text);
    }
    line_exchange_free(exchange);
    assert_true(seen.judged <= 1);
    return seen.asked;
}

static void lengths_alone_decide(void **state)
{
    static const size_t sizes[] = {70, 200, 330, 331, 332, 333, 334, 335, 336, 400, 700, 715, 1500};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct pk_strings lines = lines_of(sizes[i]);

        /* The refusal of a last part that might be another one waits for a short one. */
        assert_int_equal(pk_strings_add(&lines, "end"), PK_OK);
        assert_int_equal(questions(lines.items, lines.count, false),
                         questions(lines.items, lines.count, true));
        assert_int_equal(seen.refused, 1);
        /* Out of order, and with one left out. */
        assert_int_equal(questions(lines.items + 1, lines.count - 1, false),
                         questions(lines.items + 1, lines.count - 1, true));
        pk_strings_clear(&lines);
    }
}

static void every_cut_of_a_line(void **state)
{
    struct pk_strings lines = lines_of(600);

    (void)state;
    for (size_t len = 1; len <= strlen(lines.items[0]); len++) {
        PK_AUTO_FREE char *cut = strndup(lines.items[0], len);
        char *answers[] = {cut, (char[]){"end"}};
        unsigned real = questions(answers, 2, false);

        assert_int_equal(seen.judged, 1);
        assert_int_equal(real, questions(answers, 2, true));
        assert_int_equal(real, len >= PK_FORWARD_LINE_MAX - 2 ? 2 : 1);
    }
    pk_strings_clear(&lines);
}

static void there_is_an_end(void **state)
{
    struct line_exchange *exchange = begin(true);
    char full[PK_FORWARD_LINE_MAX + 1];

    (void)state;
    memset(full, 'x', sizeof(full) - 1);
    full[sizeof(full) - 1] = 0;
    for (unsigned i = 0; i < PK_FORWARD_PARTS_MAX; i++) {
        assert_int_equal(seen.refused, 0);
        assert_int_equal(seen.asked, i + 1);
        say(exchange, full);
    }
    assert_int_equal(seen.refused, 1);
    assert_int_equal(seen.asked, PK_FORWARD_PARTS_MAX);
    line_exchange_free(exchange);
}

static void nothing_after_a_part_is_no_decline(void **state)
{
    struct pk_strings lines = lines_of(600);
    struct line_exchange *exchange = begin(true);

    (void)state;
    say(exchange, lines.items[0]);
    assert_int_equal(seen.asked, 2);
    assert_non_null(
        strstr(seen.text, from_page ? "Line 2 of the answer: " : "Part 2 of the answer:\n"));
    say(exchange, "");
    assert_int_equal(seen.declined, 0);
    assert_int_equal(seen.refused, 1);
    line_exchange_free(exchange);
    pk_strings_clear(&lines);
}

int main(void)
{
#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, for_a_page, for_a_key)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_put),
        cmocka_unit_test(parts_are_put_together),
        cmocka_unit_test(refusals_come_at_once),
        cmocka_unit_test(lengths_alone_decide),
        cmocka_unit_test(every_cut_of_a_line),
        cmocka_unit_test(there_is_an_end),
        cmocka_unit_test(nothing_after_a_part_is_no_decline),
        cmocka_unit_test(the_other_form),
        PAGE_TEST(link_is_put),
        PAGE_TEST(parts_are_put_together),
        PAGE_TEST(refusals_come_at_once),
        PAGE_TEST(lengths_alone_decide),
        PAGE_TEST(every_cut_of_a_line),
        PAGE_TEST(there_is_an_end),
        PAGE_TEST(nothing_after_a_part_is_no_decline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
