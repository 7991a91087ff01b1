#include "base/fork.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

atomic_uint *hprpc__fork_guard_new(void)
{
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    atomic_uint *guard = page;

    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, page_size(), MADV_WIPEONFORK) < 0) {
        munmap(page, page_size());
        return NULL;
    }
    atomic_init(guard, 1);
    return guard;
}

void hprpc__fork_guard_free(atomic_uint *guard)
{
    if (guard)
        munmap(guard, page_size());
}
