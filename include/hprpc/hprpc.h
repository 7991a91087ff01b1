/* The whole public face of HPRPC. Including the single headers works as well. */
#ifndef HPRPC_HPRPC_H
#define HPRPC_HPRPC_H

#include <hprpc/client.h>
#include <hprpc/controller.h>
#include <hprpc/server.h>

#endif
