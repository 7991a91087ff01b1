/* SPDX-License-Identifier: MIT */
/*
 * What the two processes share: the segment's layout. docs/wire-format.md describes it for other implementations; the asserts
 * below check that both agree.
 */
#ifndef HPRPC_CHANNEL_SHM_LAYOUT_H
#define HPRPC_CHANNEL_SHM_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHM_SLOTS_DEFAULT = 128, /* both rings fit into the first-level cache beside the application's data */
    SHM_SLOTS_MIN = 16,
    SHM_SLOTS_MAX = 16384,
    SHM_ARENA_DEFAULT = 1024 * 1024,
    SHM_ARENA_MIN = 64 * 1024,
    SHM_ARENA_MAX = 1024 * 1024 * 1024,
    SHM_UNITS_MAX = 4096, /* an arena is cut into so many units, or fewer of SHM_UNIT_MIN bytes */
    SHM_UNIT_MIN = 64,
    /* What an arena may grow by. Addresses are dear where there are 32 bits of them. */
    SHM_EXTENSION_DEFAULT = (sizeof(void *) < 8 ? 4 : 16) * 1024 * 1024,
    SHM_EXTENSION_MIN = 1024 * 1024,
    SHM_EXTENSION_MAX = 1024 * 1024 * 1024,
    SHM_EXTENSION_UNITS_MAX = 256, /* as above: large bodies want few, large units */
    SHM_EXTENSION_UNIT_MIN = 64 * 1024,
    SHM_NO_EXTENSION = 1, /* in a hello: none is wanted, where 0 leaves it to the server */
};

/* What a slot says about its message's body. */
enum shm_kind {
    SHM_INLINE = 0, /* the body is in the slot */
    SHM_CHUNK = 1,  /* the body is the chunk */
    SHM_FIRST = 2,  /* the chunk is the first piece of a longer body */
    SHM_NEXT = 3,   /* the chunk is a further piece; the header is the first one's */
    SHM_END = 4,    /* no message: the sender has closed the connection */
};

/*
 * A slot is one cache line. The commit word says which lap of the ring the slot belongs to, so that no side has to clear
 * it, and moves with the message in the same line:
 *   bits 0-31 lap + 1, 32-39 message type, 40-47 flags, 48-55 kind, 56-63 bytes of an inline body.
 * After it the call (bits 0-31), service (32-47) and procedure (48-63); with flag TIMEOUT or DEPTH a word with the
 * timeout (0-31) and the depth (32-47); then the inline body, or a chunk's first unit (0-31) and bytes (32-63), and for
 * pieces a word with the body's whole size (0-31) and the piece's offset in it (32-63).
 */
struct shm_slot {
    _Atomic uint64_t commit;
    _Atomic uint64_t call;
    _Atomic uint64_t rest[6];
};

enum {
    SHM_INLINE_MAX = 48,         /* bytes of body in a slot, without the word for timeout and depth */
    SHM_INLINE_MAX_OPTIONS = 40, /* with that word */
};

/* The words of one direction, each on a pair of cache lines of its own. */
struct shm_words {
    _Alignas(128) _Atomic uint32_t sleeping; /* 1: the receiver sleeps, or is about to; a sender that clears it rings */
    _Alignas(128) _Atomic uint32_t starved;  /* 1: the sender waits for room; a receiver that clears it rings */
    _Alignas(128) _Atomic uint32_t consumed; /* slots that the receiver gave back so far, modulo 2^32 */
    _Atomic uint32_t extensible; /* 1: the receiver can read the arena's extension, so the sender may use it */
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a 64-bit atomic that hides a lock cannot be shared between processes");
_Static_assert(sizeof(struct shm_slot) == 64, "a slot is one cache line");
_Static_assert(offsetof(struct shm_slot, rest) == 16, "an inline body follows two words");
_Static_assert(sizeof(struct shm_words) == 384, "the words of the second direction begin at 384");
_Static_assert(offsetof(struct shm_words, starved) == 128 && offsetof(struct shm_words, consumed) == 256,
               "words lie 128 bytes apart");
_Static_assert(offsetof(struct shm_words, extensible) == 260, "the receiver writes it, as `consumed`");

/* Direction 0 is client to server, 1 is server to client. */
struct shm_geometry {
    uint32_t slots;      /* of each ring, a power of two */
    uint32_t arena;      /* bytes of each arena, a power of two */
    uint32_t unit_shift; /* a unit has 1 << unit_shift bytes */
    uint32_t units;      /* of each arena; also the entries of each return ring */
    size_t words_at[2], slots_at[2], returns_at[2], arena_at[2];
    size_t allocated;         /* bytes of the segment that have memory from the start; the extensions follow */
    uint32_t extension;       /* bytes that each arena may grow by, a power of two, or 0 */
    uint32_t extension_shift; /* a unit of the extension has 1 << extension_shift bytes */
    uint32_t extension_units; /* numbered on from `units` */
    size_t extension_at[2];
    size_t size; /* of the segment */
};

/* One direction of a mapped segment. */
struct shm_lane {
    struct shm_words *words;
    struct shm_slot *slots;
    _Atomic uint32_t *returns; /* bits 0-15 a chunk's first unit, 16-31 lap + 1; written by the receiver */
    uint8_t *arena;
    uint8_t *extension; /* NULL: there is none, or it is not mapped */
};

#endif
