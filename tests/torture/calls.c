/* SPDX-License-Identifier: MIT */
/* Asynchronous calls: each ends once, is told once, and has the right reply, whichever thread collects it. */
#include "torture/torture.h"

/* ---- The board ---- */

static void board_enter(struct game *game, struct posted *posted)
{
    unsigned i = 0;

    pthread_mutex_lock(&game->board);
    while (game->posted[i])
        check(++i < sizeof(game->posted) / sizeof(game->posted[0]));
    game->posted[i] = posted;
    pthread_mutex_unlock(&game->board);
}

static void board_leave(struct game *game, struct posted *posted)
{
    unsigned i = 0;

    pthread_mutex_lock(&game->board);
    while (game->posted[i] != posted)
        check(++i < sizeof(game->posted) / sizeof(game->posted[0]));
    game->posted[i] = NULL;
    pthread_mutex_unlock(&game->board);
}

void call_cancel(struct player *player)
{
    struct game *game = player->game;
    struct posted *posted;

    pthread_mutex_lock(&game->board);
    posted = game->posted[random_below(&player->random, sizeof(game->posted) / sizeof(game->posted[0]))];
    if (posted) {
        atomic_store(&posted->cancelled, true);
        hprpc_pending_call_cancel(posted->pending);
    }
    pthread_mutex_unlock(&game->board);
}

/* ---- The end of a call ---- */

/* Collects a call and checks its outcome. Called once for each call, by any thread. Echo and Later have the same reply. */
static void finish(struct posted *posted)
{
    struct kodosis_bytes reply;
    int r = torture_target_echo_finish(&posted->call, &reply);
    bool cancelled = atomic_load(&posted->cancelled);

    if (r == 0) {
        check(reply.size == posted->size && is_filled(posted->number, reply.data, reply.size));
        check(times_run(&posted->game->target, posted->number) == 1);
    }
    if (r != HPRPC_ECANCELLED || !cancelled)
        expect(posted->game, "a posted call", r, posted->late_is_fair ? HPRPC_EDEADLINE : 0, posted->call.detail);
}

static void told(void *self, struct hprpc_pending_call *pending)
{
    struct posted *posted = self;

    check(hprpc_pending_call_done(pending));
    check(atomic_fetch_add(&posted->ends, 1) == 0);
    if (posted->alone) {
        finish(posted);
        hprpc_call_clear(&posted->call);
        atomic_fetch_sub(&posted->game->alone, 1);
    }
}

/* ---- What a player does with its calls ---- */

/* Returns the place of a random call of the player, or NULL. */
static struct posted **pick(struct player *player)
{
    unsigned start = (unsigned)random_below(&player->random, OPEN);

    for (unsigned i = 0; i < OPEN; i++) {
        if (player->open[(start + i) % OPEN])
            return &player->open[(start + i) % OPEN];
    }
    return NULL;
}

static struct posted **find_room(struct posted **places, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!places[i])
            return &places[i];
    }
    return NULL;
}

void call_post(struct player *player)
{
    struct posted **place = find_room(player->open, OPEN), *posted;
    struct game *game = player->game;
    bool later = random_chance(&player->random, 500);
    unsigned nth;
    int r;

    if (!place)
        return;
    posted = calloc(1, sizeof(*posted));
    check(posted);
    posted->game = game;
    posted->next = player->all;
    player->all = posted;
    posted->size = random_size(player);
    posted->alone = random_chance(&player->random, 200);
    posted->call.flags = random_chance(&player->random, 300) ? HPRPC_CALL_NO_WAIT : 0;
    if (random_chance(&player->random, 150)) {
        posted->late_is_fair = true;
        posted->call.timeout_ms = (uint32_t)random_between(&player->random, 1, 3);
    }
    nth = next_call(player);
    posted->number = number_of(player->index, nth);
    fill(posted->number, player->body, posted->size);
    r = (later ? torture_target_later_start : torture_target_echo_start)(
        &game->proxy, &posted->call, posted->number, (struct kodosis_bytes){ player->body, posted->size });
    if (r < 0) {
        player->outcome[nth] = r;
        if (r != HPRPC_EBUSY || !posted->call.flags)
            expect(game, "starting a call", r, posted->late_is_fair ? HPRPC_EDEADLINE : 0, posted->call.detail);
        check(atomic_load(&posted->ends) == 0);
        atomic_store(&posted->ends, 1);
        hprpc_call_clear(&posted->call);
        return;
    }
    posted->pending = posted->call.pending;
    if (posted->alone) {
        atomic_fetch_add(&game->alone, 1);
    } else {
        *place = posted;
        board_enter(game, posted);
    }
    hprpc_pending_call_notify(posted->pending, told, posted);
}

static void take_in(struct player *player, struct posted **place)
{
    struct posted *posted = *place;

    *place = NULL;
    finish(posted);
    board_leave(player->game, posted);
    hprpc_call_clear(&posted->call);
}

void call_collect(struct player *player, bool wait)
{
    struct hprpc_pending_call *pending[OPEN];
    bool any = false;
    int index;

    for (unsigned i = 0; i < OPEN; i++) {
        pending[i] = player->open[i] ? player->open[i]->call.pending : NULL;
        any |= pending[i] != NULL;
    }
    if (!any)
        return;
    index = hprpc_pending_call_wait_any(pending, OPEN, wait ? HPRPC_NO_TIMEOUT : (uint32_t)(player->calls % 2));
    if (index < 0) {
        check(index == HPRPC_EAGAIN && !wait);
        return;
    }
    check(player->open[index] && hprpc_pending_call_done(pending[index]));
    check(hprpc_pending_call_wait(pending[index], 0) == 0);
    take_in(player, &player->open[index]);
}

void call_drop(struct player *player)
{
    struct posted **place = pick(player), *posted;

    if (!place)
        return;
    posted = *place;
    *place = NULL;
    board_leave(player->game, posted);
    hprpc_call_clear(&posted->call);
}

void call_hold(struct player *player)
{
    struct posted **held = find_room(player->held, HELD), **place = held ? pick(player) : NULL;

    if (!place)
        return;
    *held = *place;
    *place = NULL;
    board_leave(player->game, *held);
}

void call_give(struct player *player)
{
    struct posted **place = pick(player);
    struct posted *given = atomic_exchange(&player->game->gift, place ? *place : NULL);

    if (place)
        *place = NULL;
    if (given) {
        place = find_room(player->open, OPEN);
        if (place) {
            *place = given;
        } else {
            board_leave(given->game, given);
            hprpc_call_clear(&given->call);
        }
    }
}

void call_drain(struct player *player)
{
    for (unsigned i = 0; i < OPEN; i++) {
        if (player->open[i])
            take_in(player, &player->open[i]);
    }
}

void call_release(struct player *player)
{
    for (unsigned i = 0; i < HELD; i++) {
        if (player->held[i]) {
            check(hprpc_pending_call_done(player->held[i]->call.pending));
            finish(player->held[i]);
            hprpc_call_clear(&player->held[i]->call);
            player->held[i] = NULL;
        }
    }
}
