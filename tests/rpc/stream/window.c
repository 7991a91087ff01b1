/* SPDX-License-Identifier: MIT */
/*
 * The rules of windows, played at random by a sender and a receiver with messages under way between them: a sender that obeys is never
 * found to break a rule, what is held is bounded, and a stream that is read gets on, whatever others do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rpc/stream/window.h"

enum { STREAMS = 12, WIRE = 4096, WORLDS = 400, STEPS = 3000, LONGEST = 300000 };

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return below ? (uint32_t)(random_state >> 33) % below : 0;
}

/* One side's view of one stream. */
struct view {
    struct hprpc__flow flow;
    uint64_t beyond;
};

struct stream {
    struct view out, in;
    struct hprpc__flow read; /* by the receiver, and not given back */
    uint64_t unread[WIRE];   /* sizes of the elements that wait */
    unsigned first, count;
    bool never_read;
};

struct message {
    unsigned stream;
    struct hprpc__flow flow; /* of an element, or given back */
};

struct world {
    struct hprpc__window window;
    struct hprpc__sum sum_out, sum_in;
    struct stream streams[STREAMS];
    struct message there[WIRE], back[WIRE]; /* rings */
    unsigned there_first, there_count, back_first, back_count;
};

static void make_world(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->window =
        hprpc__window_make(1 + draw(20), draw(3) ? draw(200000) : 0, draw(4) ? draw(500000) : 0, STREAMS + draw(2000));
    for (unsigned i = 0; i < STREAMS; i++)
        world->streams[i].never_read = draw(3) == 0;
}

static bool send_element(struct world *world, unsigned index, uint64_t size)
{
    struct view *out = &world->streams[index].out;
    enum hprpc__leave leave = hprpc__window_allows(&world->window, &out->flow, &world->sum_out, size);

    if (leave == HPRPC__LEAVE_NONE || world->there_count == WIRE)
        return false;
    hprpc__window_take(&out->flow, &world->sum_out, &out->beyond, leave, size);
    world->there[(world->there_first + world->there_count++) % WIRE] = (struct message){ index, { 1, size } };
    return true;
}

static void receive_element(struct world *world)
{
    struct message message = world->there[world->there_first];
    struct stream *stream = &world->streams[message.stream];
    uint64_t size = message.flow.bytes;
    enum hprpc__leave leave;

    world->there_first = (world->there_first + 1) % WIRE;
    world->there_count--;
    leave = hprpc__window_allows(&world->window, &stream->in.flow, &world->sum_in, size);
    assert_int_not_equal(leave, HPRPC__LEAVE_NONE);
    hprpc__window_take(&stream->in.flow, &world->sum_in, &stream->in.beyond, leave, size);
    assert_true(stream->count < WIRE);
    stream->unread[(stream->first + stream->count++) % WIRE] = size;
}

static void give_back_if_due(struct world *world, unsigned index)
{
    struct stream *stream = &world->streams[index];

    if (!hprpc__window_is_due(&world->window, &stream->read) || world->back_count == WIRE)
        return;
    hprpc__window_give(&world->window, &stream->in.flow, &world->sum_in, &stream->in.beyond, &stream->read);
    world->back[(world->back_first + world->back_count++) % WIRE] = (struct message){ index, stream->read };
    stream->read = (struct hprpc__flow){ 0, 0 };
}

static void read_element(struct world *world, unsigned index)
{
    struct stream *stream = &world->streams[index];

    if (stream->count && !stream->never_read) {
        hprpc__flow_add(&stream->read, stream->unread[stream->first]);
        stream->first = (stream->first + 1) % WIRE;
        stream->count--;
    }
    give_back_if_due(world, index);
}

static void take_back(struct world *world)
{
    struct message message = world->back[world->back_first];
    struct view *out = &world->streams[message.stream].out;

    world->back_first = (world->back_first + 1) % WIRE;
    world->back_count--;
    assert_true(message.flow.elements <= out->flow.elements && message.flow.bytes <= out->flow.bytes);
    hprpc__window_give(&world->window, &out->flow, &world->sum_out, &out->beyond, &message.flow);
}

static uint64_t draw_size(void)
{
    return draw(4) == 0 ? draw(LONGEST) : draw(3) ? draw(300) : draw(HPRPC__PIECE_MAX + 1);
}

static void step(struct world *world)
{
    unsigned index = draw(STREAMS);

    switch (draw(4)) {
    case 0:
        send_element(world, index, draw_size());
        break;
    case 1:
        if (world->there_count)
            receive_element(world);
        break;
    case 2:
        read_element(world, index);
        break;
    default:
        if (world->back_count)
            take_back(world);
    }
}

/* The receiver holds two totals and one longest element each, and a share and a short element for each stream. */
static void check_bound(const struct world *world)
{
    uint64_t bound = 2 * (world->window.total + LONGEST) + STREAMS * (world->window.share + HPRPC__PIECE_MAX);
    uint64_t sum = 0;

    for (unsigned i = 0; i < STREAMS; i++)
        sum += world->streams[i].in.flow.bytes;
    assert_int_equal(sum, world->sum_in.bytes);
    assert_true(sum <= bound);
}

/* Lets everything arrive, and the readers read. */
static void settle(struct world *world)
{
    for (bool busy = true; busy;) {
        busy = world->there_count || world->back_count;
        while (world->there_count)
            receive_element(world);
        while (world->back_count)
            take_back(world);
        for (unsigned i = 0; i < STREAMS; i++) {
            busy |= world->streams[i].count && !world->streams[i].never_read;
            read_element(world, i);
        }
        busy |= world->back_count > 0;
    }
}

static void a_sender_that_obeys(void **state)
{
    struct world *world = malloc(sizeof(*world));

    (void)state;
    assert_non_null(world);
    for (unsigned i = 0; i < WORLDS; i++) {
        random_state = i + 1;
        make_world(world);
        for (unsigned n = 0; n < STEPS; n++) {
            step(world);
            check_bound(world);
        }
        settle(world);
        /* a stream that is read gets on: with short elements always, with long ones where others like them do not fill the total */
        for (unsigned k = 0; k < STREAMS; k++) {
            if (world->streams[k].never_read)
                continue;
            assert_true(send_element(world, k, draw(HPRPC__PIECE_MAX + 1)));
            settle(world);
            if (!world->sum_out.beyond)
                assert_true(send_element(world, k, LONGEST));
            settle(world);
        }
    }
    free(world);
}

/* Where all is read, what was not given back yet stops nothing, however many streams there are. */
static void what_is_read_stops_nothing(void **state)
{
    struct world *world = malloc(sizeof(*world));

    (void)state;
    assert_non_null(world);
    for (unsigned i = 0; i < WORLDS; i++) {
        random_state = 1000 + i;
        make_world(world);
        for (unsigned k = 0; k < STREAMS; k++)
            world->streams[k].never_read = false;
        for (unsigned n = 0; n < STEPS; n++)
            step(world);
        settle(world);
        assert_true(world->sum_out.bytes < world->window.total / 2 || world->sum_out.bytes == 0);
        assert_int_equal(world->sum_out.beyond, 0);
    }
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sender_that_obeys),
        cmocka_unit_test(what_is_read_stops_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
