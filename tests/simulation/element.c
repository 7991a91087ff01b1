/* SPDX-License-Identifier: MIT */
/* The elements of talks: which there are, and whether those that come are they. */
#include "simulation/talk.h"

#include <stdlib.h>

static uint64_t mix(const struct talk *talk, enum direction direction, uint32_t number)
{
    struct random random = { talk->tag + number * UINT64_C(0x9e3779b97f4a7c15) + direction };

    return random_next(&random);
}

/* What the bytes of an element are made from. */
static uint64_t seed_of(const struct talk *talk, enum direction direction, uint32_t number)
{
    return mix(talk, direction, number) ^ talk->tag;
}

static uint32_t payload_size(const struct talk *talk, enum direction direction, uint32_t number)
{
    uint64_t drawn = mix(talk, direction, number);
    uint32_t size = (uint32_t)(drawn >> 20);

    switch (drawn % 24) {
    case 0:
        return talk->large ? 60000 + size % 95000 : size % 3000;
    case 1:
    case 2:
        return size % 5000;
    case 3:
        return 0;
    default:
        return size % 120;
    }
}

void talk_plan(struct talk *talk)
{
    struct world *world = talk->party->world;

    talk->large = world_chance(world, 200);
    for (int direction = UPWARD; direction <= DOWNWARD; direction++) {
        struct half *half = &talk->halves[direction];

        half->exists = talk->procedure == BOTH || (talk->procedure == UP) == (direction == UPWARD);
        half->planned = (uint32_t)world_random(world, world_chance(world, 150) ? 80 : 12);
        half->said_end = !half->exists;
    }
}

uint64_t element_size(const struct talk *talk, enum direction direction, uint32_t number)
{
    struct kodosis_bytes payload = { NULL, payload_size(talk, direction, number) };

    return kodosis_size_bytes(4, payload);
}

void *element_write(struct kodosis_writer *writer, const struct talk *talk, enum direction direction, uint32_t number)
{
    uint32_t size = payload_size(talk, direction, number);
    uint8_t *bytes = malloc(size + 1);
    struct kodosis_bytes payload = { bytes, size };

    fill(bytes, size, seed_of(talk, direction, number));
    kodosis_write_uint32(writer, number);
    kodosis_write_bytes(writer, payload);
    return bytes;
}

uint32_t half_limit(const struct talk *talk, enum direction direction)
{
    return direction == UPWARD ? party_limit(talk->party) : party_own_limit(talk->party);
}

void element_read(struct kodosis_reader *reader, struct talk *talk, enum direction direction)
{
    struct half *half = &talk->halves[direction];
    struct world *world = talk->party->world;
    uint32_t number = kodosis_read_uint32(reader);
    struct kodosis_bytes payload = kodosis_read_bytes(reader);

    while (half->next < half->planned && element_size(talk, direction, half->next) > half_limit(talk, direction))
        half->next++;
    world_check(world, half->exists && !half->heard_end && !half->lost, "talk %u gets an element after the end",
                (uint32_t)talk->tag);
    world_check(world, number == half->next && number < half->planned,
                "talk %u gets element %u, and not element %u, of its direction %d", (uint32_t)talk->tag, number,
                half->next, direction);
    world_check(world,
                payload.size == payload_size(talk, direction, number) &&
                    is_filled(payload.data, payload.size, seed_of(talk, direction, number)),
                "element %u of talk %u comes with other bytes", number, (uint32_t)talk->tag);
    half->next++;
    half->read++;
    half->view = payload.data;
}

void element_forget(struct talk *talk, enum direction direction)
{
    struct half *half = &talk->halves[direction];
    uint32_t number = half->next - 1;

    if (half->view)
        world_check(talk->party->world,
                    is_filled(half->view, payload_size(talk, direction, number), seed_of(talk, direction, number)),
                    "element %u of talk %u changed while it was looked at", number, (uint32_t)talk->tag);
    half->view = NULL;
}

void half_check_end(struct talk *talk, enum direction direction)
{
    struct half *half = &talk->halves[direction];

    half->heard_end = true;
    world_check(talk->party->world, half->said_end && half->read == half->sent,
                "talk %u hears the end of direction %d after %u of %u elements%s", (uint32_t)talk->tag, direction,
                half->read, half->sent, half->said_end ? "" : ", and nobody said it");
}
