// SPDX-License-Identifier: GPL-2.0-only
/* Prints what the tests in Python need of the two headers, a line each: NAME VALUE. */
#include <stdio.h>

#include "labyrinth_link.h"

#define N(name) printf("%s %llu\n", #name, (unsigned long long)(LABYRINTH_##name))
#define F(type, field) \
	printf("%s.%s %zu\n", #type, #field, offsetof(struct labyrinth_##type, field))
#define S(type) printf("%s.size %zu\n", #type, sizeof(struct labyrinth_##type))
#define CORE(name, field) \
	printf("state.%s %zu\n", name, LABYRINTH_LINK_STATE + \
	       offsetof(struct labyrinth_link_state, core) + \
	       offsetof(struct labyrinth_fw, field) - LABYRINTH_LINK_CORE)

int main(void)
{
	N(PAGE_SIZE), N(STAGING_PAGES), N(MAX_QUEUES);
	N(REG_CTRL), N(REG_STATUS), N(REG_ERR_STATUS), N(REG_ERR_ENABLE), N(REG_ERR_INFO), N(REG_STREAM_QUEUES);
	N(CTRL_RESET), N(STATUS_READY), N(ERR_FIRMWARE), N(ERR_BAD_CONFIG), N(ERR_BAD_ACCESS);
	N(QREG_CTL), N(QREG_STATE), N(QREG_CONFIG), N(QREG_CQ_BASE), N(QREG_CQ_SIZE), N(QREG_PQ_BASE), N(QREG_PQ_SIZE);
	N(QREG_PQ_TAIL), N(QREG_REQ_TAG), N(QREG_GRANT_TAG), N(QREG_GRANT_ADDR), N(QREG_DENY_TAG);
	N(QREG_REQ_TIMEOUT), N(QREG_GEN_SEED), N(QREG_GEN_COUNT), N(QREG_PRODUCED), N(QREG_DELIVERED), N(QREG_BYTES);
	N(SOURCE_SOLVE), N(QREG_JQ_BASE), N(QREG_JQ_SIZE), N(QREG_JQ_TAIL), N(JOB_LAST), N(MAZE_MAGIC), N(MAZE_VERSION);
	N(MAZE_EAST), N(MAZE_SOUTH), N(SOLVE_SOLVED), N(SOLVE_UNSOLVABLE), N(SOLVE_MALFORMED);
	N(UREG_CQ_HEAD), N(CTL_START), N(CTL_STOP), N(CTL_CLEAR), N(CONFIG_RING), N(CONFIG_SOURCE_SHIFT);
	N(SOURCE_STREAM), N(SOURCE_GENERATOR), N(STATE_IDLE), N(STATE_RUNNING), N(COMP_PHASE), N(COMP_EOS), N(COMP_OK);
	N(DROP_REASONS), N(QREG_DROPPED(0));
	N(FW_FREE), N(FW_READY), N(FW_ASKED), N(FW_GRANTED), N(FW_KEPT);
	N(LINK_MAGIC), N(LINK_VERSION), N(LINK_SLOTS), N(LINK_CALLS), N(LINK_ANSWERS), N(LINK_STATE), N(LINK_POOL);
	N(LINK_STATE_SIZE), N(LINK_OPS);
	N(LINK_INIT), N(LINK_START), N(LINK_STOP), N(LINK_POLL), N(LINK_GRANT), N(LINK_DENY), N(LINK_DONE), N(LINK_ROOM), N(LINK_PUSH);
	F(link_calls, epoch), F(link_calls, head), F(link_calls, slot), S(link_call);
	F(link_call, number), F(link_call, op), F(link_call, queue), F(link_call, a);
	F(link_answers, magic), F(link_answers, version), F(link_answers, state_size), F(link_answers, epoch);
	F(link_answers, tail), F(link_answers, beats), F(link_answers, refused), F(link_answers, boots);
	F(link_answers, slot), S(link_answer), F(link_answer, number), F(link_answer, op), F(link_answer, value);
	F(fw_page, seq), F(fw_page, addr), F(fw_page, tag), F(fw_page, length), F(fw_page, queue), F(fw_page, stage);
	S(fw_page), S(fw_queue);
	F(fw_queue, cfg), F(fw_queue, count), F(fw_queue, running), F(fw_queue, eos_due), F(fw_queue, fifo);
	F(fw_queue, fifo_len);
	CORE("page", page), CORE("queue", queue), CORE("nr_queues", nr_queues), CORE("stream_queues", stream_queues);
	CORE("stream_turn", stream_turn), CORE("stream_eos", stream_eos), CORE("filling", filling);
	CORE("stream_ended", stream_ended);
	printf("state.taken %zu\n", LABYRINTH_LINK_STATE + offsetof(struct labyrinth_link_state, taken));
	return 0;
}
