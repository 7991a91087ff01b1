/* SPDX-License-Identifier: MIT */
/*
 * Streams in orders that chance makes: a server and two clients on one thread, each step drawn from a seed. What travels is held back,
 * finds no room, or is lost with its connection; servers go and come again; both sides send, read, end, cancel, answer and fail
 * at any time. After each step no window is exceeded, the sums agree with the streams, and no side has more than its bound; at the
 * end every call and request ended once, with a code that its story allows, and all memory is back.
 *
 * test-rpc-stream-orders [FIRST COUNT] lives through COUNT seeds from FIRST on.
 */
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/connection/connection.h"
#include "rpc/server.h"
#include "rpc/stream/stream.h"
#include "support/fake.h"
#include "support/flow.h"
#include "support/memory.h"

enum { CLIENTS = 2, CALLS = 5, STEPS = 2500, LONGEST = 70000, SEEDS = 150 };

/* A request that the server has deferred. */
struct job {
    struct hprpc_request *request;
    struct talk *talk;
    struct job *next;
    uint32_t sent, read;
    bool ended;                        /* it has said END */
    bool heard;                        /* and heard it */
    bool sends_no_more, reads_no_more; /* a function has said why it is at its end */
    int registered;                    /* callbacks that wait */
};

/* A call as both sides know it. */
struct talk {
    uint32_t number; /* all elements depend on it */
    int procedure;
    struct hprpc_call call;
    uint32_t sent, read;
    bool open; /* it was started, and is not cleared */
    bool ended, heard, cancelled, finished;
    int code;              /* of the end that it was told */
    bool told;             /* `code` is set */
    int verdict;           /* that the server gave; 1: none */
    uint32_t answered;     /* how often the server has given one */
    uint32_t served;       /* how often its handler ran */
    uint32_t given, taken; /* elements that the server has sent, and read */
    int registered;
    struct talk *older;
};

struct client {
    struct hprpc_client *client;
    struct flow flow;
    bool restless;
    struct talk *talks[CALLS];
};

struct world {
    uint64_t seed, random;
    bool calm; /* no connection is lost, and no server goes */
    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    struct client clients[CLIENTS];
    struct talk *talks;
    struct job *jobs;
    uint32_t count;
    uint8_t data[LONGEST];
};

static struct world world;

static int last;          /* the last code that was judged */
static uint64_t elements; /* that were read, in all worlds */

static void check_at(bool holds, const char *what, int line)
{
    if (!holds)
        errx(1, "seed %llu: %s (line %d); the last code was %s", (unsigned long long)world.seed, what, line,
             hprpc_error_name(last));
}

#define check(condition) check_at(condition, #condition, __LINE__)

static uint32_t draw(uint32_t limit)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (uint32_t)(world.random >> 20) % limit;
}

/* ---- Elements ---- */

static uint32_t size_of(const struct talk *talk, uint32_t number)
{
    static const uint32_t sizes[] = { 8, 0, 300, 8, 5000, 20, 65537, 90, 8, LONGEST };

    return sizes[(talk->number + number * 7) % 10];
}

static const uint8_t *element(const struct talk *talk, uint32_t number)
{
    flow_fill(number, world.data, size_of(talk, number));
    return world.data;
}

/* ---- The server's side ---- */

static void hear_job(void *self, uint32_t events)
{
    (void)events;
    check(--((struct job *)self)->registered == 0);
}

static void end_job(struct job *job)
{
    struct job **place = &world.jobs;
    struct talk *talk = job->talk;
    bool fails = draw(3) == 0;
    int r = fails                            ? hprpc_request_fail(job->request, HPRPC_EAPPLICATION, "as chance wanted")
            : talk->procedure == FLOW_UPLOAD ? flow_upload_reply(job->request, job->read)
                                             : flow_reply(job->request);

    if (r == HPRPC_EBUSY) { /* pieces go first */
        return;
    }
    check(r == 0 || r == HPRPC_ECLOSED || r == HPRPC_EPEERDIED || r == HPRPC_ECANCELLED);
    check(job->registered == 0);
    talk->answered++;
    talk->verdict = fails ? HPRPC_EAPPLICATION : 0;
    talk->given = job->sent;
    talk->taken = job->read;
    while (*place != job)
        place = &(*place)->next;
    *place = job->next;
    free(job);
}

/* What a function says about a request: that it goes on, waits, or is at its end. */
static void judge_job(const struct job *job, int r, bool *over)
{
    last = r;
    check(r == 0 || r == 1 || r == HPRPC_EBUSY || r == HPRPC_ECANCELLED || r == HPRPC_ECLOSED || r == HPRPC_EPEERDIED ||
          r == HPRPC_EDEADLINE);
    check(!*over || r < 0);
    if (r < 0 && r != HPRPC_EBUSY) {
        check(!world.calm || job->talk->cancelled);
        *over = true;
    }
}

static void send_from_job(struct job *job)
{
    const struct talk *talk = job->talk;
    int r = flow_request_send(job->request, element(talk, job->sent), size_of(talk, job->sent));

    if (talk->procedure == FLOW_UPLOAD || job->ended) {
        check(r < 0);
        return;
    }
    judge_job(job, r, &job->sends_no_more);
    job->sent += r == 0;
}

static void read_from_job(struct job *job)
{
    const struct talk *talk = job->talk;
    struct kodosis_bytes item;
    int r = flow_request_next(job->request, &item);

    if (talk->procedure == FLOW_WATCH) {
        check(r == HPRPC_EINVAL);
        return;
    }
    judge_job(job, r, &job->reads_no_more);
    check(!job->heard || r <= 0);
    if (r == 1) {
        check(flow_is(item, job->read, size_of(talk, job->read)));
        job->read++;
        elements++;
        check(job->read <= talk->sent);
    } else if (r == 0) {
        check(talk->ended && job->read == talk->sent);
        job->heard = true;
    }
}

/* Does one thing to a job, or one thing often. */
static void act_on_job(struct job *job, uint32_t often)
{
    switch (draw(16)) {
    case 0:
        if (draw(4) == 0)
            end_job(job);
        break;
    case 1:
        if (job->talk->procedure != FLOW_UPLOAD && draw(4) == 0 && hprpc_request_end(job->request) == 0)
            job->ended = true;
        break;
    case 2:
        if (!job->registered) {
            job->registered++;
            check(hprpc_request_notify(job->request, 1 + draw(3), hear_job, job) == 0);
        }
        break;
    case 3:
        if (job->talk->procedure != FLOW_UPLOAD)
            check(hprpc_request_cork(job->request, (int)draw(2)) == 0);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        for (; often; often--)
            read_from_job(job);
        break;
    default:
        for (; often; often--)
            send_from_job(job);
    }
}

static struct talk *find_talk(uint32_t number)
{
    struct talk *talk = world.talks;

    while (talk && talk->number != number)
        talk = talk->older;
    check(talk != NULL);
    return talk;
}

static int serve(struct hprpc_request *request, uint32_t number, int procedure)
{
    struct job *job = calloc(1, sizeof(*job));
    int r;

    check(job != NULL);
    job->request = request;
    job->talk = find_talk(number);
    check(job->talk->procedure == procedure && !job->talk->served++);
    r = hprpc_request_defer(request);
    if (r < 0) { /* it has max_calls requests that were cancelled, and not answered */
        check(r == HPRPC_EBUSY);
        job->talk->answered++;
        job->talk->verdict = r;
        free(job);
        return r;
    }
    job->next = world.jobs;
    world.jobs = job;
    return 0;
}

static int watch(void *self, struct hprpc_request *request, uint32_t count, uint32_t size)
{
    (void)self;
    (void)size;
    return serve(request, count, FLOW_WATCH);
}

static int upload(void *self, struct hprpc_request *request, uint32_t what)
{
    (void)self;
    return serve(request, what, FLOW_UPLOAD);
}

static int chat(void *self, struct hprpc_request *request, uint32_t what)
{
    (void)self;
    return serve(request, what, FLOW_CHAT);
}

static int plain(void *self, struct hprpc_request *request, uint32_t number)
{
    (void)self;
    return flow_plain_reply(request, number + 1);
}

static const struct flow_handlers handlers = { watch, upload, chat, plain };

static void open_server(void)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.stream_elements = 1 + draw(20);
    options.stream_bytes = 1 + draw(200000);
    options.max_stream_bytes = 1 + draw(300000);
    options.max_calls = 3 + draw(10);
    check(hprpc_server_new(world.context, &options, &world.server) == 0);
    check(hprpc_server_add(world.server, &flow_interface, &handlers, NULL) == 0);
    check(hprpc_server_listen(world.server, "fake://orders", &detail) == 0);
}

/* ---- The client's side ---- */

static void hear_talk(void *self, uint32_t events)
{
    (void)events;
    check(--((struct talk *)self)->registered == 0);
}

static bool may_end_with(const struct talk *talk, int code)
{
    if (code == HPRPC_ECANCELLED)
        return talk->cancelled;
    if (talk->answered == 1 && talk->verdict == code)
        return true;
    return !world.calm && (code == HPRPC_EPEERDIED || code == HPRPC_ECLOSED || code == HPRPC_EMAYBE ||
                           code == HPRPC_ENOTSENT || code == HPRPC_EBUSY || code == HPRPC_EDEADLINE);
}

/* A function has said how the call has ended. It says the same for ever. */
static void tell(struct talk *talk, int code)
{
    last = code;
    check(may_end_with(talk, code));
    check(!talk->told || talk->code == code);
    talk->told = true;
    talk->code = code;
}

static void start_talk(struct client *client, struct talk **place)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    int r;

    check(talk != NULL);
    talk->number = world.count++;
    talk->procedure = FLOW_WATCH + (int)draw(3);
    talk->verdict = 1;
    talk->call.flags = HPRPC_CALL_NO_WAIT;
    talk->call.timeout_ms = HPRPC_NO_TIMEOUT;
    talk->older = world.talks;
    world.talks = talk;
    r = talk->procedure == FLOW_WATCH    ? flow_watch_start(&client->flow, &talk->call, talk->number, 0)
        : talk->procedure == FLOW_UPLOAD ? flow_upload_start(&client->flow, &talk->call, talk->number)
                                         : flow_chat_start(&client->flow, &talk->call, talk->number);
    check(r == 0 || r == HPRPC_EBUSY || (!world.calm && r < 0));
    if (r < 0) {
        hprpc_call_clear(&talk->call);
        return;
    }
    talk->open = true;
    *place = talk;
}

static void clear_talk(struct talk **place)
{
    struct talk *talk = *place;

    if (!talk->finished)
        talk->cancelled = true;
    hprpc_call_clear(&talk->call);
    check(talk->registered == 0);
    talk->open = false;
    *place = NULL;
}

static void finish_talk(struct talk *talk)
{
    uint64_t total = 0;
    int r;

    if (talk->finished || !hprpc_pending_call_done(talk->call.pending))
        return;
    r = talk->procedure == FLOW_UPLOAD ? flow_upload_finish(&talk->call, &total) : flow_finish(&talk->call);
    tell(talk, r);
    talk->ended = talk->finished = true;
    check(r || talk->procedure != FLOW_UPLOAD || total == talk->taken);
}

static void send_from_talk(struct talk *talk)
{
    int r;

    if (talk->procedure == FLOW_WATCH || talk->ended || talk->finished)
        return;
    r = flow_send(&talk->call, element(talk, talk->sent), size_of(talk, talk->sent));
    talk->sent += r == 0;
    /* the answer has come, and takes no more elements */
    if (r == HPRPC_ECLOSED && talk->answered && !talk->verdict)
        return;
    if (r < 0 && r != HPRPC_EBUSY)
        tell(talk, r);
}

static void read_from_talk(struct talk *talk)
{
    struct kodosis_bytes item;
    int r;

    if (talk->procedure == FLOW_UPLOAD || talk->finished)
        return;
    r = flow_next(&talk->call, &item);
    check(!talk->heard || r <= 0);
    if (r == 1) {
        check(flow_is(item, talk->read, size_of(talk, talk->read)));
        talk->read++;
        elements++;
    } else if (r == 0) {
        talk->heard = true; /* END, or the answer behind all elements */
        check(!talk->answered || talk->verdict || talk->read == talk->given);
    } else if (r != HPRPC_EBUSY) {
        tell(talk, r);
    }
}

/* Does one thing to a call, or one thing often. */
static void act_on_talk(struct talk **place, uint32_t often)
{
    struct talk *talk = *place;

    switch (draw(16)) {
    case 0:
        if (draw(12) == 0)
            clear_talk(place);
        break;
    case 1:
        if (draw(12) == 0 && !talk->finished) {
            talk->cancelled = true;
            hprpc_pending_call_cancel(talk->call.pending);
        }
        break;
    case 2:
        finish_talk(talk);
        if (talk->finished)
            clear_talk(place);
        break;
    case 3:
        if (talk->procedure != FLOW_WATCH && !talk->finished && draw(12) == 0) {
            check(hprpc_call_end(&talk->call) == 0);
            talk->ended = true;
        }
        break;
    case 4:
        if (!talk->registered && !talk->finished) {
            talk->registered++;
            check(hprpc_call_notify(&talk->call, 1 + draw(3), hear_talk, talk) == 0);
        }
        break;
    case 5:
        if (talk->procedure != FLOW_WATCH && !talk->finished)
            check(hprpc_call_cork(&talk->call, (int)draw(2)) == 0);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        for (; often; often--)
            read_from_talk(talk);
        break;
    default:
        for (; often; often--)
            send_from_talk(talk);
    }
}

/* ---- What must hold at any time ---- */

struct sums {
    struct hprpc__sum in, out;
    uint64_t count;
};

static void check_stream(const struct hprpc__streams *streams, const struct hprpc__stream *stream, struct sums *sums)
{
    check(!stream->over);
    check(stream->out.elements <= streams->out.most.elements && stream->in.elements <= streams->in.most.elements);
    /* a window that is not used up lets one element pass, of any length */
    check(stream->out.bytes <= streams->out.most.bytes + LONGEST + 8);
    check(stream->in.bytes <= streams->in.most.bytes + LONGEST + 8);
    check(stream->read.elements <= stream->in.elements && stream->read.bytes <= stream->in.bytes);
    sums->in.bytes += stream->in.bytes;
    sums->in.beyond += stream->beyond_in;
    sums->out.bytes += stream->out.bytes;
    sums->out.beyond += stream->beyond_out;
    sums->count++;
}

static void check_bound(const struct hprpc__window *window, const struct hprpc__sum *sum, uint64_t count)
{
    check(sum->bytes <= 2 * window->total + 2 * (LONGEST + 8) + count * (window->share + HPRPC__PIECE_MAX));
}

static void check_connection(struct hprpc_controller *controller)
{
    const struct hprpc__streams *streams = controller->streams;
    struct sums sums = { 0 };

    if (!streams)
        return;
    for (const struct hprpc__stream *stream = streams->open; stream; stream = stream->next)
        check_stream(streams, stream, &sums);
    check(sums.in.bytes == streams->sum_in.bytes && sums.in.beyond == streams->sum_in.beyond);
    check(sums.out.bytes == streams->sum_out.bytes && sums.out.beyond == streams->sum_out.beyond);
    check_bound(&streams->in, &streams->sum_in, sums.count);
    check_bound(&streams->out, &streams->sum_out, sums.count);
}

static struct hprpc_controller *first_connection(void)
{
    return world.server->loops[0].loop.connections;
}

static void check_world(void)
{
    for (struct hprpc_controller *controller = first_connection(); controller; controller = controller->next)
        check_connection(controller);
    for (int i = 0; i < CLIENTS; i++) {
        if (!world.clients[i].restless)
            check_connection(hprpc_client_controller(world.clients[i].client));
    }
}

/* ---- Disturbances ---- */

static void restart(void)
{
    hprpc_server_free(world.server);
    open_server();
}

/* Does something to the connection that chance chooses. */
static void disturb(void)
{
    struct hprpc_controller *controller = first_connection();
    struct fake_end *end;

    while (controller && controller->next && draw(2))
        controller = controller->next;
    if (!controller || hprpc__state(controller) == HPRPC__BROKEN)
        return;
    end = fake_end_of(controller->channel);
    if (draw(2))
        end = fake_peer(end);
    switch (draw(8)) {
    case 0:
        fake_hold(end);
        break;
    case 1:
        fake_stall(end);
        break;
    case 2:
        fake_capacity(end, draw(4));
        break;
    case 3:
        if (!world.calm && draw(12) == 0)
            fake_break(end, HPRPC_EPEERDIED, "chance wanted it");
        break;
    case 4:
        if (!world.calm && draw(12) == 0)
            hprpc_controller_close(controller);
        break;
    case 5:
        if (!world.calm && draw(20) == 0)
            restart();
        break;
    default:
        fake_let_go(end);
        fake_unstall(end);
    }
}

static void end_disturbances(void)
{
    for (struct hprpc_controller *controller = first_connection(); controller; controller = controller->next) {
        struct fake_end *ends[] = { fake_end_of(controller->channel), NULL };

        if (hprpc__state(controller) == HPRPC__BROKEN)
            continue;
        ends[1] = fake_peer(ends[0]);
        for (int i = 0; i < 2; i++) {
            fake_capacity(ends[i], 0);
            fake_let_go(ends[i]);
            fake_unstall(ends[i]);
        }
    }
}

/* ---- A world ---- */

static atomic_bool connected;

static void *run_server(void *unused)
{
    (void)unused;
    while (!atomic_load(&connected))
        hprpc_server_process(world.server);
    return NULL;
}

static void open_client(struct client *client)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    pthread_t thread;

    *client = (struct client){ .restless = !world.calm && draw(2) };
    options.pump = HPRPC_PUMP_LOOP;
    options.reconnect = client->restless;
    options.stream_elements = 1 + draw(20);
    options.stream_bytes = 1 + draw(200000);
    options.max_stream_bytes = 1 + draw(300000);
    atomic_store(&connected, false);
    check(pthread_create(&thread, NULL, run_server, NULL) == 0);
    check(hprpc_client_connect(world.context, "fake://orders", &options, &detail, &client->client) == 0);
    check(flow_bind(client->client, &detail, &client->flow) == 0);
    atomic_store(&connected, true);
    pthread_join(thread, NULL);
}

static void pump(void)
{
    hprpc_server_process(world.server);
    for (int i = 0; i < CLIENTS; i++)
        hprpc_client_process(world.clients[i].client);
}

static void step(void)
{
    struct client *client = &world.clients[draw(CLIENTS)];
    struct talk **place = &client->talks[draw(CALLS)];
    struct job *job = world.jobs;

    switch (draw(6)) {
    case 0:
        disturb();
        break;
    case 1:
        hprpc_server_process(world.server);
        break;
    case 2:
        hprpc_client_process(client->client);
        break;
    case 3:
        for (uint32_t skip = draw(8); job && skip; skip--)
            job = job->next ? job->next : world.jobs;
        if (job)
            act_on_job(job, draw(8));
        break;
    default:
        if (*place)
            act_on_talk(place, draw(8));
        else
            start_talk(client, place);
    }
}

/* Lets all come to its end: the server answers, and the clients collect or clear. */
static void wind_up(void)
{
    end_disturbances();
    for (int round = 0; round < 4000 && world.jobs; round++) {
        pump();
        end_job(world.jobs);
    }
    check(!world.jobs);
    for (int round = 0; round < 4; round++)
        pump();
    for (int i = 0; i < CLIENTS; i++) {
        for (int j = 0; j < CALLS; j++) {
            struct talk **place = &world.clients[i].talks[j];

            if (!*place)
                continue;
            /* what was under way has arrived, so in a calm world the answer is there */
            check(!world.calm || (*place)->answered == 0 || hprpc_pending_call_done((*place)->call.pending));
            finish_talk(*place);
            clear_talk(place);
        }
    }
    check_world();
}

static void check_talks(void)
{
    while (world.talks) {
        struct talk *talk = world.talks;

        world.talks = talk->older;
        check(talk->answered == talk->served && talk->served <= 1);
        check(!talk->open && talk->registered == 0);
        free(talk);
    }
}

static void live(uint64_t seed)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    memset(&world, 0, sizeof(world));
    world.seed = seed;
    world.random = seed * 0x9E3779B97F4A7C15u | 1;
    world.calm = draw(3) == 0;
    memory_init(&world.memory);
    options.allocator = memory_allocator(&world.memory);
    options.transports = fake_transports;
    check(hprpc_context_new(&options, &world.context) == 0);
    open_server();
    for (int i = 0; i < CLIENTS; i++)
        open_client(&world.clients[i]);
    for (int i = 0; i < STEPS; i++) {
        step();
        check_world();
    }
    wind_up();
    for (int i = 0; i < CLIENTS; i++)
        hprpc_client_free(world.clients[i].client);
    while (world.jobs) /* of a call that a client had left as a copy, and that arrived at the very end */
        end_job(world.jobs);
    hprpc_server_free(world.server);
    while (world.jobs)
        end_job(world.jobs);
    check_talks();
    hprpc_context_free(world.context);
    check(atomic_load(&world.memory.pieces) == 0);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 2 ? strtoull(argv[1], NULL, 10) : 1, count = argc > 2 ? strtoull(argv[2], NULL, 10) : SEEDS;

    for (uint64_t seed = first; seed < first + count; seed++)
        live(seed);
    printf("%llu worlds came to a good end, with %llu elements\n", (unsigned long long)count,
           (unsigned long long)elements);
    return 0;
}
