/* SPDX-License-Identifier: MIT */
/* The process that is killed or stopped: this program again. */
#include <sys/prctl.h>

#include "kill/kill.h"

static struct fate fate = { -1, 0, 0 };
static bool heard; /* the harness has read the first line; before that, it would wait for a stopped victim for ever */
static int passes;

void hprpc__step(enum hprpc__step step)
{
    if ((int)step == fate.step && (heard || fate.number == SIGKILL) &&
        __atomic_add_fetch(&passes, 1, __ATOMIC_RELAXED) == fate.nth)
        kill(getpid(), fate.number);
}

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return target_target_echo_reply(request, data);
}

static int note(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    (void)request;
    (void)data;
    return 0;
}

static int pass(void *self, struct hprpc_request *request, struct kodosis_fd_list files)
{
    (void)self;
    return target_target_pass_reply(request, files);
}

const struct target_target_service target_service = { .echo = echo, .note = note, .pass = pass, .relay = relay_serve };

static void say(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
    heard = true;
}

static int serve(const char *uri)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server;
    char address[200];

    if (hprpc_server_new(NULL, NULL, &server) < 0 || target_target_add(server, &target_service, NULL) < 0)
        return 1;
    if (hprpc_server_listen(server, uri, &detail) < 0) {
        say(detail.text);
        return 1;
    }
    hprpc_server_address(server, 0, address, sizeof(address));
    say(address);
    return hprpc_server_run(server) < 0;
}

/*
 * Calls until the process is killed. It ends by itself only if it lost the server; then the survivor finds that it was not
 * killed.
 */
static int call(const char *uri, enum hprpc_pump pump)
{
    struct traffic traffic;
    int r = traffic_open(&traffic, NULL, uri, pump, 20000);

    if (r < 0) {
        say(hprpc_error_name(r));
        return 1;
    }
    say("calling");
    while (traffic_turn(&traffic, true))
        continue;
    fprintf(stderr, "the server was lost: %s\n", hprpc_error_name(traffic.code));
    return 1;
}

/* The process was stopped and continues: it must not stop again. */
static void disarm(int number)
{
    (void)number;
    fate.step = -1;
}

int victim_main(char **arguments)
{
    enum hprpc_pump pump = (enum hprpc_pump)atoi(arguments[2]);
    bool serves = strcmp(arguments[0], "serve") == 0;

    fate = (struct fate){ atoi(arguments[3]), atoi(arguments[4]), atoi(arguments[5]) };
    signal(SIGCONT, disarm);
    return serves ? serve(arguments[1]) : call(arguments[1], pump);
}

pid_t victim_start(const char *role, const char *uri, enum hprpc_pump pump, const struct fate *its_fate, char *ret_line,
                   size_t capacity)
{
    char numbers[4][12];
    const char *arguments[] = { "kill", role, uri, numbers[0], numbers[1], numbers[2], numbers[3], NULL };
    int ends[2], parent = getpid();
    FILE *output;
    pid_t pid;

    snprintf(numbers[0], sizeof(numbers[0]), "%d", (int)pump);
    snprintf(numbers[1], sizeof(numbers[1]), "%d", its_fate->step);
    snprintf(numbers[2], sizeof(numbers[2]), "%d", its_fate->nth);
    snprintf(numbers[3], sizeof(numbers[3]), "%d", its_fate->number);
    check(pipe(ends) == 0);
    pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        /* when the harness dies, its victims die too */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            execv("/proc/self/exe", (char **)arguments);
        _exit(127);
    }
    close(ends[1]);
    output = fdopen(ends[0], "r");
    check(output);
    ret_line[0] = '\0';
    /* a victim that dies early prints nothing; the harness goes on */
    if (fgets(ret_line, (int)capacity, output))
        ret_line[strcspn(ret_line, "\n")] = '\0';
    fclose(output);
    return pid;
}
