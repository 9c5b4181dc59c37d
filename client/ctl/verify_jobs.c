/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main thread reads lines into batches, and writes the results of the oldest batch; workers
 * take the next batch whenever they have done one, so that none waits for another.
 */
#include "client/ctl/verify_jobs.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

/* Each worker's own batch, and one that waits for it. */
enum { BATCHES_PER_JOB = 2, LINES_PER_BATCH = 32, BYTES_PER_BATCH = 1 << 16 };

struct batch {
    struct pk_bytes lines[LINES_PER_BATCH];
    size_t line_count;
    FILE *out; /* into written */
    char *written;
    size_t written_len;
    bool verified, failed;
};

struct verify_batches {
    pthread_mutex_t lock;
    pthread_cond_t one_is_read, one_is_verified;
    struct batch *ring;
    size_t room;
    /* How many were read, taken by a worker and written: written <= taken <= read. */
    size_t read, taken, written;
    bool ended; /* no more is read */
};

/* The next batch of lines, NULL at the end. */
static struct batch *take(struct verify_batches *batches)
{
    struct batch *batch = NULL;

    (void)pthread_mutex_lock(&batches->lock);
    while (batches->taken == batches->read && !batches->ended)
        (void)pthread_cond_wait(&batches->one_is_read, &batches->lock);
    if (batches->taken < batches->read)
        batch = &batches->ring[batches->taken++ % batches->room];
    (void)pthread_mutex_unlock(&batches->lock);
    return batch;
}

static void *work(void *data)
{
    struct verify_worker *worker = data;
    struct verify_batches *batches = worker->batches;
    struct batch *batch;

    while ((batch = take(batches))) {
        worker->out = batch->out;
        for (size_t i = 0; i < batch->line_count; i++)
            if (!verify_line(worker, pk_view_of(&batch->lines[i])))
                worker->all_verified = false;
        batch->failed = fflush(batch->out) != 0;
        (void)pthread_mutex_lock(&batches->lock);
        batch->verified = true;
        (void)pthread_cond_signal(&batches->one_is_verified);
        (void)pthread_mutex_unlock(&batches->lock);
    }
    return NULL;
}

/* Waits for the oldest batch's results; they are in the order of the lines. */
static bool write_oldest(struct verify_batches *batches)
{
    struct batch *batch = &batches->ring[batches->written % batches->room];

    (void)pthread_mutex_lock(&batches->lock);
    while (!batch->verified)
        (void)pthread_cond_wait(&batches->one_is_verified, &batches->lock);
    (void)pthread_mutex_unlock(&batches->lock);
    if (!batch->failed)
        (void)fwrite(batch->written, 1, batch->written_len, stdout);
    rewind(batch->out);
    for (size_t i = 0; i < batch->line_count; i++)
        pk_bytes_clear(&batch->lines[i]);
    batches->written++;
    return !batch->failed;
}

/* What is there at once, and one line at least, unless the input has ended. */
static bool read_batch(struct verify_batches *batches, struct verify_lines *lines, bool *ret_more)
{
    struct batch *batch = &batches->ring[batches->read % batches->room];
    struct pk_view line;
    size_t bytes = 0;

    batch->line_count = 0;
    batch->verified = false;
    do {
        *ret_more = verify_lines_next(lines, &line);
        if (!*ret_more)
            break;
        if (pk_bytes_copy(line, &batch->lines[batch->line_count]) != PK_OK)
            return false;
        batch->line_count++;
        bytes += line.len;
    } while (batch->line_count < LINES_PER_BATCH && bytes < BYTES_PER_BATCH &&
             verify_lines_waiting(lines));
    (void)pthread_mutex_lock(&batches->lock);
    batches->read++;
    (void)pthread_cond_signal(&batches->one_is_read);
    (void)pthread_mutex_unlock(&batches->lock);
    return true;
}

static bool read_and_write(struct verify_batches *batches, struct verify_lines *lines)
{
    bool more = true, done = true;

    while (more && done) {
        size_t at_work = batches->read - batches->written;

        if (at_work == batches->room || (at_work > 0 && !verify_lines_waiting(lines)))
            done = write_oldest(batches);
        else
            done = read_batch(batches, lines, &more);
    }
    while (done && batches->written < batches->read)
        done = write_oldest(batches);
    return done;
}

static void end(struct verify_batches *batches)
{
    (void)pthread_mutex_lock(&batches->lock);
    batches->ended = true;
    (void)pthread_cond_broadcast(&batches->one_is_read);
    (void)pthread_mutex_unlock(&batches->lock);
}

static bool open_batches(struct verify_batches *batches)
{
    for (size_t i = 0; i < batches->room; i++) {
        batches->ring[i].out =
            open_memstream(&batches->ring[i].written, &batches->ring[i].written_len);
        if (!batches->ring[i].out)
            return false;
    }
    return true;
}

static void clear_batches(struct verify_batches *batches)
{
    for (size_t i = 0; i < batches->room; i++) {
        struct batch *batch = &batches->ring[i];

        for (size_t k = 0; k < batch->line_count; k++)
            pk_bytes_clear(&batch->lines[k]);
        if (batch->out)
            (void)fclose(batch->out);
        free(batch->written);
    }
}

bool verify_together(struct verify_worker *workers, size_t count, struct verify_lines *lines)
{
    PK_AUTO_FREE struct batch *ring = calloc(count * BATCHES_PER_JOB, sizeof(*ring));
    struct verify_batches batches = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                     .one_is_read = PTHREAD_COND_INITIALIZER,
                                     .one_is_verified = PTHREAD_COND_INITIALIZER,
                                     .ring = ring,
                                     .room = count * BATCHES_PER_JOB};
    size_t started = 0;
    bool done;

    if (!ring)
        return false;
    done = open_batches(&batches);
    while (done && started < count) {
        workers[started].batches = &batches;
        done = pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0;
        started += done ? 1 : 0;
    }
    done = done && read_and_write(&batches, lines);
    end(&batches);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    clear_batches(&batches);
    return done;
}
