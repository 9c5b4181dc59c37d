/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/verify.h"

#include "client/ctl/verify_jobs.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/webauthn/response.h"

#include <getopt.h>
#include <string.h>

enum { EXIT_VERIFIED = 0, EXIT_SOME_NOT = 1, EXIT_CANNOT_RUN = 2 };

enum { JOBS_MAX = 64 };

static enum pk_status verify_registration(FILE *out, const struct pk_json_value *line,
                                          const struct verify_input *input)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    enum pk_status status =
        pk_registration_json_verify(&input->requirements, input->credential, &result);

    if (status == PK_OK)
        verify_put_registration(out, line, &result);
    return status;
}

static enum pk_status verify_authentication(struct verify_worker *worker,
                                            const struct pk_json_value *line,
                                            struct verify_input *input)
{
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};
    __attribute__((cleanup(
        pk_authentication_response_clear))) struct pk_authentication_response response = {0};
    enum pk_status status = pk_authentication_json_parse(input->credential, &response);

    if (status == PK_OK)
        status = verify_keys_find(&worker->keys, pk_view_of(&input->record.public_key),
                                  &input->record.key);
    if (status == PK_OK)
        status = pk_authentication_response_verify(&input->requirements, &input->record, &response,
                                                   &result);
    if (status == PK_OK)
        verify_put_authentication(worker->out, line, input, &result);
    return status;
}

bool verify_line(struct verify_worker *worker, struct pk_view text)
{
    __attribute__((cleanup(verify_input_clear))) struct verify_input input = {0};
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *line = NULL;
    enum pk_status status = PK_INVALID_INPUT;

    if (pk_json_parse(text, &json) == PK_OK) {
        line = pk_json_root(json);
        status = verify_input_read(line, worker->now, &input);
    }
    if (status == PK_OK && input.requirements.ceremony == PK_REGISTRATION)
        status = verify_registration(worker->out, line, &input);
    else if (status == PK_OK)
        status = verify_authentication(worker, line, &input);
    if (status != PK_OK)
        verify_put_failure(worker->out, line, status);
    return status == PK_OK;
}

static void run_alone(struct verify_worker *worker, struct verify_lines *lines)
{
    struct pk_view line;

    worker->out = stdout;
    while (verify_lines_next(lines, &line))
        if (!verify_line(worker, line))
            worker->all_verified = false;
}

static int run(size_t jobs)
{
    PK_AUTO_FREE struct verify_lines *lines = calloc(1, sizeof(*lines));
    PK_AUTO_FREE uint8_t *line = malloc(PK_JSON_LINE_MAX);
    PK_AUTO_FREE struct verify_worker *workers = calloc(jobs, sizeof(*workers));
    bool done = true, all_verified = true;

    if (!lines || !line || !workers)
        return EXIT_CANNOT_RUN;
    lines->line = line;
    for (size_t i = 0; i < jobs; i++) {
        workers[i].now = (time_t)pk_clock_now();
        workers[i].all_verified = true;
    }
    if (jobs == 1)
        run_alone(workers, lines);
    else
        done = verify_together(workers, jobs, lines);
    for (size_t i = 0; i < jobs; i++) {
        verify_keys_clear(&workers[i].keys);
        all_verified = all_verified && workers[i].all_verified;
    }
    if (!done || lines->failed || fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "passkeyctl verify: reading, writing or starting a job failed\n");
        return EXIT_CANNOT_RUN;
    }
    return all_verified ? EXIT_VERIFIED : EXIT_SOME_NOT;
}

static bool parse_jobs(const char *text, size_t *ret)
{
    char *end;
    long jobs = strtol(text, &end, 10);

    if (end == text || *end || jobs < 1 || jobs > JOBS_MAX)
        return false;
    *ret = (size_t)jobs;
    return true;
}

/* The closed list of what "reason" can say, a line each, with its clause. */
static int list_reasons(void)
{
    static const enum pk_status general[] = {PK_INVALID_INPUT, PK_TOO_LARGE, PK_NO_MEMORY,
                                             PK_INTERNAL};

    for (int i = PK_STATUS_WEBAUTHN_FIRST; i < PK_STATUS_COUNT; i++)
        (void)printf("%s\t%s\n", pk_status_name((enum pk_status)i),
                     pk_status_clause((enum pk_status)i));
    for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++)
        (void)printf("%s\t%s\n", pk_status_name(general[i]), pk_status_clause(general[i]));
    return fflush(stdout) == 0 ? EXIT_VERIFIED : EXIT_CANNOT_RUN;
}

int verify_main(int argc, char **argv)
{
    static const struct option options[] = {{"list-reasons", no_argument, NULL, 'l'},

                                            {"help", no_argument, NULL, 'h'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {0}};
    size_t jobs = 1;
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == '?') /* which one, getopt_long() has said */
            return EXIT_CANNOT_RUN;
        if (option == 'h') {
            (void)puts("Usage: passkeyctl verify [--jobs N] < responses.jsonl > results.jsonl\n"
                       "       passkeyctl verify --list-reasons\n"
                       "Verifies WebAuthn responses, a JSON object a line; see "
                       "passkeyctl-verify(1).\n"
                       "Exit status: 0 all verified, 1 some not, 2 could not run.");
            return EXIT_VERIFIED;
        }
        if (option == 'l')
            return list_reasons();
        if (!parse_jobs(optarg, &jobs)) {
            (void)fprintf(stderr, "passkeyctl verify: --jobs takes 1 to %d\n", JOBS_MAX);
            return EXIT_CANNOT_RUN;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "passkeyctl verify: reads standard input, takes no arguments\n");
        return EXIT_CANNOT_RUN;
    }
    return run(jobs);
}
