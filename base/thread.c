/* SPDX-License-Identifier: MIT */
/* Threads of the library's own. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>

#include <hprpc/error.h>

#include "base/single-thread.h"

int hprpc__thread_start(struct hprpc__thread *thread, void *(*run)(void *argument), void *argument)
{
    sigset_t all, before;
    int r;

    /* a new thread inherits the mask of the thread that starts it */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&thread->inside, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = r ? r : errno;
    return r ? HPRPC_ESYSTEM : 0;
}

void hprpc__thread_detach(const struct hprpc__thread *thread)
{
    pthread_detach(thread->inside);
}

void hprpc__thread_join(struct hprpc__thread *thread)
{
    pthread_join(thread->inside, NULL);
}

/* ---- Cancellation ---- */

enum { AS_IT_WAS = -1 };

int hprpc__cancellation_disable(void)
{
    int before = AS_IT_WAS;

    /* in a process of one thread there is none that could cancel it */
    if (!hprpc__single_threaded())
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void hprpc__cancellation_restore(int before)
{
    if (before != AS_IT_WAS)
        pthread_setcancelstate(before, NULL);
}
