/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/browser_answers.h"

#include "common/base/text.h"
#include "tests/unit/begin_enrollment.h"

#include <string.h>

static const char configuration[] = "[rp default]\nid = " RP_ID "\nbrowser-url = " URL "\n";

extern const struct authmethod authmethod_browser;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_BROWSER] = &authmethod_browser,
    [PK_METHOD_RECOVERY] = &method_behind,
};

/* --- the person, the link and the browser ----------------------------------------------------- */

char word[PK_LINK_WORD_SIZE];
char claim[PK_LINK_CLAIM_SIZE];
char *code;

int browser_set_up(void **state)
{
    int result = begin_sign_in_set_up(state);

    configure_daemon(configuration);
    word[0] = claim[0] = '\0';
    return result;
}

int browser_tear_down(void **state)
{
    free(code);
    code = NULL;
    return bare_daemon_tear_down(state);
}

void after_hold(void)
{
    if (is_waiting())
        let_pass(200);
}

/* Fetches the question, and keeps the link's word. */
void read_link(void)
{
    const char *url;

    next(NULL);
    after_hold();
    assert_said("info", "qr-code");
    next(NULL);
    after_hold();
    assert_said("ask", "browser");
    url = strstr(seen()->text, URL "/");
    assert_non_null(url);
    (void)snprintf(word, sizeof(word), "%s", url + strlen(URL "/"));
    assert_int_equal(strlen(word), sizeof(word) - 1);
}

struct link *found(void)
{
    return links_find(bare_daemon()->links, word, claim);
}

/* Begins to answer it, as the page does: what the browser is asked for. */
json_t *begin(void)
{
    struct link *link = found();
    PK_AUTO_FREE char *text = NULL;
    json_t *options;

    assert_non_null(link);
    assert_status(link_begin(link, "", &text), PK_OK);
    (void)snprintf(claim, sizeof(claim), "%s", link_claim(link));
    options = json_loads(text, 0, NULL);
    assert_non_null(options);
    return options;
}

/* What that key answers at that origin. */
char *answer(const json_t *options, const struct soft_key *key, const char *origin)
{
    struct pk_requirements requirements = {.rp_id = (char[]){RP_ID}};
    const char *challenge = json_string_value(json_object_get(options, "challenge"));
    char *json;

    assert_status(
        pk_base64url_decode(pk_view_string(challenge), PK_CHALLENGE_SIZE, &requirements.challenge),
        PK_OK);
    json = json_object_get(options, "user")
               ? soft_key_registration(key, &requirements, origin, PRESENT, 5)
               : soft_key_response(key, &requirements, origin, PRESENT, 5);
    pk_bytes_clear(&requirements.challenge);
    return json;
}

void finish(const char *json)
{
    struct link *link = found();

    assert_non_null(link);
    assert_status(link_answer(link, call_from(GATEWAY, SENDER), json), PK_OK);
    settle();
    if (found()) {
        json_t *page = link_json(found());

        free(code);
        code = pk_text_format("%s", json_string_value(json_object_get(page, "code")));
        json_decref(page);
    }
}

void use(const struct soft_key *key)
{
    json_t *options = begin();
    PK_AUTO_FREE char *json = answer(options, key, ORIGIN);

    json_decref(options);
    finish(json);
}

void type(const char *text)
{
    next(text);
    after_hold();
}
