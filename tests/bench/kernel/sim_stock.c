// SPDX-License-Identifier: GPL-2.0-only
/* The pool's core with simulated CPUs (remote.c): what interrupts do not call */
#include <../pool/stock.c>
#include <../pool/census.c>
