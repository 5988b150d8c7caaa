// SPDX-License-Identifier: GPL-2.0-only
/* Probes on tracepoints, of the kernel or of a module, found by name */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "test.h"

struct pool_search {
	const char *name;
	struct tracepoint *found;
	struct module *owner;
};

static void pool_match(struct tracepoint *tp, void *arg)
{
	struct pool_search *search = arg;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

static struct pool_search pool_module_search;

static int pool_match_module(struct notifier_block *nb, unsigned long action, void *data)
{
	struct tp_module *module = data;
	bool before = pool_module_search.found;
	int i;

	if (action != MODULE_STATE_COMING)
		return NOTIFY_OK;
	for (i = 0; i < module->mod->num_tracepoints; i++)
		pool_match(tracepoint_ptr_deref(&module->mod->tracepoints_ptrs[i]),
			   &pool_module_search);
	if (!before && pool_module_search.found)
		pool_module_search.owner = module->mod;
	return NOTIFY_OK;
}

static struct notifier_block pool_modules = { .notifier_call = pool_match_module };

/* A new notifier is told of every module that is there already */
static struct tracepoint *pool_find_in_modules(const char *name)
{
	pool_module_search = (struct pool_search){ .name = name };
	if (register_tracepoint_module_notifier(&pool_modules))
		return NULL;
	unregister_tracepoint_module_notifier(&pool_modules);
	return pool_module_search.found;
}

/* The module that has the pool */
struct module *pool_module(void)
{
	pool_find_in_modules("labyrinth_alloc");
	return pool_module_search.owner;
}

/* Calls @probe(@data, what the tracepoint gives...) from now on */
bool pool_hook(struct pool_hook *hook, const char *name, void *probe, void *data)
{
	struct pool_search search = { .name = name };

	for_each_kernel_tracepoint(pool_match, &search);
	hook->tp = search.found ?: pool_find_in_modules(name);
	hook->probe = probe;
	hook->data = data;
	if (!hook->tp)
		return false;
	return !tracepoint_probe_register(hook->tp, probe, data);
}

void pool_unhook(struct pool_hook *hook)
{
	tracepoint_probe_unregister(hook->tp, hook->probe, hook->data);
	tracepoint_synchronize_unregister();
}
