/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/log.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/quote.h"
#include "common/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define TAG_MAX 48

struct line {
    STAILQ_ENTRY(line) entry;
    unsigned long lost; /* lines before it that found no room */
    int priority;
    size_t size;
    char text[];
};

static struct {
    const char *program;
    bool to_stderr;
    _Atomic bool debug;
} state = {"passkey", true, false};

/* For the thread. */
static struct {
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    pthread_t thread;
    bool started; /* and not joined yet */
    bool runs, ending;
    STAILQ_HEAD(, line) lines; /* the first one is being written */
    size_t size;               /* bytes of all */
    unsigned long lost;        /* since the last line that found room */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .changed = PTHREAD_COND_INITIALIZER,
           .lines = STAILQ_HEAD_INITIALIZER(queue.lines)};

void pk_log_open(const char *program, bool to_stderr, bool debug)
{
    state.program = program;
    state.to_stderr = to_stderr;
    state.debug = debug;
    if (!to_stderr)
        openlog(program, LOG_PID, LOG_AUTHPRIV);
}

void pk_log_set_debug(bool debug)
{
    state.debug = debug;
}

/* Returns when the log has taken it. */
static void write_out(int priority, const char *text)
{
    if (state.to_stderr)
        (void)fprintf(stderr, "%s: %s\n", state.program, text);
    else
        syslog(priority, "%s", text);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void write_queued(const struct line *line)
{
    char text[64];

    if (line->lost > 0) {
        (void)snprintf(text, sizeof(text), "%lu lines are missing here: the log took none",
                       line->lost);
        write_out(LOG_ERR, text);
    }
    write_out(line->priority, line->text);
}

/* Until the queue is to end and is empty. */
static void *write_lines(void *unused)
{
    struct line *line;

    (void)pthread_mutex_lock(&queue.lock);
    while ((line = STAILQ_FIRST(&queue.lines)) || !queue.ending) {
        if (!line) {
            (void)pthread_cond_wait(&queue.changed, &queue.lock);
            continue;
        }
        (void)pthread_mutex_unlock(&queue.lock);
        write_queued(line);
        (void)pthread_mutex_lock(&queue.lock);
        STAILQ_REMOVE_HEAD(&queue.lines, entry);
        queue.size -= line->size;
        free(line);
    }
    queue.runs = false;
    (void)pthread_cond_broadcast(&queue.changed);
    (void)pthread_mutex_unlock(&queue.lock);
    return unused;
}

/* With the lock. */
static void put_line(int priority, const char *text)
{
    size_t size = sizeof(struct line) + strlen(text) + 1;
    struct line *line = queue.size + size <= PK_LOG_QUEUE_MAX ? malloc(size) : NULL;

    if (!line) {
        queue.lost++;
        return;
    }
    *line = (struct line){.lost = queue.lost, .priority = priority, .size = size};
    (void)memcpy(line->text, text, strlen(text) + 1);
    queue.lost = 0;
    queue.size += size;
    STAILQ_INSERT_TAIL(&queue.lines, line, entry);
}

/* Signals are for the program's own threads. */
void pk_log_start_thread(void)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)pthread_mutex_lock(&queue.lock);
    queue.ending = false;
    queue.runs = pthread_create(&queue.thread, NULL, write_lines, NULL) == 0;
    queue.started = queue.runs;
    (void)pthread_mutex_unlock(&queue.lock);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool pk_log_end_thread(unsigned seconds)
{
    struct timespec until;
    bool started, runs;
    int error = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    (void)pthread_mutex_lock(&queue.lock);
    started = queue.started;
    queue.ending = true;
    (void)pthread_cond_broadcast(&queue.changed);
    while (queue.runs && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&queue.changed, &queue.lock, &until);
    runs = queue.runs;
    queue.started = runs;
    (void)pthread_mutex_unlock(&queue.lock);
    if (started && !runs)
        (void)pthread_join(queue.thread, NULL);
    return !runs;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void write_line(int priority, const char *before, size_t number, const char *text,
                       size_t len)
{
    char line[PK_LOG_LINE_MAX + TAG_MAX + 32], mark[32] = "";
    bool queued;

    if (number > 1)
        (void)snprintf(mark, sizeof(mark), "(part %zu) ", number);
    (void)snprintf(line, sizeof(line), "%s%s%.*s", before, mark, (int)len, text);
    (void)pthread_mutex_lock(&queue.lock);
    queued = queue.runs;
    if (queued)
        put_line(priority, line);
    (void)pthread_mutex_unlock(&queue.lock);
    if (queued)
        (void)pthread_cond_broadcast(&queue.changed); /* who wakes up wants the lock */
    else
        write_out(priority, line);
}

/* The "[id] " that a line begins with, so that what it goes on in can be found with it. */
static void find_tag(const char *text, char ret[TAG_MAX])
{
    size_t len = text[0] == '[' ? strcspn(text, "]") : 0;

    ret[0] = 0;
    if (len > 0 && len + 2 < TAG_MAX && text[len] == ']' && text[len + 1] == ' ')
        (void)snprintf(ret, TAG_MAX, "%.*s", (int)len + 2, text);
}

static void write_pieces(int priority, const char *text)
{
    char tag[TAG_MAX];
    size_t len = pk_text_piece(text, PK_LOG_LINE_MAX);

    find_tag(text, tag);
    write_line(priority, "", 1, text, len);
    for (size_t number = 2; text[len]; number++) {
        text += len;
        len = pk_text_piece(text, PK_LOG_LINE_MAX);
        write_line(priority, tag, number, text, len);
    }
}

void pk_log(int priority, const char *format, ...)
{
    PK_AUTO_FREE char *line = NULL;
    PK_AUTO_FREE char *printable = NULL;
    va_list arguments;
    int len;

    if (priority > LOG_INFO && !state.debug)
        return;
    va_start(arguments, format);
    len = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (len < 0) {
        line = NULL;
        return;
    }
    printable = pk_text_printable(line, PK_LOG_TEXT_MAX);
    if (printable)
        write_pieces(priority, printable);
}
