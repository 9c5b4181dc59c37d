/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "gateway/members.h"
#include "tests/unit/http_samples.h"

#include <glob.h>
#include <string.h>

static json_t *load(const char *dialect, const char *schema)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/http/%s/%s.json", getenv("srcdir"), dialect, schema);
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static const char *ignored;

void http_samples_ignore(const char *member)
{
    ignored = member;
}

/* Sends a body that is answered without the daemon. */
static void expect(const char *line, const char *body, unsigned status, const char *schema,
                   const char *answer)
{
    AUTO_JSON json_t *expected = fake_json(answer);
    PK_AUTO_FREE char *whole = NULL;

    fake_request(line, body);
    if (fake_is_asked())
        fail_msg("the daemon was asked: %s %s", line, body);
    if (ignored)
        (void)json_object_set(expected, ignored,
                              json_object_get(fake_answer(status, NULL), ignored));
    whole = json_dumps(expected, JSON_COMPACT);
    fake_answered(status, schema, whole);
}

void http_samples_send(const char *dialect, const struct http_sample *sample)
{
    AUTO_JSON json_t *file = load(dialect, sample->schema);
    PK_AUTO_FREE char *error = pk_text_format("%s.error.res", dialect);
    size_t i;
    json_t *body;

    assert_true(json_array_size(json_object_get(file, "valid")) > 0);
    json_array_foreach(json_object_get(file, "valid"), i, body)
    {
        PK_AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);

        if (sample->accepted) {
            expect(sample->line, text, sample->accepted_status,
                   sample->accepted_schema ? sample->accepted_schema : error, sample->accepted);
            continue;
        }
        fake_request(sample->line, text);
        (void)fake_call(sample->call);
    }
    json_array_foreach(json_object_get(file, "invalid"), i, body)
    {
        PK_AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);

        if (i >= MEMBERS_COUNT(sample->refusals) || !sample->refusals[i])
            fail_msg("%s has no refusal for its invalid body %zu", sample->schema, i);
        expect(sample->line, text, sample->status, error, sample->refusals[i]);
    }
    if (i < MEMBERS_COUNT(sample->refusals) && sample->refusals[i])
        fail_msg("%s has fewer invalid bodies than refusals", sample->schema);
}

static bool is_covered(const char *path, const struct http_sample *samples, size_t count,
                       const char *const *others)
{
    const char *name = strrchr(path, '/') + 1;

    for (size_t i = 0; i < count; i++)
        if (strncmp(name, samples[i].schema, strlen(samples[i].schema)) == 0)
            return true;
    for (; others && *others; others++)
        if (strncmp(name, *others, strlen(*others)) == 0)
            return true;
    return false;
}

void http_samples_send_all(const char *dialect, const struct http_sample *samples, size_t count,
                           const char *const *others)
{
    PK_AUTO_FREE char *pattern =
        pk_text_format("%s/tests/vectors/http/%s/*.req.json", getenv("srcdir"), dialect);
    glob_t found;

    for (size_t i = 0; i < count; i++)
        http_samples_send(dialect, &samples[i]);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!is_covered(found.gl_pathv[i], samples, count, others))
            fail_msg("%s is not sent", found.gl_pathv[i]);
    globfree(&found);
}
