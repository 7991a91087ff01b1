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

int hprpc__shm_geometry_init(uint32_t slots, uint32_t arena, struct shm_geometry *ret_geometry)
{
    struct shm_geometry geometry = { .slots = slots, .arena = arena, .unit_shift = 6 };
    size_t end = PAGE;
    int i;

    if (!is_power_of_two(slots) || slots < SHM_SLOTS_MIN || slots > SHM_SLOTS_MAX)
        return HPRPC_EINVAL;
    if (!is_power_of_two(arena) || arena < SHM_ARENA_MIN || arena > SHM_ARENA_MAX)
        return HPRPC_EINVAL;
    while (arena >> geometry.unit_shift > SHM_UNITS_MAX)
        geometry.unit_shift++;
    geometry.units = arena >> geometry.unit_shift;

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
    geometry.size = end;
    *ret_geometry = geometry;
    return 0;
}

/* Gives the file its size and all of its memory, so that touching it can never fail. 0 or an errno number. */
static int allocate(int fd, size_t size)
{
    size_t done, step;
    int result;

    if (ftruncate(fd, (off_t)size))
        return errno;
    for (done = 0; done < size; done += step) {
        step = size - done < ALLOCATION_STEP ? size - done : ALLOCATION_STEP;
        do
            result = posix_fallocate(fd, (off_t)done, (off_t)step);
        while (result == EINTR);
        if (result)
            return result;
    }
    return 0;
}

/* Refuses a size beyond this process's limit on files: the system would send a signal that ends the process. */
static int check_limit(size_t size, struct hprpc_detail *detail)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur)
        return 0;
    return hprpc_detail_set(
        detail, HPRPC_ETOOBIG,
        "%zu bytes of shared memory are over the limit of %llu on files of this process (ulimit -f)", size,
        (unsigned long long)limit.rlim_cur);
}

/* Makes a file on tmpfs that never has a name: its descriptor, or a negated errno. */
static int make_posix(const char *directory, size_t size)
{
    struct statfs status;
    int fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600), number;

    if (fd < 0)
        return -errno;
    number = fstatfs(fd, &status) ? errno : status.f_type != TMPFS ? ENOTSUP : allocate(fd, size);
    if (!number)
        return fd;
    close(fd);
    return -number;
}

/* Makes a memory file that neither side can shrink: its descriptor, or a negated errno. */
static int make_sealed(size_t size)
{
    int fd = memfd_create("hprpc", MFD_CLOEXEC | MFD_ALLOW_SEALING), number;

    if (fd < 0)
        return -errno;
    number = allocate(fd, size);
    if (!number && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return fd;
    number = number ? number : errno;
    close(fd);
    return -number;
}

int hprpc__shm_segment_make(const char *directory, size_t size, bool sealed, struct hprpc_detail *detail, int *ret_fd)
{
    int result = check_limit(size, detail), posix, fd;
    char also[160] = "";

    if (result)
        return result;
    posix = sealed ? -1 : make_posix(directory, size);
    fd = posix < 0 ? make_sealed(size) : posix;
    if (fd < 0 && !sealed)
        snprintf(also, sizeof(also), ", nor in %.64s: %s", directory, hprpc__errno_text(-posix));
    if (fd < 0)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM,
                                "cannot allocate %zu bytes of shared memory as a memory file: %s%s", size,
                                hprpc__errno_text(-fd), also);
    *ret_fd = fd;
    return 0;
}

int hprpc__shm_segment_map(int fd, size_t size, bool sealed, struct hprpc_detail *detail, void **ret_memory)
{
    struct stat status;
    void *memory;
    int seals;

    if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size < 0 || (size_t)status.st_size != size)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the segment that came is not one of %zu bytes", size);
    if ((uint64_t)status.st_blocks * 512 < size)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the memory of the segment that came is not allocated");
    seals = fcntl(fd, F_GET_SEALS);
    if (sealed && (seals < 0 || !(seals & F_SEAL_SHRINK)))
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the segment that came could be cut short by the other side");
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot map %zu bytes of shared memory: %s", size,
                                hprpc__errno_text(errno));
    *ret_memory = memory;
    return 0;
}

void hprpc__shm_lane_init(struct shm_lane *lane, const struct shm_geometry *geometry, void *memory, int direction)
{
    uint8_t *base = memory;

    lane->words = (struct shm_words *)(void *)(base + geometry->words_at[direction]);
    lane->slots = (struct shm_slot *)(void *)(base + geometry->slots_at[direction]);
    lane->returns = (_Atomic uint32_t *)(void *)(base + geometry->returns_at[direction]);
    lane->arena = base + geometry->arena_at[direction];
}
