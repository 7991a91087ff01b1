/* SPDX-License-Identifier: MIT */
/* The segment: its layout, making it, checking and mapping it. */
#include "channel-shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/errno-text.h"

/* Allocating goes in steps: a signal makes a step start again, and a long one would never end under many signals. */
enum { ALLOCATION_STEP = 64 * 1024, PAGE = 4096 };

/* A segment may grow to this part of the file system, or it is a memfd: other programs use a small /dev/shm as well. */
enum { SHARE = 4 };

/* Where addresses are limited, a segment may take this part of them. */
enum { ADDRESS_SHARE = 16 };

/* They came with Linux 5.14; headers may be older. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* The type of tmpfs in statfs. It is also in linux/magic.h, which is not always installed. */
enum { TMPFS = 0x01021994 };

static bool is_power_of_two(uint32_t number)
{
    return number && !(number & (number - 1));
}

static size_t round_up(size_t number, size_t step)
{
    return (number + step - 1) / step * step;
}

/* The shift of a unit, so that there are not more than `most`. */
static uint32_t shift_of_unit(uint32_t size, uint32_t shift, uint32_t most)
{
    while (size >> shift > most)
        shift++;
    return shift;
}

int hprpc__shm_geometry_init(uint32_t slots, uint32_t arena, uint32_t extension, struct shm_geometry *ret_geometry)
{
    struct shm_geometry geometry = { .slots = slots, .arena = arena, .extension = extension };
    size_t end = PAGE;
    int i;

    if (!is_power_of_two(slots) || slots < SHM_SLOTS_MIN || slots > SHM_SLOTS_MAX)
        return HPRPC_EINVAL;
    if (!is_power_of_two(arena) || arena < SHM_ARENA_MIN || arena > SHM_ARENA_MAX)
        return HPRPC_EINVAL;
    if (extension && (!is_power_of_two(extension) || extension < SHM_EXTENSION_MIN || extension > SHM_EXTENSION_MAX))
        return HPRPC_EINVAL;
    geometry.unit_shift = shift_of_unit(arena, 6, SHM_UNITS_MAX);
    geometry.units = arena >> geometry.unit_shift;
    geometry.extension_shift = shift_of_unit(extension, 16, SHM_EXTENSION_UNITS_MAX);
    geometry.extension_units = extension >> geometry.extension_shift;

    for (i = 0; i < 2; i++) {
        geometry.words_at[i] = (size_t)i * sizeof(struct shm_words);
        geometry.slots_at[i] = end;
        end = round_up(end + slots * sizeof(struct shm_slot), PAGE);
        geometry.returns_at[i] = end;
        end = round_up(end + geometry.units * sizeof(uint32_t), PAGE);
    }
    for (i = 0; i < 2; i++) {
        geometry.arena_at[i] = end;
        end += arena;
    }
    geometry.allocated = end;
    for (i = 0; i < 2; i++) {
        geometry.extension_at[i] = end;
        if (extension > SIZE_MAX - end)
            return HPRPC_EINVAL;
        end += extension;
    }
    geometry.size = end;
    *ret_geometry = geometry;
    return 0;
}

/* Gives the file its size and the first part of its memory, so that touching it can never fail. 0 or an errno number. */
static int allocate(int fd, size_t size, size_t allocated)
{
    size_t done, step;
    int result;

    if (ftruncate(fd, (off_t)size))
        return errno;
    for (done = 0; done < allocated; done += step) {
        step = allocated - done < ALLOCATION_STEP ? allocated - done : ALLOCATION_STEP;
        do
            result = posix_fallocate(fd, (off_t)done, (off_t)step);
        while (result == EINTR);
        if (result)
            return result;
    }
    return 0;
}

/* Whether `size` is within a limit of this process; the limit. */
static bool is_within(int resource, uint64_t size, struct rlimit *ret_limit)
{
    return getrlimit(resource, ret_limit) || ret_limit->rlim_cur == RLIM_INFINITY || size <= ret_limit->rlim_cur;
}

bool hprpc__shm_segment_allowed(size_t size)
{
    struct rlimit limit;

    return is_within(RLIMIT_FSIZE, size, &limit);
}

/* Refuses a size beyond this process's limit on files: the system would send a signal that ends the process. */
static int check_limit(size_t size, struct hprpc_detail *detail)
{
    struct rlimit limit;

    if (is_within(RLIMIT_FSIZE, size, &limit))
        return 0;
    return hprpc_detail_set(
        detail, HPRPC_ETOOBIG,
        "%zu bytes of shared memory are over the limit of %llu on files of this process (ulimit -f)", size,
        (unsigned long long)limit.rlim_cur);
}

/* Makes a file on tmpfs that never has a name: its descriptor, or a negated errno. */
static int make_posix(const char *directory, size_t size, size_t allocated)
{
    struct statfs status;
    int fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600), number;

    if (fd < 0)
        return -errno;
    if (fstatfs(fd, &status))
        number = errno;
    else if (status.f_type != TMPFS)
        number = ENOTSUP;
    else if (size > allocated && status.f_blocks && status.f_blocks * (uint64_t)status.f_bsize / SHARE < size)
        number = ENOSPC;
    else
        number = allocate(fd, size, allocated);
    if (!number)
        return fd;
    close(fd);
    return -number;
}

/* Makes a memory file that neither side can shrink: its descriptor, or a negated errno. */
static int make_sealed(size_t size, size_t allocated)
{
    int fd = memfd_create("hprpc", MFD_CLOEXEC | MFD_ALLOW_SEALING), number;

    if (fd < 0)
        return -errno;
    number = allocate(fd, size, allocated);
    if (!number && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return fd;
    number = number ? number : errno;
    close(fd);
    return -number;
}

int hprpc__shm_segment_make(const char *directory, size_t size, size_t allocated, bool sealed,
                            struct hprpc_detail *detail, int *ret_fd)
{
    int result = check_limit(size, detail), posix, fd;
    char also[160] = "";

    if (result)
        return result;
    posix = sealed ? -1 : make_posix(directory, size, allocated);
    fd = posix < 0 ? make_sealed(size, allocated) : posix;
    if (fd < 0 && !sealed)
        snprintf(also, sizeof(also), ", nor in %.64s: %s", directory, hprpc__errno_text(-posix));
    if (fd < 0)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM,
                                "cannot allocate %zu bytes of shared memory as a memory file: %s%s", allocated,
                                hprpc__errno_text(-fd), also);
    *ret_fd = fd;
    return 0;
}

/* Maps all of a segment, or the first part where addresses are short: MAP_FAILED, or its memory and how much of it there is. */
static void *map(int fd, size_t size, size_t allocated, size_t *ret_mapped)
{
    struct rlimit limit;
    void *memory = MAP_FAILED;

    if (size > allocated && is_within(RLIMIT_AS, (uint64_t)size * ADDRESS_SHARE, &limit))
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) {
        *ret_mapped = size;
        return memory;
    }
    *ret_mapped = allocated;
    return mmap(NULL, allocated, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

int hprpc__shm_segment_map(int fd, size_t size, size_t allocated, bool sealed, struct hprpc_detail *detail,
                           void **ret_memory, size_t *ret_mapped)
{
    struct stat status;
    size_t mapped;
    void *memory;
    int seals;

    if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size < 0 || (size_t)status.st_size != size)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the segment that came is not one of %zu bytes", size);
    if ((uint64_t)status.st_blocks * 512 < allocated)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the memory of the segment that came is not allocated");
    seals = fcntl(fd, F_GET_SEALS);
    if (sealed && (seals < 0 || !(seals & F_SEAL_SHRINK)))
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the segment that came could be cut short by the other side");
    memory = map(fd, size, allocated, &mapped);
    if (memory == MAP_FAILED)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot map %zu bytes of shared memory: %s", allocated,
                                hprpc__errno_text(errno));
    *ret_memory = memory;
    *ret_mapped = mapped;
    return 0;
}

/* Unlike a touch, this says that there is no memory, where a touch raises a signal. It needs no descriptor. */
static int populate(uint8_t *memory, size_t size, int advice)
{
    int result;

    do
        result = madvise(memory, size, advice);
    while (result && errno == EINTR);
    return result ? errno : 0;
}

int hprpc__shm_extension_allocate(uint8_t *memory, size_t size)
{
    int number = populate(memory, size, MADV_POPULATE_WRITE);

    if (number)
        madvise(memory, size, MADV_REMOVE);
    return number;
}

int hprpc__shm_extension_find(uint8_t *memory, size_t size)
{
    return populate(memory, size, MADV_POPULATE_READ);
}

void hprpc__shm_lane_init(struct shm_lane *lane, const struct shm_geometry *geometry, void *memory, size_t mapped,
                          int direction)
{
    uint8_t *base = memory;

    lane->words = (struct shm_words *)(void *)(base + geometry->words_at[direction]);
    lane->slots = (struct shm_slot *)(void *)(base + geometry->slots_at[direction]);
    lane->returns = (_Atomic uint32_t *)(void *)(base + geometry->returns_at[direction]);
    lane->arena = base + geometry->arena_at[direction];
    lane->extension = geometry->extension && mapped == geometry->size ? base + geometry->extension_at[direction] : NULL;
}
