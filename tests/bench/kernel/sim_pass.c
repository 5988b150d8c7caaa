// SPDX-License-Identifier: GPL-2.0-only
/* The pool's core with simulated CPUs (remote.c), compiled as in the pool: hand-overs */
#include <../pool/pass.c>
#include <../pool/apart.c>
