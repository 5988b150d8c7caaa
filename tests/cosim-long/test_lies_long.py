# SPDX-License-Identifier: GPL-2.0-only
"""The firmware that lies, at length, with the device under ASan and UBSan."""
import os
import pathlib
import sys
import unittest

os.environ.setdefault("LAB_ROUNDS", "1000")
os.environ.setdefault("LAB_SANITIZED", "1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cosim"))
from test_lies import Lies  # noqa: E402, F401

if __name__ == "__main__":
    unittest.main()
