/* SPDX-License-Identifier: MIT */
/* Other processes: this program again, with other arguments. Their standard output is a pipe to the test. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/suite.h"

void process_start(struct process *process, const char *role, const char *argument, char *ret_line, size_t capacity)
{
    const char *arguments[] = { "conformance", transport->name, role, argument, NULL };
    int ends[2], parent = getpid();
    FILE *output;

    assert_int_equal(pipe(ends), 0);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        /* when the test dies, its processes die too */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            execv("/proc/self/exe", (char **)arguments);
        _exit(127);
    }
    close(ends[1]);
    output = fdopen(ends[0], "r");
    assert_non_null(output);
    if (!fgets(ret_line, (int)capacity, output))
        fail_msg("a process that should %s said nothing", role);
    ret_line[strcspn(ret_line, "\n")] = '\0';
    fclose(output);
}

void process_serve(struct process *process)
{
    char uri[256];

    suite_uri(transport, "", uri, sizeof(uri));
    process_start(process, "serve", uri, process->uri, sizeof(process->uri));
}

void process_call(struct process *process, const char *uri, enum hprpc_pump pump)
{
    char line[16];

    process_start(process, pump == HPRPC_PUMP_THREAD ? "call-and-pump" : "call", uri, line, sizeof(line));
    assert_string_equal(line, "calling");
}

void process_suspend(struct process *process)
{
    int status;

    assert_int_equal(kill(process->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(process->pid, &status, WUNTRACED), process->pid);
    assert_true(WIFSTOPPED(status));
}

void process_resume(struct process *process)
{
    assert_int_equal(kill(process->pid, SIGCONT), 0);
}

void process_kill(struct process *process)
{
    int status;

    assert_int_equal(kill(process->pid, SIGKILL), 0);
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    assert_true(WIFSIGNALED(status));
}

void process_wait(struct process *process)
{
    int status;

    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
}

void process_sweep(const struct process *process)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;
    struct hprpc_server *server;

    if (!transport->named)
        return;
    options.transports = suite_transports;
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    assert_int_equal(hprpc_server_new(context, NULL, &server), 0);
    assert_int_equal(hprpc_server_listen(server, process->uri, NULL), 0);
    hprpc_server_free(server);
    hprpc_context_free(context);
}

/* ---- In the other process: no assertions, just an exit status ---- */

static struct hprpc_context *new_context(void)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context = NULL;

    options.transports = suite_transports;
    return hprpc_context_new(&options, &context) < 0 ? NULL : context;
}

static int serve(const char *uri)
{
    struct hprpc_server *server;
    struct probe probe;
    char address[256];

    probe_init(&probe);
    if (hprpc_server_new(new_context(), NULL, &server) < 0 || conform_probe_add(server, &probe_service, &probe) < 0 ||
        hprpc_server_listen(server, uri, NULL) < 0 || hprpc_server_address(server, 0, address, sizeof(address)) < 0)
        return 1;
    printf("%s\n", address);
    fflush(stdout);
    return hprpc_server_run(server) < 0;
}

static int call(const char *uri, enum hprpc_pump pump)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client;
    struct conform_probe_proxy proxy;
    struct hprpc_call pending = HPRPC_CALL_INIT;
    int32_t value;

    options.pump = pump;
    variant_become_client();
    if (hprpc_client_connect(new_context(), uri, &options, NULL, &client) < 0 ||
        conform_probe_bind(client, NULL, &proxy) < 0 || conform_probe_later_start(&proxy, &pending, 1, true) < 0)
        return 1;
    printf("calling\n");
    fflush(stdout);
    return conform_probe_later_finish(&pending, &value) < 0;
}

/* Processes that die may leave from any place, so their context stays until the process ends. */
static struct hprpc_context *lasting_context(void)
{
    static struct hprpc_context *volatile lasting;

    lasting = new_context();
    return lasting;
}

int process_main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[2], "serve") == 0)
        return serve(argv[3]);
    if (argc == 4 && strcmp(argv[2], "call") == 0)
        return call(argv[3], HPRPC_PUMP_CALLER);
    if (argc == 4 && strcmp(argv[2], "call-and-pump") == 0)
        return call(argv[3], HPRPC_PUMP_THREAD);
    if (argc == 4 && strcmp(argv[2], "die") == 0) {
        variant_become_client();
        return dying_clients_main(lasting_context(), argv[3]);
    }
    if (argc == 4 && strcmp(argv[2], "serve-and-die") == 0)
        return dying_server_main(lasting_context(), argv[3]);
    if (argc == 4 && strcmp(argv[2], "stream-and-die") == 0) {
        variant_become_client();
        return stream_dying_clients_main(lasting_context(), argv[3]);
    }
    if (argc == 4 && strcmp(argv[2], "serve-streams-and-die") == 0)
        return stream_dying_server_main(lasting_context(), argv[3]);
    return 2;
}
