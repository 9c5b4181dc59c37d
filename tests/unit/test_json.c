/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/json.h"

#include "common/base/limits.h"
#include "tests/unit/webauthn_support.h"

static enum pk_status parse(struct pk_view text)
{
    PK_AUTO_JSON struct pk_json *json = NULL;

    return pk_json_parse(text, &json);
}

static void verdicts(void **state)
{
    static const struct {
        const char *text;
        enum pk_status status;
    } cases[] = {
        {"{}", PK_OK},
        {" \t\r\n{ \n} ", PK_OK},
        {"{\"a\":1}", PK_OK},
        {"{\"a\" : [ ] , \"b\":[1,2 , {}],\"c\":{\"a\":null}}", PK_OK},
        {"{\"a\":true,\"b\":false,\"c\":null}", PK_OK},
        {"{\"a\":-0,\"b\":0.5,\"c\":1e5,\"d\":-1.25E-10,\"e\":1E+400}", PK_OK},
        {"{\"a\":123456789012345678901234567890}", PK_OK},
        {"{\"\":\"\"}", PK_OK},
        {"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\uD83D\\uDE00\\u0000\"}", PK_OK},
        {"{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}", PK_OK},
        {"", PK_INVALID_INPUT},
        {" ", PK_INVALID_INPUT},
        {"[]", PK_INVALID_INPUT},
        {"null", PK_INVALID_INPUT},
        {"1", PK_INVALID_INPUT},
        {"\"a\"", PK_INVALID_INPUT},
        {"{", PK_INVALID_INPUT},
        {"}", PK_INVALID_INPUT},
        {"{}{}", PK_INVALID_INPUT},
        {"{} x", PK_INVALID_INPUT},
        {"{\"a\"}", PK_INVALID_INPUT},
        {"{\"a\":}", PK_INVALID_INPUT},
        {"{\"a\":1,}", PK_INVALID_INPUT},
        {"{,\"a\":1}", PK_INVALID_INPUT},
        {"{\"a\":1 \"b\":2}", PK_INVALID_INPUT},
        {"{\"a\" 1}", PK_INVALID_INPUT},
        {"{a:1}", PK_INVALID_INPUT},
        {"{'a':1}", PK_INVALID_INPUT},
        {"{1:1}", PK_INVALID_INPUT},
        {"{\"a\":[1,]}", PK_INVALID_INPUT},
        {"{\"a\":[,1]}", PK_INVALID_INPUT},
        {"{\"a\":[1 2]}", PK_INVALID_INPUT},
        {"{\"a\":[1}", PK_INVALID_INPUT},
        {"{\"a\":[1}]", PK_INVALID_INPUT},
        {"{\"a\":tru}", PK_INVALID_INPUT},
        {"{\"a\":TRUE}", PK_INVALID_INPUT},
        {"{\"a\":fals}", PK_INVALID_INPUT},
        {"{\"a\":nul", PK_INVALID_INPUT},
        {"{\"a\":truex}", PK_INVALID_INPUT},
        {"{\"a\":NaN}", PK_INVALID_INPUT},
        {"{\"a\":Infinity}", PK_INVALID_INPUT},
        {"{\"a\":+1}", PK_INVALID_INPUT},
        {"{\"a\":-}", PK_INVALID_INPUT},
        {"{\"a\":01}", PK_INVALID_INPUT},
        {"{\"a\":-01}", PK_INVALID_INPUT},
        {"{\"a\":1.}", PK_INVALID_INPUT},
        {"{\"a\":.5}", PK_INVALID_INPUT},
        {"{\"a\":1e}", PK_INVALID_INPUT},
        {"{\"a\":1e+}", PK_INVALID_INPUT},
        {"{\"a\":1e+-1}", PK_INVALID_INPUT},
        {"{\"a\":0x10}", PK_INVALID_INPUT},
        {"{\"a\":\"\n\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\x1f\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\x\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\", PK_INVALID_INPUT},
        {"{\"a\":\"\\u12\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\u12g4\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\ud800\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\ud800\\n\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\ud800\\ud800\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\\udc00\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\xff\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\xc3\"}", PK_INVALID_INPUT},
        {"{\"a\":\"\xed\xa0\x80\"}", PK_INVALID_INPUT},
        {"\xef\xbb\xbf{}", PK_INVALID_INPUT},
        {"{\xc2\xa0}", PK_INVALID_INPUT},
        {"{/**/}", PK_INVALID_INPUT},
        {"{\"a\":1,\"a\":1}", PK_EXISTS},
        {"{\"a\":1,\"\\u0061\":2}", PK_EXISTS},
        {"{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}", PK_EXISTS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum pk_status status = parse(pk_view_string(cases[i].text));

        if (status != cases[i].status)
            fail_msg("%s: %s, not %s", cases[i].text, pk_status_name(status),
                     pk_status_name(cases[i].status));
    }
    assert_status(parse((struct pk_view){(const uint8_t *)"{\"a\":\"\0\"}", 9}), PK_INVALID_INPUT);
    assert_status(parse((struct pk_view){(const uint8_t *)"{\0}", 3}), PK_INVALID_INPUT);
    assert_status(parse((struct pk_view){(const uint8_t *)"{}\0", 3}), PK_INVALID_INPUT);
}

static void values(void **state)
{
    const char *text = "{\"s\":\"a\\u00e9\\ud83d\\ude00\\u20ac\\u0000z\",\"p\":\"plain\","
                       "\"n\":-12,\"o\":{\"in\":[1,\"two\",true]},\"f\":false,\"z\":null}";
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *root, *list;
    struct pk_view view;
    int64_t number;

    (void)state;
    assert_status(pk_json_parse(pk_view_string(text), &json), PK_OK);
    root = pk_json_root(json);
    assert_int_equal(root->count, 6);
    assert_true(pk_json_string(pk_json_get(root, "s"), &view));
    assert_int_equal(view.len, 12);
    assert_memory_equal(view.ptr, "a\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac\0z", 12);
    assert_true(pk_json_string(pk_json_get(root, "p"), &view));
    assert_true(pk_view_equal(view, pk_view_string("plain")));
    assert_true(pk_json_integer(pk_json_get(root, "n"), &number));
    assert_int_equal(number, -12);
    list = pk_json_get(pk_json_get(root, "o"), "in");
    assert_true(pk_json_is(list, PK_JSON_ARRAY));
    assert_int_equal(list->count, 3);
    assert_true(pk_view_equal(list->raw, pk_view_string("[1,\"two\",true]")));
    assert_true(pk_json_is_bool(list->first->next->next));
    assert_null(list->first->next->next->next);
    assert_true(pk_json_is_bool(pk_json_get(root, "f")));
    assert_false(pk_json_is_bool(pk_json_get(root, "z")));
    assert_false(pk_json_is_bool(NULL));
    assert_null(pk_json_get(root, "absent"));
    assert_null(pk_json_get(list, "absent"));
    assert_null(pk_json_get(NULL, "absent"));
    assert_non_null(pk_json_get(root, "z"));
    assert_null(pk_json_optional(root, "z"));
    assert_null(pk_json_optional(root, "absent"));
    assert_null(pk_json_optional(NULL, "absent"));
    assert_ptr_equal(pk_json_optional(root, "f"), pk_json_get(root, "f"));
    assert_false(pk_json_string(pk_json_get(root, "n"), &view));
    assert_false(pk_json_integer(pk_json_get(root, "s"), &number));
    assert_false(pk_json_integer(NULL, &number));
    pk_json_free(NULL);
}

static void integers(void **state)
{
    static const struct {
        const char *text;
        bool integer;
        int64_t value;
    } cases[] = {
        {"{\"n\":0}", true, 0},
        {"{\"n\":-0}", true, 0},
        {"{\"n\":4294967295}", true, 4294967295},
        {"{\"n\":9223372036854775807}", true, INT64_MAX},
        {"{\"n\":-9223372036854775808}", true, INT64_MIN},
        {"{\"n\":9223372036854775808}", false, 0},
        {"{\"n\":-9223372036854775809}", false, 0},
        {"{\"n\":99999999999999999999999}", false, 0},
        {"{\"n\":1.0}", false, 0},
        {"{\"n\":1e2}", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_JSON struct pk_json *json = NULL;
        int64_t value = 0;

        assert_status(pk_json_parse(pk_view_string(cases[i].text), &json), PK_OK);
        assert_int_equal(pk_json_integer(pk_json_get(pk_json_root(json), "n"), &value),
                         cases[i].integer);
        assert_true(value == cases[i].value);
    }
}

static void bytes(void **state)
{
    const char *text = "{\"ok\":\"AQID\",\"pad\":\"AQ==\",\"stray\":\"AR\",\"number\":1}";
    PK_AUTO_JSON struct pk_json *json = NULL;
    PK_AUTO_BYTES struct pk_bytes decoded = {0};
    const struct pk_json_value *root;

    (void)state;
    assert_status(pk_json_parse(pk_view_string(text), &json), PK_OK);
    root = pk_json_root(json);
    assert_status(pk_json_bytes(pk_json_get(root, "ok"), 2, &decoded), PK_TOO_LARGE);
    assert_status(pk_json_bytes(pk_json_get(root, "pad"), 9, &decoded), PK_BASE64URL_MALFORMED);
    assert_status(pk_json_bytes(pk_json_get(root, "stray"), 9, &decoded), PK_BASE64URL_MALFORMED);
    assert_status(pk_json_bytes(pk_json_get(root, "number"), 9, &decoded), PK_RESPONSE_MALFORMED);
    assert_status(pk_json_bytes(NULL, 9, &decoded), PK_RESPONSE_MALFORMED);
    assert_status(pk_json_bytes(pk_json_get(root, "ok"), 3, &decoded), PK_OK);
    assert_int_equal(decoded.len, 3);
}

/* An object of count members (each with a name of its own) or of one array of count zeros. */
static enum pk_status parse_many(size_t count, bool members)
{
    char *text = malloc(count * 12 + 16), *at = text;
    enum pk_status status;

    assert_non_null(text);
    at += sprintf(at, members ? "{" : "{\"a\":[");
    for (size_t i = 0; i < count; i++)
        at += members ? sprintf(at, "%s\"%zu\":0", i > 0 ? "," : "", i)
                      : sprintf(at, "%s0", i > 0 ? "," : "");
    at += sprintf(at, members ? "}" : "]}");
    status = parse((struct pk_view){(uint8_t *)text, (size_t)(at - text)});
    free(text);
    return status;
}

static void limits(void **state)
{
    char deep[5 + 2 * PK_JSON_DEPTH_MAX + 2];

    (void)state;
    assert_status(parse_many(PK_JSON_MEMBERS_MAX, true), PK_OK);
    assert_status(parse_many(PK_JSON_MEMBERS_MAX + 1, true), PK_TOO_LARGE);
    /* the object and the array count too */
    assert_status(parse_many(PK_JSON_VALUES_MAX - 2, false), PK_OK);
    assert_status(parse_many(PK_JSON_VALUES_MAX - 1, false), PK_TOO_LARGE);
    for (int levels = PK_JSON_DEPTH_MAX; levels <= PK_JSON_DEPTH_MAX + 1; levels++) {
        size_t inner = (size_t)levels - 1;

        memcpy(deep, "{\"a\":", 5);
        memset(deep + 5, '[', inner);
        memset(deep + 5 + inner, ']', inner);
        deep[5 + 2 * inner] = '}';
        assert_status(parse((struct pk_view){(uint8_t *)deep, 6 + 2 * inner}),
                      levels > PK_JSON_DEPTH_MAX ? PK_TOO_LARGE : PK_OK);
    }
}

static void prefixes(void **state)
{
    const char *text = "{\"type\":\"a\\u00e9\\ud83d\\ude00\",\"n\":[-1.5e+3,true,false,null,{}]}";
    char hex[200] = "";

    (void)state;
    for (const char *at = text; *at; at++)
        (void)sprintf(hex + strlen(hex), "%02x", (unsigned char)*at);
    check_prefixes(parse, hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts), cmocka_unit_test(values), cmocka_unit_test(integers),
        cmocka_unit_test(bytes),    cmocka_unit_test(limits), cmocka_unit_test(prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
