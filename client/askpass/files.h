/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that passkey-askpass keeps: where they are, read within a limit, made private. */
#ifndef CLIENT_ASKPASS_FILES_H
#define CLIENT_ASKPASS_FILES_H

#include "common/base/bytes.h"

/*
 * The folder that the environment names in variable, when it is an absolute path (XDG Base
 * Directory Specification), or else beneath in the home directory. The caller's to free.
 * PK_NOT_FOUND without a home directory, PK_NO_MEMORY.
 */
enum pk_status askpass_home_folder(const char *variable, const char *beneath,
                                   char **ret) PK_WARN_UNUSED;

/* Makes every folder above path that is missing, for the user alone. PK_IO, PK_NO_MEMORY. */
enum pk_status askpass_folders_make(const char *path) PK_WARN_UNUSED;

/*
 * The folder for what need not outlive the session: passkey in $XDG_RUNTIME_DIR or else in
 * ~/.cache, made where it is missing. PK_DENIED when it is somebody else's or open to others,
 * PK_NOT_FOUND without a place for it, PK_IO, PK_NO_MEMORY.
 */
enum pk_status askpass_folder_open(int *ret_fd) PK_WARN_UNUSED;

/*
 * Writes a file of the user's alone in that folder; one of that name is replaced. PK_IO.
 */
enum pk_status askpass_folder_write(int folder, const char *name,
                                    struct pk_view text) PK_WARN_UNUSED;

/* Reads one. PK_NOT_FOUND, PK_TOO_LARGE over max, PK_IO for what is no file too, PK_NO_MEMORY. */
enum pk_status askpass_folder_read(int folder, const char *name, size_t max,
                                   struct pk_bytes *ret) PK_WARN_UNUSED;

/* To the end of the file. PK_TOO_LARGE over max, PK_IO, PK_NO_MEMORY. */
enum pk_status askpass_file_read(int fd, size_t max, struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
