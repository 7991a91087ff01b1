/* SPDX-License-Identifier: MIT */
/*
 * The server: listens on any number of URIs of any transports and dispatches requests to services (the paper's RpcServer
 * and RpcService).
 */
#ifndef HPRPC_SERVER_H
#define HPRPC_SERVER_H

#include <hprpc/controller.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_server;
struct hprpc_request;

struct hprpc_server_options {
    size_t size;      /* sizeof(struct hprpc_server_options) */
    uint32_t loops;   /* threads that serve connections, the one in `run` included; 0 means 1 */
    uint32_t workers; /* threads that run handlers, in all; 0: the loops run them inline */
    /*
     * Further connections are turned away with HPRPC_EREFUSED and a sentence; 0 means 4096. A connection that ends while
     * requests of it are deferred gives its descriptors back, and keeps its memory until they are answered: as many of those
     * may be kept in addition, before new connections are turned away.
     */
    uint32_t max_connections;
    uint32_t max_message;          /* largest body in bytes, either way, 256 at least; 0 means 64 MiB */
    uint32_t max_calls;            /* unanswered requests of one connection; 0 means 1024 */
    uint64_t max_call_bytes;       /* bytes of bodies of those requests; 0 means 64 MiB */
    uint32_t max_kept_calls;       /* requests that wait or were deferred, over all connections; 0 means 65536 */
    uint64_t max_kept_bytes;       /* bytes of bodies of those requests; 0 means 1 GiB */
    uint32_t max_depth;            /* handlers nested inside waits inside handlers; 0 means 64 */
    uint64_t max_decoded;          /* bytes that decoding one message may take beyond the message; 0 means 64 MiB */
    uint32_t handshake_timeout_ms; /* a connection that has not said HELLO by then is closed; 0 means 10 s */
    uint32_t timeout_ms;           /* deadline of calls to clients that name none; 0 means 30 s */
    uint32_t stop_timeout_ms;      /* how long `run` lets kept requests finish once it is told to stop; 0 means 5 s */
    uint32_t keepalive_ms;         /* after so much silence a client that can answer is pinged; 0 means never */
    uint64_t max_unread_bytes;     /* bytes that wait until clients read them, over all connections: beyond it the
                                      slowest readers are cut off; 0 means 512 MiB */
    uint32_t worker_idle_ms;       /* a worker that had nothing to do for so long ends; 0 means 10 s */

    /*
     * Called for each connection that has said HELLO, and at its end, with the code and the reason: each once, in this
     * order, on the thread of the loop that serves the connection, with no lock held; they must not block. The
     * controller is borrowed: hprpc_controller_keep keeps it. `connected` may close it, serve and call on it. Connections
     * that were turned away, or never said HELLO, are not reported. NULL for none.
     */
    void (*connected)(void *self, struct hprpc_controller *controller);
    void (*disconnected)(void *self, struct hprpc_controller *controller, int code, const char *reason);
    void *connected_self; /* passed to both */

    /*
     * How the bytes of connections by sockets (tcp, unix) move under hprpc_server_run, where their URI does not say it (`engine=`).
     * Where io_uring cannot be had, epoll serves; struct hprpc_peer tells. HPRPC_ENGINE_AUTO is epoll until a loop has 32 connections.
     */
    enum hprpc_engine engine;
    uint32_t ring_buffers; /* of 16 KiB, that each loop may receive into by io_uring, 4096 at most; 0 means 512 */

    /* What the other side may send on streams before this side reads it; see hprpc/stream.h. */
    uint32_t stream_elements;  /* elements of one stream; 0 means 1024 */
    uint64_t stream_bytes;     /* bytes of the elements of one stream; 0 means 1 MiB */
    uint64_t max_stream_bytes; /* bytes over all streams of a connection; 0 means 64 MiB */
    uint32_t
        stream_idle_ms; /* a call with streams ends with HPRPC_EDEADLINE when nothing has moved for so long; 0: never */
    /*
     * Bytes of elements that came and were not read, over all connections; less than 16 KiB of a stream are not counted. An element
     * beyond it is lost: `_next` of its request gives those that came before, and then HPRPC_ENOMEM. 0 means 1 GiB.
     */
    uint64_t max_kept_stream_bytes;
};

/* clang-format off */
#define HPRPC_SERVER_OPTIONS_INIT \
    { sizeof(struct hprpc_server_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, HPRPC_ENGINE_AUTO, 0, 0, 0, 0, 0, 0 }
/* clang-format on */

/* Makes a server that listens nowhere yet. `options` may be NULL. The caller owns it. HPRPC_EINVAL, HPRPC_ENOMEM, HPRPC_ESYSTEM. */
HPRPC_API int hprpc_server_new(struct hprpc_context *context, const struct hprpc_server_options *options,
                               struct hprpc_server **ret_server);

/*
 * Offers a service on every connection. Generated code wraps it (`<namespace>_<service>_add`). `interface` and `handlers`
 * are borrowed until the server is freed; `self` is passed to the handlers. HPRPC_EINVAL (offered already), HPRPC_ENOMEM.
 */
HPRPC_API int hprpc_server_add(struct hprpc_server *server, const struct hprpc_interface *interface,
                               const void *handlers, void *self);

/*
 * Listens on one more URI. Where that has a host's name and not an address, it blocks until the resolver has an answer, which may take
 * as long as the resolver's own time-outs; otherwise it does not block. HPRPC_ECLOSED (the server has stopped), HPRPC_EURI, HPRPC_ESCHEME, HPRPC_EADDRESS, HPRPC_EINUSE,
 * HPRPC_EPERMISSION, HPRPC_ESYSTEM, HPRPC_ENOMEM; `detail` (or NULL) gets the sentence.
 */
HPRPC_API int hprpc_server_listen(struct hprpc_server *server, const char *uri, struct hprpc_detail *detail);

/*
 * Listens with a socket that another part of the program, or another program, has opened: one that listens already, of a kind that a
 * transport takes (tcp:// takes TCP sockets, unix:// Unix-domain stream sockets). `query` has options as they stand behind a URI,
 * "wait=spin&keepalive=20", or is NULL. A name that the socket has in the file system stays when the server ends.
 * On success the descriptor is the server's, which closes it, and it may get another number; on failure it is the caller's.
 * HPRPC_EINVAL: it is no such socket; HPRPC_ESCHEME: no transport takes this kind; else as hprpc_server_listen.
 */
HPRPC_API int hprpc_server_listen_fd(struct hprpc_server *server, int fd, const char *query,
                                     struct hprpc_detail *detail);

/*
 * Listens with the sockets that a service manager opened for this process, as systemd does for a .socket unit: those of LISTEN_FDS,
 * if LISTEN_PID says this process. With a `name`, only those that LISTEN_FDNAMES calls so (FileDescriptorName=); NULL for all.
 * `query` as for hprpc_server_listen_fd. Returns how many there are; 0: the process was not started in that way, and
 * hprpc_server_listen is what it wants. The server listens with duplicates: the descriptors themselves stay open, as do the variables,
 * so that sd_listen_fds(3) gives the rest of the program what it gave before; but programs that are executed do not get them.
 * Call it before other threads change the environment. Errors as for hprpc_server_listen_fd, with the number and the name in the detail,
 * and HPRPC_EADDRESS: none has this name. After an error the server may listen with some of them; free it.
 */
HPRPC_API int hprpc_server_listen_activated(struct hprpc_server *server, const char *name, const char *query,
                                            struct hprpc_detail *detail);

/*
 * The URI that clients use for the `index`-th socket or URI that the server listens with, in the order in which they were added,
 * with the port that was picked. HPRPC_EINVAL beyond the last one.
 */
HPRPC_API int hprpc_server_address(struct hprpc_server *server, size_t index, char *ret_uri, size_t capacity);

/*
 * Serves on this thread, and on the other loops' threads, until hprpc_server_stop. Then it stops listening, refuses new
 * requests, lets kept requests finish and their answers leave within the stop timeout, cancels the rest and closes
 * every connection.
 * 0, or why it could not go on; HPRPC_EINVAL while it runs already; HPRPC_EFORKED in a child of fork, also one that was forked
 * in a handler and returned out of it: requests and connections belong to the parent, which answers them. A child that lives
 * on without executing another program keeps the descriptors of listeners and connections: when the parent dies, the address
 * stays taken, and clients do not see the end.
 * A handler that blocks inline delays the stop, and belongs on workers; one that waits for a call over one of the server's own
 * connections does not, because the connection ends by the stop timeout.
 */
HPRPC_API int hprpc_server_run(struct hprpc_server *server);

/*
 * Makes `run`, or `process`, stop in that orderly way. Async-signal-safe, any thread; also before `run`. A server stops once:
 * a second or late stop does nothing. NULL is accepted. The server must exist: a signal handler that calls this may run while
 * another thread frees the server, or after it. hprpc_server_stop_on_signal has no such gap; with a handler, block the signal in
 * every thread but the one that frees, and ignore it (SIG_IGN) before you free.
 */
HPRPC_API void hprpc_server_stop(struct hprpc_server *server);

/*
 * Makes a signal (SIGTERM, SIGINT ...) stop the server, instead of what the signal does otherwise. No handler is involved: the
 * signal is blocked in the calling thread, and the first loop reads it from a descriptor. So call this before you start
 * threads, which inherit the blocked signals; in a thread that does not block it, the signal acts as before. The signal stays
 * blocked after the server is freed, and in programs that are executed, until you unblock it. One server for each signal.
 * HPRPC_EINVAL: no such signal, or one that cannot be blocked; HPRPC_ECLOSED: the server has stopped; HPRPC_ESYSTEM.
 */
HPRPC_API int hprpc_server_stop_on_signal(struct hprpc_server *server, int number);

/*
 * Visits the connections that are open now, in no order. Any thread, also inside a handler or a callback. No lock is held
 * during a visit: the connection may end meanwhile, its controller stays valid for the visit, and hprpc_controller_keep keeps it
 * longer. A visit that does not return 0 is the last one, and its result is returned. 0, HPRPC_ENOMEM, HPRPC_EFORKED.
 */
HPRPC_API int hprpc_server_connections(struct hprpc_server *server,
                                       int (*visit)(void *self, struct hprpc_controller *controller), void *self);

/*
 * Instead of `run`, from your own event loop: as for hprpc_client_descriptor, _timeout and _process. Only for a server of
 * one loop; with more, `descriptor` and `process` say HPRPC_EINVAL. After hprpc_server_stop, `process` takes the same steps
 * as `run` does then, driven by the descriptor and the timeout; when they are done it returns HPRPC_ECLOSED, the
 * descriptor is quiet for good, and the timeout is -1. Then the server can only be freed.
 *
 * The thread that has last called `process` may also call this server as a client, over local:// (docs/transports.md): its wait serves that
 * connection, so handlers run inside that call. Where another thread calls `process` at that moment, it returns 0 and has done
 * nothing, and the descriptor is readable again afterwards.
 */
HPRPC_API int hprpc_server_descriptor(struct hprpc_server *server);
HPRPC_API int hprpc_server_timeout(struct hprpc_server *server);
HPRPC_API int hprpc_server_process(struct hprpc_server *server);

/*
 * Closes every listener and connection, and frees. Requests that are still deferred may be answered afterwards; the answer
 * is dropped. NULL is accepted.
 */
HPRPC_API void hprpc_server_free(struct hprpc_server *server);

/* ---- One request ---- */

/*
 * A request lives until its handler returns, and longer if it was deferred. A handler answers
 * exactly once: with its generated `_reply`, with hprpc_request_fail, or by returning a negative code, which is sent as the
 * error. A handler of a procedure that returns nothing may just return 0. All of these work on any thread and never block:
 * where the channel has no room, the answer is queued. One answer of any size may wait on a connection; a further one of more
 * than a kilobyte is HPRPC_EBUSY where more than 64 MiB would wait then, however fast the other side reads. A server with answers
 * of tens of megabytes should have as few of them under way.
 *
 * A handler must return. In C++ an exception that would leave a handler, or any function that the library calls, ends the
 * program in std::terminate, where it is thrown. A longjmp out of one, or pthread_exit in one, leaves the connection and the
 * server unusable; then hprpc_server_run says HPRPC_EINVAL.
 *
 * A `_reply` that fails with HPRPC_EINVAL, HPRPC_ETOOBIG, HPRPC_EBUSY or HPRPC_ENOMEM has not answered: hprpc_request_fail or
 * another attempt must follow. After any other code the caller has cancelled, or the connection is gone, and the request is
 * over as after an answer.
 *
 * A caller that cancels a request which was deferred or is on a worker gets its answer at once, so that a procedure which never
 * answers uses up no credit; it is told by hprpc_request_cancelled, and must give the request up all the same, by an answer.
 */

/*
 * Keeps the request (and the views its handler was given) beyond the handler's return, until it is answered. Returns 0, so
 * that a handler can return it; HPRPC_EBUSY when the server keeps as many as it may, or the connection has max_calls requests
 * that were cancelled and not given up; HPRPC_EINVAL for a one-way request.
 */
HPRPC_API int hprpc_request_defer(struct hprpc_request *request);

/*
 * Answers with an error. `code` is HPRPC_EAPPLICATION or another code; `text` (or NULL) reaches the caller's call.detail.
 * Returns 0, so that a handler can return it.
 */
HPRPC_API int hprpc_request_fail(struct hprpc_request *request, int code, const char *text);

/* Whether the caller has cancelled the request, its deadline has passed, or its connection is gone. Any thread. */
HPRPC_API bool hprpc_request_cancelled(const struct hprpc_request *request);

/* Milliseconds left until the caller's deadline; 0 when it has passed, HPRPC_NO_TIMEOUT where there is none. */
HPRPC_API uint32_t hprpc_request_remaining(const struct hprpc_request *request);

/* The connection of the request; borrowed until the request is answered. */
HPRPC_API struct hprpc_controller *hprpc_request_controller(struct hprpc_request *request);

/*
 * Takes a descriptor out of a request's arguments: it is not closed with the request then, and belongs to the caller. Returns `fd`, or
 * HPRPC_EINVAL: it did not come with this request, or was taken. Not thread-safe for one request.
 */
HPRPC_API int hprpc_request_fd_take(struct hprpc_request *request, int fd);

/* Memory that lives as long as the request. NULL when there is none. Not thread-safe for one request. */
HPRPC_API void *hprpc_request_allocate(struct hprpc_request *request, size_t size);

#ifdef __cplusplus
}
#endif

#endif
