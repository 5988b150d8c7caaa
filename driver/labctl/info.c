// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl info - what an accelerator is and can do
 */
#include <unistd.h>

#include "json.h"
#include "labctl.h"
#include "labyrinth_hw.h"

enum { OPT_JSON = LABCTL_OPT_FIRST };

static void show_json(const struct labyrinth_info *info)
{
	struct json json = { .out = stdout };

	json_open(&json, NULL, '{');
	json_string(&json, "device", labctl_device);
	json_string(&json, "pci", info->pci);
	json_number(&json, "hw_version", info->hw_version);
	json_number(&json, "queues", info->queues);
	json_number(&json, "vectors", info->vectors);
	json_string(&json, "policy", labyrinth_io_policy(info->policy));
	json_number(&json, "depth_max", info->depth_max);
	json_number(&json, "staging_pages", LABYRINTH_CAPS_STAGING(info->caps));
	json_bool(&json, "stream", info->caps & LABYRINTH_CAPS_STREAM);
	json_bool(&json, "generator", info->caps & LABYRINTH_CAPS_GENERATOR);
	json_bool(&json, "solver", info->caps & LABYRINTH_CAPS_SOLVE);
	json_number(&json, "bound", info->bound);
	json_close(&json, '}');
	json_end(&json);
}

static void show_text(const struct labyrinth_info *info)
{
	unsigned int q;

	printf("device         %s\n", labctl_device);
	printf("pci            %s\n", info->pci);
	printf("hardware       version %u.%u, %u staging pages\n", info->hw_version >> 16,
	       info->hw_version & 0xffff, LABYRINTH_CAPS_STAGING(info->caps));
	printf("sources        %s%s%s\n", info->caps & LABYRINTH_CAPS_STREAM ? "stream " : "",
	       info->caps & LABYRINTH_CAPS_GENERATOR ? "generator " : "",
	       info->caps & LABYRINTH_CAPS_SOLVE ? "solver" : "");
	if (info->vectors)
		printf("interrupts     %u MSI-X vectors\n", info->vectors);
	else
		printf("interrupts     INTx\n");
	printf("pool policy    %s\n", labyrinth_io_policy(info->policy));
	printf("queues         %u, at most %u pages each; with an owner:", info->queues,
	       info->depth_max);
	for (q = 0; q < info->queues; q++)
		if (info->bound & 1u << q)
			printf(" %u", q);
	printf("%s\n", info->bound ? "" : " none");
}

static int info_main(const struct labctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		LABCTL_COMMON_OPTIONS
	};
	struct labyrinth_info info;
	bool json = false;
	int fd, err, status;

	while (labctl_getopt(self, argc, argv, options, &status) == OPT_JSON)
		json = true;
	if (status != -1)
		return status;
	fd = labctl_open();
	if (fd < 0)
		return LABCTL_FAILED;
	err = labyrinth_io_info(fd, &info);
	close(fd);
	if (err)
		return labctl_io_error("info", err);
	if (json)
		show_json(&info);
	else
		show_text(&info);
	return LABCTL_OK;
}

const struct labctl_command labctl_info = {
	.name = "info",
	.summary = "what an accelerator is and can do",
	.usage = "usage: labctl info [--json] [--device /dev/labyrinthN]\n"
		 "\n"
		 "What the accelerator and its driver are and can do.\n"
		 "\n"
		 "  --json    as JSON\n",
	.main = info_main,
};
