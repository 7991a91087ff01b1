/* SPDX-License-Identifier: MIT */
/* How large the model is, and what happens in it: run-models overrides what it wants otherwise. */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef UNITS
#define UNITS 2
#endif
#ifndef MESSAGES
#define MESSAGES 3 /* at most: any number of them may be sent */
#endif
#ifndef PACKETS
#define PACKETS 0 /* packets on the lifeline, rather than doorbells */
#endif
#ifndef LEVELS
#define LEVELS 0 /* sleepers poll, rather than wait for edges in epoll */
#endif
#ifndef CHUNKS
#define CHUNKS 0 /* bodies lie in chunks of CHUNK units, rather than in the slot */
#endif
#ifndef CHUNK
#define CHUNK 1
#endif
#ifndef COPIED
#define COPIED 0 /* by the receiving thread; else lent to RELEASERS threads */
#endif
#ifndef RELEASERS
#define RELEASERS 1
#endif
#ifndef CORKED
#define CORKED 0 /* a message may wait for the next flush */
#endif
#ifndef REQUESTS
#define REQUESTS 1 /* are sent: they are turned away where there is no room */
#endif
#ifndef REPLIES
#define REPLIES 0 /* are sent: they are staged where there is no room */
#endif
#ifndef THREADED
#define THREADED 0 /* threads that call, beside one that pumps; 0: one that does both */
#endif
#ifndef DEATHS
#define DEATHS 1 /* one side may be killed */
#endif
#ifndef CLOSES
#define CLOSES 0 /* the client may close */
#endif
#ifndef SPINS
#define SPINS 0 /* a side that found nothing may look again without sleeping */
#endif

#define CLIENT 0
#define SERVER 1
#define THREADS 6      /* 0: the client's, 1: its pump, 2: the server's pump, 3: a second caller, 4, 5: releasers */
#define PACKETS_MAX 1  /* taken by one drain */
#define PACKETS_ROOM 2 /* that a socket holds */
#define SHM_LOOKS 2
#define IDLE_MAX 1
#define RESERVE 0
#define PUBLISH_IDLE SLOTS /* slots that are kept from the sender while the receiver has nothing to do ... */
#define PUBLISH_BUSY SLOTS /* ... and while it has: as late as can be */
#define VAIN_MAX 3         /* wake-ups that one ring, message or end may cost */
