# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/lab is made of; cli.py is the way in."""
