/* Answers that nobody reads: large ones are refused where many wait, and whoever goes on asking is cut off. */
#include "rpc/stage.h"

#define MIB (1024ull * 1024)

static void expect(struct fake_end *end, uint32_t call, enum hprpc_message_type type, int code)
{
    struct fake_message message;
    char text[256];

    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.call, call);
    assert_int_equal(message.header.type, type);
    if (code)
        assert_int_equal(raw_read_error(&message, text), code);
    fake_message_clear(&message);
}

static void large_answers_are_refused(void **state)
{
    struct stage stage;
    struct fake_end *end, *server_end;
    uint8_t data[3000] = { 7 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    server_end = fake_peer(end);
    fake_stall(server_end);
    /* with one answer of 3,000 bytes in the queue, 2,000 more are the most that may join it */
    fake_burden(server_end, 64 * MIB - 5100);
    for (uint32_t call = 0; call < 3; call++)
        raw_request(end, call, TINY_ECHO, 0, data, call == 2 ? 1900 : 3000);
    raw_request(end, 3, TINY_ECHO, 0, data, 500);
    stage_turn(&stage);
    fake_unstall(server_end);
    stage_turn(&stage);
    expect(end, 0, HPRPC_MESSAGE_REPLY, 0);
    expect(end, 1, HPRPC_MESSAGE_ERROR, HPRPC_EBUSY);
    expect(end, 2, HPRPC_MESSAGE_REPLY, 0);
    expect(end, 3, HPRPC_MESSAGE_REPLY, 0); /* small ones always go out */
    /* once they are read, everything is as before */
    raw_request(end, 1, TINY_ECHO, 0, data, 3000);
    stage_turn(&stage);
    expect(end, 1, HPRPC_MESSAGE_REPLY, 0);
    fake_leave(end);
    stage_close(&stage);
}

static void who_never_reads_is_cut_off(void **state)
{
    struct stage stage;
    struct fake_end *greedy, *other;
    uint8_t data[100] = { 7 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    greedy = raw_connect(&stage, NULL);
    other = raw_connect(&stage, NULL);
    fake_stall(fake_peer(greedy));
    fake_burden(fake_peer(greedy), 256 * MIB - 500);
    raw_request(greedy, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    assert_int_equal(atomic_load(&stage.logged), 0);
    for (uint32_t call = 1; call < 16; call++)
        raw_request(greedy, call, TINY_ECHO, 0, data, sizeof(data));
    stage_turn(&stage);
    assert_true(fake_await_end(greedy));
    assert_int_equal(atomic_load(&stage.logged), 1);
    raw_request(other, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    expect(other, 0, HPRPC_MESSAGE_REPLY, 0);
    fake_leave(greedy);
    fake_leave(other);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_answers_are_refused),
        cmocka_unit_test(who_never_reads_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
