/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is this machine one on which it can work?  Looked at in sysfs before DPDK starts, whose own
 * messages about the same things take a page and name none of the ways out.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

#define PCI	"/sys/bus/pci/devices"
#define HUGE	"/sys/kernel/mm/hugepages"

static unsigned long read_number(const char *path, int base)
{
	FILE *file = fopen(path, "r");
	char text[64] = "";

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		*text = 0;
	fclose(file);
	return strtoul(text, NULL, base);
}

static unsigned long pci_number(const char *address, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI "/%s/%s", address, name);
	return read_number(path, 16);
}

static bool find_device(char *address, size_t size)
{
	struct dirent *entry;
	DIR *all = opendir(PCI);
	bool found = false;

	while (all && !found && (entry = readdir(all))) {
		if (pci_number(entry->d_name, "vendor") != LABYRINTH_PCI_VENDOR_ID ||
		    pci_number(entry->d_name, "device") != LABYRINTH_PCI_DEVICE_ID)
			continue;
		found = snprintf(address, size, "%s", entry->d_name) < (int)size;
	}
	if (all)
		closedir(all);
	return found;
}

/* The last part of what a link of the device points to, or "" */
static void pci_link(const char *address, const char *name, char *to, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), PCI "/%s/%s", address, name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	snprintf(to, size, "%s", strrchr(target, '/') ? strrchr(target, '/') + 1 : "");
}

static unsigned long huge_pages(void)
{
	struct dirent *entry;
	DIR *sizes = opendir(HUGE);
	unsigned long found = 0;
	char path[PATH_MAX];

	while (sizes && (entry = readdir(sizes))) {
		snprintf(path, sizeof(path), HUGE "/%s/free_hugepages", entry->d_name);
		found += read_number(path, 10);
	}
	if (sizes)
		closedir(sizes);
	return found;
}

int machine_check(char *address, size_t size)
{
	char name[64];

	if (!find_device(address, size)) {
		fprintf(stderr, "labyrinth-dpdk: no accelerator on the PCI bus (%04x:%04x): start QEMU with -device "
			"labyrinth\n", LABYRINTH_PCI_VENDOR_ID, LABYRINTH_PCI_DEVICE_ID);
		return EXIT_NO_DEVICE;
	}
	pci_link(address, "iommu_group", name, sizeof(name));
	if (!*name) {
		fprintf(stderr, "labyrinth-dpdk: %s is behind no IOMMU: start QEMU with -device "
			"intel-iommu,intremap=on,aw-bits=48 and the kernel with intel_iommu=on\n", address);
		return EXIT_NO_IOMMU;
	}
	pci_link(address, "driver", name, sizeof(name));
	if (strcmp(name, "vfio-pci")) {
		fprintf(stderr, "labyrinth-dpdk: %s is bound to %s: bind it to vfio-pci (modprobe vfio-pci; echo "
			"vfio-pci > " PCI "/%s/driver_override; unbind it; echo %s > /sys/bus/pci/drivers_probe)\n",
			address, *name ? name : "no driver", address, address);
		return EXIT_NOT_VFIO;
	}
	if (!huge_pages()) {
		fprintf(stderr, "labyrinth-dpdk: no free huge pages: start the kernel with hugepages=64, or echo 64 > "
			"/proc/sys/vm/nr_hugepages\n");
		return EXIT_NO_HUGEPAGES;
	}
	return 0;
}
