/* A file layer that fails when it is told to: loaded below a hub of a test with LD_PRELOAD, never built into anything. SQLite
 * asks the system for everything through these few functions; only what touches the hub's database and its journals counts.
 *
 * The file named by FAILING_DISK says what fails, from the moment at which it is there: "write 5 3 9 half" lets the third to
 * the ninth write fail with EIO (5), each after half of its bytes; 0 for the ninth means from then on. An error of 0 is a disk
 * that says it wrote and did not. The first failure makes the file FAILING_DISK.failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int told, code, half;
static unsigned long first, last, seen;
static char operation[16];

static int of_database(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    return name != NULL && strncmp(name, "/hub.db", 7) == 0;
}

static int plan(void) {
    char extra[16] = "";
    const char *path = getenv("FAILING_DISK");
    FILE *from = path != NULL ? fopen(path, "r") : NULL;
    if (from == NULL)
        return 0;
    int words = fscanf(from, "%15s %d %lu %lu %15s", operation, &code, &first, &last, extra);
    fclose(from);
    half = strcmp(extra, "half") == 0;
    return words >= 4;
}

static void tell(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s.failed", getenv("FAILING_DISK"));
    FILE *to = fopen(path, "w");
    if (to != NULL)
        fclose(to);
}

/* Is this one to fail? */
static int fails(int file, const char *what) {
    int before = errno, now = 0;
    if (of_database(file)) {
        pthread_mutex_lock(&turn);
        told = told || plan();
        if (told && strcmp(what, operation) == 0) {
            seen++;
            now = seen >= first && (last == 0 || seen <= last);
            if (now && seen == first)
                tell();
        }
        pthread_mutex_unlock(&turn);
    }
    errno = before;
    return now;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define READING(name, parameters, arguments)                                                                            \
    ssize_t name parameters {                                                                                           \
        REAL(name);                                                                                                     \
        if (!fails(file, "read"))                                                                                       \
            return real arguments;                                                                                      \
        errno = code;                                                                                                   \
        return -1;                                                                                                      \
    }

#define WRITING(name, parameters, arguments)                                                                            \
    ssize_t name parameters {                                                                                           \
        REAL(name);                                                                                                     \
        if (!fails(file, "write"))                                                                                      \
            return real arguments;                                                                                      \
        if (code == 0)                                                                                                  \
            return (ssize_t)bytes;                                                                                      \
        if (half) {                                                                                                     \
            bytes /= 2;                                                                                                 \
            if (real arguments < 0)                                                                                     \
                return -1;                                                                                              \
        }                                                                                                               \
        errno = code;                                                                                                   \
        return -1;                                                                                                      \
    }

#define SETTING(name, what, parameters, arguments)                                                                      \
    int name parameters {                                                                                               \
        REAL(name);                                                                                                     \
        if (!fails(file, what))                                                                                         \
            return real arguments;                                                                                      \
        errno = code;                                                                                                   \
        return code == 0 ? 0 : -1;                                                                                      \
    }

READING(read, (int file, void *to, size_t bytes), (file, to, bytes))
READING(pread64, (int file, void *to, size_t bytes, off64_t at), (file, to, bytes, at))
WRITING(write, (int file, const void *from, size_t bytes), (file, from, bytes))
WRITING(pwrite64, (int file, const void *from, size_t bytes, off64_t at), (file, from, bytes, at))
SETTING(fsync, "sync", (int file), (file))
SETTING(fdatasync, "sync", (int file), (file))
SETTING(ftruncate64, "truncate", (int file, off64_t length), (file, length))
