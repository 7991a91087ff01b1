/* SPDX-License-Identifier: MIT */
/* What a player's thread does: one random action after another, each of which may meet any action of the other players. */
#include "torture/torture.h"

/* ---- What may come ---- */

/* True for the codes that calls and connections may end with once `ending` is set, and not earlier. */
static bool is_end(int r)
{
    return r == HPRPC_ENOTSENT || r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED || r == HPRPC_ECLOSED ||
           r == HPRPC_ECANCELLED || r == HPRPC_EBUSY || r == HPRPC_EREFUSED || r == HPRPC_EADDRESS;
}

void expect(struct game *game, const char *what, int r, int fair, const char *detail)
{
    if (r == 0 || (fair && r == fair))
        return;
    if (!is_end(r) || !atomic_load(&game->ending))
        torture_fail("%s came to %s (%s)", what, hprpc_error_name(r), detail ? detail : "no detail");
}

unsigned next_call(struct player *player)
{
    check(player->calls < CALLS);
    return player->calls++;
}

size_t random_size(struct player *player)
{
    /* bodies in a slot, in a chunk, and in pieces */
    static const size_t most[] = { 10, 60, 60, 300, 300, 5000, 5000, 70000, BODY_MAX };
    unsigned which = (unsigned)random_below(&player->random, sizeof(most) / sizeof(most[0]) * 4);

    return (size_t)random_below(&player->random, most[which % (which < 9 ? 9 : 7)] + 1);
}

/* ---- Calls that wait ---- */

static void call_echo(struct player *player)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    unsigned nth = next_call(player);
    uint64_t number = number_of(player->index, nth);
    bool hurried = random_chance(&player->random, 100), patient = random_chance(&player->random, 700);
    size_t size = random_size(player);
    struct kodosis_bytes reply;
    int r;

    fill(number, player->body, size);
    call.timeout_ms = hurried ? 1 : 0;
    call.flags = patient ? 0 : HPRPC_CALL_NO_WAIT;
    r = (random_chance(&player->random, 500) ? torture_target_echo : torture_target_later)(
        &player->game->proxy, &call, number, (struct kodosis_bytes){ player->body, size }, &reply);
    player->outcome[nth] = r;
    if (r == 0)
        check(reply.size == size && is_filled(number, reply.data, size));
    if (r != HPRPC_EBUSY || patient)
        expect(player->game, "a call", r, hurried ? HPRPC_EDEADLINE : 0, call.detail);
    hprpc_call_clear(&call);
}

static void call_too_big(struct player *player)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    unsigned nth = next_call(player);
    struct kodosis_bytes reply;
    int r = torture_target_echo(&player->game->proxy, &call, number_of(player->index, nth),
                                (struct kodosis_bytes){ player->body, BODY_MAX * 2 }, &reply);

    player->outcome[nth] = r;
    check(r < 0);
    expect(player->game, "a call that is too big", r, HPRPC_ETOOBIG, call.detail);
    hprpc_call_clear(&call);
}

/* Makes a call whose handler, on a worker, takes longer than the deadline. */
static void call_late(struct player *player)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    unsigned nth = next_call(player);
    int r;

    call.timeout_ms = 2;
    r = torture_target_linger(&player->game->proxy, &call, number_of(player->index, nth), 4);
    player->outcome[nth] = r;
    expect(player->game, "a call that lingers", r, HPRPC_EDEADLINE, call.detail);
    hprpc_call_clear(&call);
}

static void call_refused(struct player *player)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct torture_refused refused;
    unsigned nth = next_call(player);
    uint64_t number = number_of(player->index, nth);
    int r = torture_target_refuse(&player->game->proxy, &call, number);

    check(r < 0);
    expect(player->game, "a refusal", r, HPRPC_EAPPLICATION, call.detail);
    if (r == HPRPC_EAPPLICATION) {
        check(torture_refused_get(&call, &refused) && refused.number == number);
        check(strcmp(refused.why.data, "as asked") == 0);
    }
    hprpc_call_clear(&call);
}

static void call_bounce(struct player *player)
{
    int32_t depth = (int32_t)random_below(&player->random, 4), count;
    int r = torture_target_bounce(&player->game->proxy, NULL, depth, &count);

    check(r < 0 || count == depth + 1);
    expect(player->game, "a call that is called back", r, 0, NULL);
}

static void send_note(struct player *player)
{
    unsigned nth = next_call(player);
    uint64_t number = number_of(player->index, nth);
    size_t size = random_size(player) % 5000;
    int r;

    fill(number, player->body, size);
    r = torture_target_note(&player->game->proxy, NULL, number, (struct kodosis_bytes){ player->body, size });
    if (r == 0)
        atomic_fetch_add(&player->game->notes, 1);
    else
        player->outcome[nth] = r;
    expect(player->game, "a note", r, 0, NULL);
}

/* ---- Around calls ---- */

static void ask_state(struct player *player)
{
    struct game *game = player->game;
    struct hprpc_controller *controller = hprpc_client_controller(game->client);
    struct hprpc_statistics statistics;
    struct hprpc_peer peer;
    char text[200];

    if (hprpc_client_state(game->client) != HPRPC_CLIENT_READY)
        check(atomic_load(&game->ending));
    hprpc_controller_statistics(controller, &statistics);
    check(statistics.stray_replies == 0);
    hprpc_controller_peer(controller, &peer);
    check(strcmp(peer.transport, "fake") != 0 && peer.address[0]);
    hprpc_controller_describe(controller, text, sizeof(text));
    check(hprpc_controller_number(controller) == 1);
    check(hprpc_client_timeout(game->client) >= -1);
}

static void bind_again(struct player *player)
{
    struct game *game = player->game;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct torture_target_proxy again;
    struct torture_absent_proxy absent;
    unsigned way = (unsigned)random_below(&player->random, 3);
    int r;

    if (way == 0) {
        r = torture_absent_bind(game->client, NULL, &absent);
        check(r < 0);
        expect(game, "binding what is absent", r, HPRPC_EUNIMPLEMENTED, NULL);
        return;
    }
    r = torture_target_bind_start(game->client, &call);
    if (r == 0 && way == 1) {
        r = torture_target_bind_finish(&call, &again);
        if (r == 0)
            r = torture_target_poke(&again, NULL);
    }
    expect(game, "binding again", r, 0, call.detail);
    hprpc_call_clear(&call);
}

/* ---- Other connections ---- */

static void drive_a_little(struct hprpc_client *client)
{
    for (int i = 0; i < 3; i++)
        hprpc_client_process(client);
}

/* Makes a client of its own, and frees it in the middle of what that does. */
static void visit(struct player *player)
{
    struct game *game = player->game;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct torture_target_proxy proxy;
    struct hprpc_client *client;
    struct hprpc_detail detail = { "" };
    unsigned steps = (unsigned)random_below(&player->random, 4);
    int r;

    options.pump = (enum hprpc_pump)random_below(&player->random, 3);
    r = hprpc_client_open(game->context, game->uri, &options, &detail, &client);
    expect(game, "opening another client", r, 0, detail.text);
    if (r < 0)
        return;
    if (options.pump == HPRPC_PUMP_LOOP)
        drive_a_little(client);
    if (steps == 1) {
        r = torture_target_bind_start(client, &call);
    } else if (steps > 1) {
        r = torture_target_bind(client, &detail, &proxy);
        if (r == 0)
            r = torture_target_poke(&proxy, NULL);
        if (r == 0 && steps > 2)
            r = torture_target_bounce_start(&proxy, &call, 0);
    }
    expect(game, "another client's call", r, 0, detail.text);
    if (random_chance(&player->random, 300))
        hprpc_client_close(client);
    hprpc_client_free(client);
    hprpc_call_clear(&call);
}

struct found {
    struct hprpc_controller *controllers[3];
    unsigned count;
};

static int keep_some(void *self, struct hprpc_controller *controller)
{
    struct found *found = self;

    found->controllers[found->count++] = hprpc_controller_keep(controller);
    return found->count == 3;
}

/* Calls some clients of the server. They may be gone by then, and may serve nothing. */
static void call_clients(struct player *player)
{
    struct found found = { { NULL }, 0 };
    int r = hprpc_server_connections(player->game->server, keep_some, &found);

    check(r == 0 || r == 1);
    for (unsigned i = 0; i < found.count; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct torture_target_proxy proxy;
        int32_t count;

        r = torture_target_bind_start(hprpc_controller_client(found.controllers[i]), &call);
        if (r == 0 && hprpc_pending_call_wait(call.pending, 2) == 0)
            r = torture_target_bind_finish(&call, &proxy);
        else
            r = HPRPC_EAGAIN;
        hprpc_call_clear(&call);
        call.timeout_ms = 2;
        if (r == 0 && torture_target_bounce(&proxy, &call, 0, &count) == 0)
            check(count == 1);
        hprpc_call_clear(&call);
        hprpc_controller_drop(found.controllers[i]);
    }
}

/* ---- The play ---- */

static void collect_one(struct player *player)
{
    call_collect(player, true);
}

static void look(struct player *player)
{
    call_collect(player, false);
}

static const struct {
    unsigned weight;
    void (*act)(struct player *player);
} actions[] = {
    { 24, call_post },   { 12, collect_one }, { 8, look },       { 6, call_drop },    { 2, call_hold },
    { 8, call_cancel },  { 5, call_give },    { 16, call_echo }, { 1, call_too_big }, { 2, call_late },
    { 3, call_refused }, { 5, call_bounce },  { 8, send_note },  { 3, ask_state },    { 3, bind_again },
    { 2, visit },        { 2, call_clients },
};

static void act(struct player *player)
{
    unsigned weights = 0, draw;
    size_t i;

    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        weights += actions[i].weight;
    draw = (unsigned)random_below(&player->random, weights);
    for (i = 0; draw >= actions[i].weight; i++)
        draw -= actions[i].weight;
    actions[i].act(player);
    atomic_fetch_add(&player->game->actions, 1);
}

void *play(void *argument)
{
    struct player *player = argument;

    for (unsigned i = 0; i < ACTIONS; i++)
        act(player);
    call_drain(player);
    return NULL;
}
