// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - when the hardware goes away, for a moment or for good
 *
 * Contract: a device reset (ioctl, function-level reset, suspend, PCI error
 * recovery) ends every running queue.  What had been completed is still read;
 * after that readers get ECONNRESET until their file binds a queue again.  After
 * removal, or when the device does not come back, they get ENODEV at once.
 * No page is taken from the device before it can do no more DMA.
 */
#include <linux/iopoll.h>
#include <linux/pm.h>

#include "regs.h"

static void labyrinth_set_state(struct labyrinth_dev *ldev, enum labyrinth_dev_state state)
{
	unsigned int i;

	atomic_set(&ldev->state, state);
	for (i = 0; i < ldev->nr_queues; i++)
		wake_up_interruptible(&ldev->queue[i].wait);
}

static void labyrinth_fail_all(struct labyrinth_dev *ldev, int error)
{
	unsigned int i;

	for (i = 0; i < ldev->nr_queues; i++)
		labyrinth_queue_fail(&ldev->queue[i], error);
}

/**
 * labyrinth_hw_init - make a device that was just reset usable
 * @ldev: the device
 *
 * Context: process.
 * Return: 0, or -ENODEV if it is not our device, or does not get ready.
 */
int labyrinth_hw_init(struct labyrinth_dev *ldev)
{
	u32 status;

	ldev->resets++;
	if (!labyrinth_answers(ldev))
		return -ENODEV;
	if (readl_poll_timeout(ldev->regs + LABYRINTH_REG_STATUS, status,
			       status & LABYRINTH_STATUS_READY, 20,
			       LABYRINTH_STOP_MS * USEC_PER_MSEC) ||
	    status == LABYRINTH_ALL_ONES)
		return -ENODEV;
	pci_set_master(ldev->pdev);
	/* What a later link reset has to bring back */
	pci_save_state(ldev->pdev);
	labyrinth_wr(ldev, LABYRINTH_REG_ERR_STATUS, LABYRINTH_ERR_ALL);
	labyrinth_wr(ldev, LABYRINTH_REG_ERR_ENABLE, LABYRINTH_ERR_ALL);
	return 0;
}

/**
 * labyrinth_hw_reset - the device's own reset; every queue ends
 * @ldev: the device, LABYRINTH_LIVE
 *
 * Context: process, sleeps; ctl is held.
 * Return: 0, or -ENODEV if the device did not come back.
 */
int labyrinth_hw_reset(struct labyrinth_dev *ldev)
{
	int err;

	labyrinth_wr(ldev, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
	err = labyrinth_hw_init(ldev);
	if (err) {
		pci_clear_master(ldev->pdev);
		labyrinth_set_state(ldev, LABYRINTH_DEAD);
	}
	labyrinth_fail_all(ldev, err ?: -ECONNRESET);
	return err;
}

/**
 * labyrinth_quiesce - end every queue and all DMA
 * @ldev: the device
 * @state: to leave it in
 * @error: for the readers, negative errno
 *
 * A device that answers is asked to drain first, so that each page that it
 * produced is accounted for.
 *
 * Context: process, sleeps; ctl is held.
 */
void labyrinth_quiesce(struct labyrinth_dev *ldev, enum labyrinth_dev_state state, int error)
{
	unsigned int i;

	for (i = 0; i < ldev->nr_queues && labyrinth_state(ldev) == LABYRINTH_LIVE; i++)
		labyrinth_queue_stop(&ldev->queue[i], error);
	pci_clear_master(ldev->pdev);
	labyrinth_set_state(ldev, state);
	labyrinth_fail_all(ldev, error);
}

/**
 * labyrinth_watch - look after a device with queues at work
 * @work: the device's
 *
 * Finds a device that is gone without a word, ends a queue that was lied to too
 * often, and feeds queues that nobody else will: a queue that has nothing posted
 * gets no interrupt any more.
 */
void labyrinth_watch(struct work_struct *work)
{
	struct labyrinth_dev *ldev = container_of(to_delayed_work(work), struct labyrinth_dev,
						  watch);
	unsigned long again = 0;
	unsigned int i;

	mutex_lock(&ldev->ctl);
	if (labyrinth_state(ldev) == LABYRINTH_LIVE && !labyrinth_answers(ldev))
		labyrinth_mark_dead(ldev);
	if (labyrinth_state(ldev) == LABYRINTH_DEAD) {
		pci_clear_master(ldev->pdev);
		labyrinth_set_state(ldev, LABYRINTH_DEAD);
		labyrinth_fail_all(ldev, -ENODEV);
	}
	for (i = 0; i < ldev->nr_queues; i++) {
		struct labyrinth_queue *q = &ldev->queue[i];

		if (q->phase != LABYRINTH_RUNNING)
			continue;
		if (READ_ONCE(q->broken)) {
			dev_warn(&ldev->dev, "queue %u: too many invalid completions, stopped\n",
				 i);
			labyrinth_queue_stop(q, -EIO);
			continue;
		}
		labyrinth_queue_feed(q);
		again = test_bit(i, &ldev->starved) ? LABYRINTH_STARVED_JIFFIES : again ?: HZ;
	}
	if (again)
		queue_delayed_work(system_wq, &ldev->watch, again);
	mutex_unlock(&ldev->ctl);
}

/* --- function-level reset, from sysfs or VFIO ------------------------------ */

static void labyrinth_suspend_dev(struct pci_dev *pdev)
{
	struct labyrinth_dev *ldev = pci_get_drvdata(pdev);

	mutex_lock(&ldev->ctl);
	labyrinth_quiesce(ldev, LABYRINTH_RESETTING, -ECONNRESET);
	mutex_unlock(&ldev->ctl);
}

static int labyrinth_resume_dev(struct pci_dev *pdev)
{
	struct labyrinth_dev *ldev = pci_get_drvdata(pdev);
	int err;

	mutex_lock(&ldev->ctl);
	/* A reset that came unannounced ended the queues all the same. */
	labyrinth_fail_all(ldev, -ECONNRESET);
	err = labyrinth_hw_init(ldev);
	if (err)
		pci_clear_master(pdev);
	labyrinth_set_state(ldev, err ? LABYRINTH_DEAD : LABYRINTH_LIVE);
	mutex_unlock(&ldev->ctl);
	if (err)
		dev_err(&pdev->dev, "the device did not come back; rebind the driver\n");
	return err;
}

static void labyrinth_reset_done(struct pci_dev *pdev)
{
	labyrinth_resume_dev(pdev);
}

/* --- PCI error recovery ----------------------------------------------------- */

static pci_ers_result_t labyrinth_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct labyrinth_dev *ldev = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	/* The channel is closed: registers are out of reach, and so is memory. */
	mutex_lock(&ldev->ctl);
	labyrinth_set_state(ldev, state == pci_channel_io_perm_failure ? LABYRINTH_DEAD :
			    LABYRINTH_RESETTING);
	labyrinth_quiesce(ldev, labyrinth_state(ldev),
			  state == pci_channel_io_perm_failure ? -ENODEV : -ECONNRESET);
	mutex_unlock(&ldev->ctl);
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t labyrinth_mmio_enabled(struct pci_dev *pdev)
{
	struct labyrinth_dev *ldev = pci_get_drvdata(pdev);

	return labyrinth_answers(ldev) ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t labyrinth_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	return labyrinth_resume_dev(pdev) ? PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static void labyrinth_error_resume(struct pci_dev *pdev)
{
	dev_info(&pdev->dev, "recovered from a PCI error\n");
}

const struct pci_error_handlers labyrinth_err_handlers = {
	.error_detected = labyrinth_error_detected,
	.mmio_enabled = labyrinth_mmio_enabled,
	.slot_reset = labyrinth_slot_reset,
	.resume = labyrinth_error_resume,
	.reset_prepare = labyrinth_suspend_dev,
	.reset_done = labyrinth_reset_done,
};

/* --- power management -------------------------------------------------------- */

static int labyrinth_suspend(struct device *dev)
{
	labyrinth_suspend_dev(to_pci_dev(dev));
	return 0;
}

static int labyrinth_resume(struct device *dev)
{
	return labyrinth_resume_dev(to_pci_dev(dev));
}

const struct dev_pm_ops labyrinth_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(labyrinth_suspend, labyrinth_resume)
};
