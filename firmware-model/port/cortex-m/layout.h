/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where things are, for compiler, assembler and linker alike.  A new board
 * changes this file and board.c; docs/firmware.md draws the picture.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

/* On AN505 the core is secure, and so are these addresses. */
#ifdef BOARD_AN505
#define FLASH_BASE 0x10000000
#define RAM_BASE 0x38000000
#define DEVICE_BASE 0x50000000
#define DEVICE_SIZE_LOG2 28
#define UART_BASE (DEVICE_BASE + 0x200000)
#define TIMER0_IRQ 3
#else
#define FLASH_BASE 0x00000000
#define RAM_BASE 0x20000000
#define DEVICE_BASE 0x40000000
#define DEVICE_SIZE_LOG2 29
#define UART_BASE (DEVICE_BASE + 0x4000)
#define TIMER0_IRQ 8
#endif
#define TIMER_BASE DEVICE_BASE /* timer 1: a page and an interrupt on */

#define FLASH_SIZE_LOG2 16 /* 64 KiB */

/* Kernel data, then the pool, then the tasks' stacks */
#define RAM_SIZE_LOG2 17 /* 128 KiB */
#define MAIN_STACK_SIZE 0x800

#define KERNEL_RAM_SIZE 0x8000

/*
 * With HOST_LINK: memory that another process has too, as <labyrinth_link.h>
 * says, on the board's PSRAM.  The first part of it is the device's to write.
 */
#ifdef HOST_LINK
#define LINK_BASE 0x21000000
#define LINK_SIZE_LOG2 16
#define LINK_CALLS_LOG2 13
#endif

/* Aligned to its size, as the MPU wants it */
#ifdef HOST_LINK
#define POOL_BASE 0x21008000
#else
#define POOL_BASE (RAM_BASE + 0x8000)
#endif
#define POOL_SIZE_LOG2 15
#define POOL_PAGES 8
#define POOL_PAGE_LOG2 12

/* One region a task: its stack */
#define TASK_MEMORY_BASE (RAM_BASE + 0x10000)
#define TASK_STACK_LOG2 10

/* Regions: of those that overlap, the highest number decides */
#define REGION_FLASH 0
#define REGION_RAM 1
#define REGION_TASK 2
#define REGION_DEVICE 3
#define REGION_LINK 4  /* under the pool, if that is there */
#define REGION_CALLS 5 /* over it: read-only */
#define REGION_POOL 7
#ifdef ARMV8M
/* None overlaps.  The other tasks' stacks, below and above the running one's */
#define REGION_BELOW 4
#define REGION_ABOVE 5
#define REGION_PAGES 8 /* to 15: a page each, if there are so many */
#define REGION_RUNS 4  /* else to 7, which one write of MPU_RNR selects */
/* To leave some unused, as where there are but 8: -DMPU_REGIONS_MOST=8 */
#ifndef MPU_REGIONS_MOST
#define MPU_REGIONS_MOST 16
#endif
#endif

/* Priorities of exceptions: the lower the number, the more urgent */
#define PRIORITY_FAULT 0x00
#define PRIORITY_URGENT 0x40 /* the device's data */
#define PRIORITY_LATER 0x80
#define PRIORITY_KERNEL 0xc0 /* SVC and SysTick: never within each other */
#define PRIORITY_SWITCH 0xe0 /* PendSV */

#endif /* LAYOUT_H */
