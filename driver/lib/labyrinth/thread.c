// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * CPU numbers for threads
 *
 * A number is taken at the thread's first call and given back when the thread
 * ends.  The mutex orders the last use of a number by one thread before the
 * first by the next, so a front passes between them like between two tasks that
 * ran on one CPU.
 */
#include <pthread.h>

#include "user.h"

/* Its front is empty in every pool, so the inline calls come here */
#define LAB_USER_NONE	LABYRINTH_MAX_CPUS

__thread unsigned int labyrinth_cpu = LAB_USER_NONE;
__thread size_t labyrinth_ahead = LAB_USER_NONE * (size_t)LABYRINTH_FRONT_SIZE;
__thread enum labyrinth_context lab_user_context = LABYRINTH_CTX_PROCESS;

static pthread_mutex_t lab_numbers_lock = PTHREAD_MUTEX_INITIALIZER;
static bool lab_numbers[LABYRINTH_MAX_CPUS];
static pthread_once_t lab_once = PTHREAD_ONCE_INIT;
static pthread_key_t lab_thread_key;
static bool lab_thread_key_made;

static void lab_number_back(void *value)
{
	pthread_mutex_lock(&lab_numbers_lock);
	*(bool *)value = false;
	pthread_mutex_unlock(&lab_numbers_lock);
}

static void lab_thread_key_make(void)
{
	lab_thread_key_made = !pthread_key_create(&lab_thread_key, lab_number_back);
}

static unsigned int lab_number_take(void)
{
	unsigned int i;

	pthread_once(&lab_once, lab_thread_key_make);
	if (!lab_thread_key_made)
		return LAB_USER_NONE;
	pthread_mutex_lock(&lab_numbers_lock);
	for (i = 0; i < LABYRINTH_MAX_CPUS && lab_numbers[i]; i++)
		continue;
	if (i < LABYRINTH_MAX_CPUS)
		lab_numbers[i] = true;
	pthread_mutex_unlock(&lab_numbers_lock);
	if (i == LABYRINTH_MAX_CPUS)
		return LAB_USER_NONE;
	if (pthread_setspecific(lab_thread_key, &lab_numbers[i])) {
		lab_number_back(&lab_numbers[i]);
		return LAB_USER_NONE;
	}
	return i;
}

/* lab_user_enter(), where the thread has no number yet, or one that is too large */
bool lab_user_number(const struct labyrinth *maze)
{
	if (labyrinth_cpu == LAB_USER_NONE)
		labyrinth_set_cpu(lab_number_take());
	return labyrinth_cpu < maze->core.cpus;
}

void labyrinth_set_cpu(unsigned int cpu)
{
	labyrinth_cpu = cpu < LAB_USER_NONE ? cpu : LAB_USER_NONE;
	labyrinth_ahead = labyrinth_cpu * (size_t)LABYRINTH_FRONT_SIZE;
}

void labyrinth_set_context(enum labyrinth_context context)
{
	lab_user_context = context;
}
