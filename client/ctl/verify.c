/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/verify.h"

#include "client/ctl/verify_keys.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/webauthn/response.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <string.h>

enum { EXIT_VERIFIED = 0, EXIT_SOME_NOT = 1, EXIT_CANNOT_RUN = 2 };

/* One job takes a line at a time; several jobs take up to so many each in a round. */
enum { JOBS_MAX = 64, LINES_PER_JOB = 64, BYTES_PER_ROUND = 1 << 20 };

/* What verifies lines: its own keys, its own output, nothing shared. */
struct worker {
    FILE *out;
    time_t now;
    struct verify_keys keys;
    bool all_verified;
    /* With several jobs: the lines of this round, and what out writes to. */
    pthread_t thread;
    struct pk_bytes lines[LINES_PER_JOB];
    size_t line_count;
    char *written;
    size_t written_len;
};

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

static enum pk_status verify_authentication(struct worker *worker, const struct pk_json_value *line,
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

/* One line in, one line out. */
static bool verify_line(struct worker *worker, struct pk_view text)
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

/* Standard input, by lines. */
struct lines {
    uint8_t *line; /* room for PK_JSON_LINE_MAX bytes */
    uint8_t block[65536];
    struct pk_view left; /* of the block */
    bool failed;
};

/* The next block; false at the end. Flushes first: the writer of the input may wait for results. */
static bool read_block(struct lines *lines)
{
    ssize_t got;

    (void)fflush(stdout);
    do
        got = read(STDIN_FILENO, lines->block, sizeof(lines->block));
    while (got < 0 && errno == EINTR);
    lines->failed = got < 0;
    lines->left = (struct pk_view){lines->block, got > 0 ? (size_t)got : 0};
    return got > 0;
}

/*
 * The next line without its newline, borrowed; false at the end of the input. One that is longer
 * than PK_JSON_LINE_MAX comes out empty, which is no JSON either.
 */
static bool next_line(struct lines *lines, struct pk_view *ret)
{
    size_t len = 0;
    bool fits = true, some = false;
    const uint8_t *newline = NULL;

    while (!newline && (lines->left.len > 0 || read_block(lines))) {
        size_t taken;

        newline = memchr(lines->left.ptr, '\n', lines->left.len);
        taken = newline ? (size_t)(newline - lines->left.ptr) : lines->left.len;
        fits = fits && taken <= PK_JSON_LINE_MAX - len;
        if (fits) {
            memcpy(lines->line + len, lines->left.ptr, taken);
            len += taken;
        }
        some = true;
        taken += newline ? 1 : 0;
        lines->left = (struct pk_view){lines->left.ptr + taken, lines->left.len - taken};
    }
    *ret = (struct pk_view){lines->line, fits ? len : 0};
    return some;
}

static void run_alone(struct worker *worker, struct lines *lines)
{
    struct pk_view line;

    worker->out = stdout;
    while (next_line(lines, &line))
        if (!verify_line(worker, line))
            worker->all_verified = false;
}

static void *work(void *data)
{
    struct worker *worker = data;

    for (size_t i = 0; i < worker->line_count; i++)
        if (!verify_line(worker, pk_view_of(&worker->lines[i])))
            worker->all_verified = false;
    return NULL;
}

/* Gives each worker consecutive lines, so that the results can be written in input order. */
static bool read_round(struct worker *workers, size_t count, struct lines *lines, bool *ret_more)
{
    size_t bytes = 0;
    struct pk_view line;

    for (size_t i = 0; i < count; i++) {
        workers[i].line_count = 0;
        while (*ret_more && workers[i].line_count < LINES_PER_JOB && bytes < BYTES_PER_ROUND) {
            *ret_more = next_line(lines, &line);
            if (!*ret_more)
                break;
            if (pk_bytes_copy(line, &workers[i].lines[workers[i].line_count]) != PK_OK)
                return false;
            workers[i].line_count++;
            bytes += line.len;
        }
    }
    return true;
}

static bool run_round(struct worker *workers, size_t count)
{
    size_t started = 0;
    bool done;

    while (started < count &&
           pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
        started++;
    done = started == count;
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    for (size_t i = 0; i < count; i++) {
        struct worker *worker = &workers[i];

        done = fflush(worker->out) == 0 && done;
        if (done)
            (void)fwrite(worker->written, 1, worker->written_len, stdout);
        rewind(worker->out);
        for (size_t k = 0; k < worker->line_count; k++)
            pk_bytes_clear(&worker->lines[k]);
    }
    return done;
}

static bool run_together(struct worker *workers, size_t count, struct lines *lines)
{
    bool more = true, done = true;

    for (size_t i = 0; i < count && done; i++) {
        workers[i].out = open_memstream(&workers[i].written, &workers[i].written_len);
        done = workers[i].out != NULL;
    }
    while (more && done)
        done = read_round(workers, count, lines, &more) && run_round(workers, count);
    for (size_t i = 0; i < count && workers[i].out; i++) {
        (void)fclose(workers[i].out);
        free(workers[i].written);
    }
    return done;
}

static int run(size_t jobs)
{
    PK_AUTO_FREE struct lines *lines = calloc(1, sizeof(*lines));
    PK_AUTO_FREE uint8_t *line = malloc(PK_JSON_LINE_MAX);
    PK_AUTO_FREE struct worker *workers = calloc(jobs, sizeof(*workers));
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
        done = run_together(workers, jobs, lines);
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
