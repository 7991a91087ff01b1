/* SPDX-License-Identifier: MIT */
/* The functions for names, files and memory that may fail. */
#include "faults/faults.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

int __real_chmod(const char *, mode_t);
int __wrap_chmod(const char *, mode_t);
int __real_dup3(int, int, int);
int __wrap_dup3(int, int, int);
int __real_posix_fallocate64(int, off64_t, off64_t);
int __wrap_posix_fallocate64(int, off64_t, off64_t);
int __real_fchmod(int, mode_t);
int __wrap_fchmod(int, mode_t);
int __real_fchown(int, uid_t, gid_t);
int __wrap_fchown(int, uid_t, gid_t);
int __real_fcntl64(int, int, ...);
int __wrap_fcntl64(int, int, ...);
int __real_flock(int, int);
int __wrap_flock(int, int);
int __real_fstatat64(int, const char *, struct stat64 *, int);
int __wrap_fstatat64(int, const char *, struct stat64 *, int);
int __real_lstat64(const char *, struct stat64 *);
int __wrap_lstat64(const char *, struct stat64 *);
int __real_fstatfs64(int, struct statfs64 *);
int __wrap_fstatfs64(int, struct statfs64 *);
int __real_ftruncate64(int, off64_t);
int __wrap_ftruncate64(int, off64_t);
char *__real_getcwd(char *, size_t);
char *__wrap_getcwd(char *, size_t);
ssize_t __real_getrandom(void *, size_t, unsigned);
ssize_t __wrap_getrandom(void *, size_t, unsigned);
int __real_ioctl(int, unsigned long, ...);
int __wrap_ioctl(int, unsigned long, ...);
int __real_madvise(void *, size_t, int);
int __wrap_madvise(void *, size_t, int);
int __real_inotify_add_watch(int, const char *, uint32_t);
int __wrap_inotify_add_watch(int, const char *, uint32_t);
int __real_inotify_init1(int);
int __wrap_inotify_init1(int);
int __real_memfd_create(const char *, unsigned);
int __wrap_memfd_create(const char *, unsigned);
int __real_mkdir(const char *, mode_t);
int __wrap_mkdir(const char *, mode_t);
int __real_mkfifo(const char *, mode_t);
int __wrap_mkfifo(const char *, mode_t);
void *__real_mmap64(void *, size_t, int, int, int, off64_t);
void *__wrap_mmap64(void *, size_t, int, int, int, off64_t);
int __real_munmap(void *, size_t);
int __wrap_munmap(void *, size_t);
int __real_open64(const char *, int, ...);
int __wrap_open64(const char *, int, ...);
DIR *__real_opendir(const char *);
DIR *__wrap_opendir(const char *);
int __real_pipe2(int *, int);
int __wrap_pipe2(int *, int);
int __real_unlink(const char *);
int __wrap_unlink(const char *);
int __real_unlinkat(int, const char *, int);
int __wrap_unlinkat(int, const char *, int);

/* ---- Names ---- */

int __wrap_open64(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return faults_hit(CALL_OPEN) ? -1 : __real_open64(path, flags, mode);
}

DIR *__wrap_opendir(const char *path)
{
    return faults_hit(CALL_OPENDIR) ? NULL : __real_opendir(path);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return faults_hit(CALL_MKDIR) ? -1 : __real_mkdir(path, mode);
}

int __wrap_mkfifo(const char *path, mode_t mode)
{
    return faults_hit(CALL_MKFIFO) ? -1 : __real_mkfifo(path, mode);
}

int __wrap_chmod(const char *path, mode_t mode)
{
    return faults_hit(CALL_CHMOD) ? -1 : __real_chmod(path, mode);
}

int __wrap_lstat64(const char *path, struct stat64 *ret_status)
{
    return faults_hit(CALL_LSTAT) ? -1 : __real_lstat64(path, ret_status);
}

int __wrap_fstatat64(int directory, const char *path, struct stat64 *ret_status, int flags)
{
    return faults_hit(CALL_FSTATAT) ? -1 : __real_fstatat64(directory, path, ret_status, flags);
}

int __wrap_unlink(const char *path)
{
    return faults_hit(CALL_UNLINK) ? -1 : __real_unlink(path);
}

int __wrap_unlinkat(int directory, const char *path, int flags)
{
    return faults_hit(CALL_UNLINKAT) ? -1 : __real_unlinkat(directory, path, flags);
}

/* ---- Descriptors ---- */

int __wrap_dup3(int from, int to, int flags)
{
    return faults_hit(CALL_DUP) ? -1 : __real_dup3(from, to, flags);
}

int __wrap_pipe2(int *ret_ends, int flags)
{
    return faults_hit(CALL_PIPE) ? -1 : __real_pipe2(ret_ends, flags);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return faults_hit(CALL_FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_fchown(int fd, uid_t user, gid_t group)
{
    return faults_hit(CALL_FCHOWN) ? -1 : __real_fchown(fd, user, group);
}

/* A command that only asks about an open descriptor does not fail. */
static bool asks(int command)
{
    return command == F_GETFL || command == F_GETFD || command == F_GET_SEALS || command == F_GETPIPE_SZ;
}

int __wrap_fcntl64(int fd, int command, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return !asks(command) && faults_hit(CALL_FCNTL) ? -1 : __real_fcntl64(fd, command, argument);
}

int __wrap_ioctl(int fd, unsigned long command, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, command);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    return faults_hit(CALL_IOCTL) ? -1 : __real_ioctl(fd, command, argument);
}

int __wrap_flock(int fd, int operation)
{
    return faults_hit(CALL_FLOCK) ? -1 : __real_flock(fd, operation);
}

int __wrap_fstatfs64(int fd, struct statfs64 *ret_status)
{
    return faults_hit(CALL_FSTATFS) ? -1 : __real_fstatfs64(fd, ret_status);
}

int __wrap_ftruncate64(int fd, off64_t size)
{
    return faults_hit(CALL_FTRUNCATE) ? -1 : __real_ftruncate64(fd, size);
}

int __wrap_posix_fallocate64(int fd, off64_t start, off64_t size)
{
    return faults_hit(CALL_FALLOCATE) ? errno : __real_posix_fallocate64(fd, start, size);
}

/* ---- Memory, and chance ---- */

int __wrap_inotify_init1(int flags)
{
    return faults_hit(CALL_INOTIFY) ? -1 : __real_inotify_init1(flags);
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    return faults_hit(CALL_INOTIFY_WATCH) ? -1 : __real_inotify_add_watch(fd, path, mask);
}

int __wrap_memfd_create(const char *name, unsigned flags)
{
    return faults_hit(CALL_MEMFD) ? -1 : __real_memfd_create(name, flags);
}

void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    void *memory = faults_hit(CALL_MMAP) ? MAP_FAILED : __real_mmap64(address, size, protection, flags, fd, offset);

    faults_map(memory != MAP_FAILED);
    return memory;
}

int __wrap_munmap(void *memory, size_t size)
{
    faults_map(-1);
    return __real_munmap(memory, size);
}

int __wrap_madvise(void *memory, size_t size, int advice)
{
    return faults_hit(CALL_MADVISE) ? -1 : __real_madvise(memory, size, advice);
}

char *__wrap_getcwd(char *ret_path, size_t size)
{
    return faults_hit(CALL_GETCWD) ? NULL : __real_getcwd(ret_path, size);
}

ssize_t __wrap_getrandom(void *ret_data, size_t size, unsigned flags)
{
    return faults_hit(CALL_GETRANDOM) ? -1 : __real_getrandom(ret_data, size, flags);
}
