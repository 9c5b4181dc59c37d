/* SPDX-License-Identifier: BSD-2-Clause */
/* Success is told of what would be there after the power failed, however many share a sync. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/store_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int fdatasync(int fd);

static dev_t log_device;
static ino_t log_inode;
static atomic_long log_synced; /* so many bytes of the log are on the disk */

/* In place of the C library's, for SQLite: what was written when it began is on the disk after. */
int fdatasync(int fd)
{
    struct stat info = {0};
    int result;

    (void)fstat(fd, &info);
    result = (int)syscall(SYS_fdatasync, fd);
    if (result == 0 && info.st_dev == log_device && info.st_ino == log_inode) {
        long before = atomic_load(&log_synced);

        while (before < info.st_size &&
               !atomic_compare_exchange_weak(&log_synced, &before, info.st_size))
            ;
    }
    return result;
}

#define PEOPLE    6
#define USES      60 /* of each; all fit into a log that is not copied yet */
#define SNAPSHOTS 8

struct person {
    pthread_t thread;
    struct store *store;
    char id[16];
    atomic_uint said; /* the last counter of which success was told */
    enum pk_status status;
};

static void *use_again_and_again(void *data)
{
    struct person *person = data;

    for (unsigned i = 1; i <= USES && person->status == PK_OK; i++) {
        person->status =
            person->store->verbs->use(person->store, pk_view_string(person->id),
                                      &(struct credential_use){.sign_count = i, .when = i});
        if (person->status == PK_OK)
            atomic_store(&person->said, i);
    }
    return NULL;
}

static void copy(const char *from, const char *folder, const char *name, off_t most)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", from, name);
    size_t len = 0;
    PK_AUTO_FREE char *content = scratch_read(path, &len);

    scratch_write(folder, name, content, most >= 0 && (off_t)len > most ? (size_t)most : len);
}

/* As if the power had failed now: of the log there is what a sync has ended for. */
static void lose_power(const struct fixture *fixture, struct person *people)
{
    char folder[SCRATCH_PATH_MAX];
    unsigned said[PEOPLE];
    struct store *store;
    off_t synced;

    for (size_t i = 0; i < PEOPLE; i++)
        said[i] = atomic_load(&people[i].said);
    synced = atomic_load(&log_synced);
    scratch_new(folder);
    copy(fixture->folder, folder, "passkeyd.db", -1);
    copy(fixture->folder, folder, "passkeyd.db-wal", synced);
    store = open_store(folder);
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_CREDENTIAL_LIST struct credential_list list = {0};
        const struct credential_filter filter = {.credential_id = pk_view_string(people[i].id)};

        assert_int_equal(store->verbs->list(store, &filter, &list), PK_OK);
        assert_int_equal(list.count, 1);
        assert_true(list.items[0].record.sign_count >= said[i]);
    }
    store->verbs->close(store);
    scratch_remove(folder);
}

static void find_log(const struct fixture *fixture)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.db-wal", fixture->folder);
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    log_device = info.st_dev;
    log_inode = info.st_ino;
}

static void what_was_said_is_on_the_disk(void **state)
{
    struct fixture *fixture = *state;
    struct person people[PEOPLE];

    for (size_t i = 0; i < PEOPLE; i++) {
        people[i] = (struct person){.store = fixture->store};
        snprintf(people[i].id, sizeof(people[i].id), "key %zu", i);
        assert_int_equal(insert(fixture->store, "alice", 1000, people[i].id, people[i].id), PK_OK);
    }
    /* From the beginning on the log only grows. */
    (void)reopen(fixture);
    find_log(fixture);
    atomic_store(&log_synced, 0);
    for (size_t i = 0; i < PEOPLE; i++) {
        people[i].store = fixture->store;
        assert_int_equal(pthread_create(&people[i].thread, NULL, use_again_and_again, &people[i]),
                         0);
    }
    for (unsigned i = 1; i <= SNAPSHOTS; i++) {
        while (atomic_load(&people[0].said) < USES * i / SNAPSHOTS)
            (void)sched_yield();
        lose_power(fixture, people);
    }
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_int_equal(pthread_join(people[i].thread, NULL), 0);
        assert_int_equal(people[i].status, PK_OK);
    }
    lose_power(fixture, people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_said_is_on_the_disk, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
