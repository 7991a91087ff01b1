/* SPDX-License-Identifier: MIT */
/* Threads of the library's own. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>

#include <hprpc/error.h>

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

void hprpc__thread_join(struct hprpc__thread *thread)
{
    pthread_join(thread->inside, NULL);
}
