// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - when the hardware goes away, for a moment or for good
 *
 * Contract: a device reset (ioctl, function-level reset, suspend, PCI error
 * recovery, or by the watch) ends every running queue.  What had been completed is
 * still read; after that readers get ECONNRESET until their file binds a queue again.
 * After removal, or when the device does not come back, they get ENODEV at once.
 * No page is taken from the device before it can do no more DMA: a reset counts as
 * done only when a register shows that it was.
 */
#include <linux/delay.h>
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

/* Does the device answer, ready, and as no other than one that was just reset? */
static bool labyrinth_is_fresh(struct labyrinth_dev *ldev)
{
	u32 status;

	if (!labyrinth_answers(ldev))
		return false;
	status = labyrinth_rd(ldev, LABYRINTH_REG_STATUS);
	if (status == LABYRINTH_ALL_ONES || !(status & LABYRINTH_STATUS_READY))
		return false;
	if (!labyrinth_rd(ldev, LABYRINTH_REG_ERR_ENABLE))
		return true;
	/* It has what was written before: the reset never reached it. */
	labyrinth_wr(ldev, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
	return false;
}

/**
 * labyrinth_hw_init - make a device that was just reset usable
 * @ldev: the device; a reset that takes its time is waited for
 *
 * Context: process, sleeps up to LABYRINTH_RESET_MS.
 * Return: 0, or -ENODEV if it is not our device, or does not get ready.
 */
int labyrinth_hw_init(struct labyrinth_dev *ldev)
{
	unsigned long end = jiffies + msecs_to_jiffies(LABYRINTH_RESET_MS);
	unsigned int tries = 0;

	ldev->resets++;
	while (!labyrinth_is_fresh(ldev)) {
		/*
		 * A virtual machine may have stood still meanwhile: time alone says little.
		 * In slot_reset the channel still counts as frozen, so not pci_channel_offline().
		 */
		if ((time_after(jiffies, end) && ++tries > LABYRINTH_RESET_TRIES) ||
		    ldev->pdev->error_state == pci_channel_io_perm_failure)
			return -ENODEV;
		usleep_range(20, 2000);
	}
	pci_set_master(ldev->pdev);
	/* What a later link reset has to bring back */
	pci_save_state(ldev->pdev);
	labyrinth_wr(ldev, LABYRINTH_REG_ERR_STATUS, LABYRINTH_ERR_ALL);
	labyrinth_wr(ldev, LABYRINTH_REG_ERR_ENABLE, LABYRINTH_ERR_ALL);
	return 0;
}

/**
 * labyrinth_hw_reset - the device's own reset; every queue ends
 * @ldev: the device, LABYRINTH_LIVE or LABYRINTH_LOST
 *
 * Context: process, sleeps; ctl is held.
 * Return: 0, or -ENODEV if the device did not come back.
 */
int labyrinth_hw_reset(struct labyrinth_dev *ldev)
{
	unsigned int i;
	int err;

	/* From here on nothing moves any more. */
	pci_clear_master(ldev->pdev);
	for (i = 0; i < ldev->nr_queues; i++)
		labyrinth_queue_cut(&ldev->queue[i]);
	labyrinth_wr(ldev, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
	err = labyrinth_hw_init(ldev);
	if (err)
		pci_clear_master(ldev->pdev);
	labyrinth_set_state(ldev, err ? LABYRINTH_DEAD : LABYRINTH_LIVE);
	labyrinth_fail_all(ldev, err ?: -ECONNRESET);
	return err;
}

/**
 * labyrinth_polite_reset - the same, but each queue is stopped first if it can be
 * @ldev: the device, LABYRINTH_LIVE
 *
 * So each page that the device has is accounted for.
 *
 * Context: process, sleeps; ctl is held.
 * Return: 0; -EAGAIN if the device does not answer at the moment, which is left to the
 * watch; -ENODEV if it did not come back.
 */
int labyrinth_polite_reset(struct labyrinth_dev *ldev)
{
	unsigned int resets = ldev->resets;
	unsigned int i;

	for (i = 0; i < ldev->nr_queues && labyrinth_state(ldev) == LABYRINTH_LIVE; i++)
		labyrinth_queue_stop(&ldev->queue[i], -ECONNRESET);
	if (labyrinth_state(ldev) == LABYRINTH_LOST)
		return -EAGAIN;
	if (labyrinth_state(ldev) != LABYRINTH_LIVE)
		return -ENODEV;
	/* A queue that does not stop in time had the device reset already. */
	return ldev->resets == resets ? labyrinth_hw_reset(ldev) : 0;
}

/**
 * labyrinth_recover - because the device does not do what it should
 * @ldev: the device, LABYRINTH_LIVE
 *
 * Context: process, sleeps; ctl is held.
 */
void labyrinth_recover(struct labyrinth_dev *ldev)
{
	ldev->recoveries++;
	if (labyrinth_polite_reset(ldev) == -ENODEV)
		dev_err(&ldev->dev, "the device did not come back; rebind the driver\n");
}

/**
 * labyrinth_recover_lost - once more see whether a lost device is there again
 * @ldev: the device, LABYRINTH_LOST
 *
 * What the way to its registers depends on is put right meanwhile, with bus mastering
 * off.  It is LABYRINTH_LIVE afterwards, still LABYRINTH_LOST, or LABYRINTH_DEAD.
 *
 * Context: process, sleeps; ctl is held.
 */
void labyrinth_recover_lost(struct labyrinth_dev *ldev)
{
	if (!ldev->lost_since) {
		ldev->lost_since = jiffies | 1;
		dev_warn_ratelimited(&ldev->dev, "the device does not answer\n");
	}
	if (labyrinth_answers(ldev)) {
		ldev->lost_since = 0;
		labyrinth_set_state(ldev, LABYRINTH_LIVE);
		/* What it did meanwhile, and what of our writes it never saw, nobody knows. */
		labyrinth_recover(ldev);
		return;
	}
	if (time_after(jiffies, ldev->lost_since + labyrinth_param_stuck())) {
		ldev->lost_since = 0;
		dev_err(&ldev->dev, "the device is gone; rebind the driver when it is back\n");
		pci_clear_master(ldev->pdev);
		labyrinth_set_state(ldev, LABYRINTH_DEAD);
		labyrinth_fail_all(ldev, -ENODEV);
		return;
	}
	if (!pci_load_saved_state(ldev->pdev, ldev->config))
		pci_restore_state(ldev->pdev);
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
	ldev->lost_since = 0;
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
