/* A library to preload: the n-th call that writes below a folder fails with a chosen error.
 *
 * Counted are opening for writing, writing, syncing, cutting, renaming, linking and making folders.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static long calls, failing;
static int error;

/* Begin to count; call number `n` will fail with `code`, none if n is 0. */
void fault_arm(const char *folder, long n, int code) {
    strncpy(root, folder, sizeof root - 1);
    calls = 0;
    failing = n;
    error = code;
}

long fault_calls(void) { return calls; }

static int fails(const char *path) {
    if (!root[0] || strncmp(path, root, strlen(root)) != 0) return 0;
    if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) != failing) return 0;
    errno = error;
    return 1;
}

static int fails_at(int folder, const char *path) {
    char name[64], whole[PATH_MAX];
    if (path[0] == '/') return fails(path);
    ssize_t n = 0;
    if (folder == AT_FDCWD) {
        if (!getcwd(whole, sizeof whole)) return 0;
        n = strlen(whole);
    } else {
        snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
        n = readlink(name, whole, sizeof whole - 1);
    }
    if (n < 0 || n + strlen(path) + 2 > sizeof whole) return 0;
    whole[n] = '/';
    strcpy(whole + n + 1, path);
    return fails(whole);
}

static int fails_fd(int fd) {
    char name[64], path[PATH_MAX];
    if (!root[0]) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return fails(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT))
#define MODE(flags) mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *path, int flags, ...) {
    MODE(flags)
    return WRITES(flags) && fails_at(AT_FDCWD, path) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags)
    return WRITES(flags) && fails_at(AT_FDCWD, path) ? -1 : REAL(open64)(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return WRITES(flags) && fails_at(folder, path) ? -1 : REAL(openat)(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return WRITES(flags) && fails_at(folder, path) ? -1 : REAL(openat64)(folder, path, flags, mode);
}
FILE *fopen(const char *path, const char *how) {
    return how[0] != 'r' && fails_at(AT_FDCWD, path) ? NULL : REAL(fopen)(path, how);
}
FILE *fopen64(const char *path, const char *how) {
    return how[0] != 'r' && fails_at(AT_FDCWD, path) ? NULL : REAL(fopen64)(path, how);
}
ssize_t write(int fd, const void *data, size_t n) {
    return fails_fd(fd) ? -1 : REAL(write)(fd, data, n);
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    return fails_fd(fd) ? -1 : REAL(pwrite)(fd, data, n, at);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    return fails_fd(fd) ? -1 : REAL(pwrite64)(fd, data, n, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    return fails_fd(fd) ? -1 : REAL(writev)(fd, parts, n);
}
int fsync(int fd) { return fails_fd(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails_fd(fd) ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t n) { return fails_fd(fd) ? -1 : REAL(ftruncate)(fd, n); }
int ftruncate64(int fd, off64_t n) { return fails_fd(fd) ? -1 : REAL(ftruncate64)(fd, n); }
int rename(const char *from, const char *to) {
    return fails_at(AT_FDCWD, to) ? -1 : REAL(rename)(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    return fails_at(b, to) ? -1 : REAL(renameat)(a, from, b, to);
}
int link(const char *from, const char *to) {
    return fails_at(AT_FDCWD, to) ? -1 : REAL(link)(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    return fails_at(b, to) ? -1 : REAL(linkat)(a, from, b, to, flags);
}
int mkdir(const char *path, mode_t mode) {
    return fails_at(AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode);
}
