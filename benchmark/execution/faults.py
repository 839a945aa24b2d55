"""Whose fault it is that a run failed: the method's, which is a record, or the store's and the machine's, which are raised."""

from __future__ import annotations

import errno

from benchmark.files import DiskError
from benchmark.signals import Signals

# faults of the store, of the worker process and of the machine, not of a method; while a method is at work only some are
INFRASTRUCTURE = (MemoryError, OSError, DiskError)
# what the machine lacks, whoever asks for it: room on the disk, a working disk, a mounted one
OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)


def is_of_the_machine(error: BaseException, signals: Signals) -> bool:
    """Whether an error that came while a method was at work is the store's, the machine's, or an interrupt that came by a signal."""
    return (isinstance(error, DiskError) or (isinstance(error, OSError) and error.errno in OF_THE_MACHINE)
            or (isinstance(error, KeyboardInterrupt) and signals.came))
