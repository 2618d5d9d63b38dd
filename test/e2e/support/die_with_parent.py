"""Becomes the given command, which the kernel kills when the test that started it is gone, however that happens.

Even while it is stopped. Linux: prctl(PR_SET_PDEATHSIG = 1), which survives exec.
"""

import ctypes
import os
import signal
import sys

ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.execvp(sys.argv[1], sys.argv[1:])
