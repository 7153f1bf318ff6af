"""Two paths that change places in one step, so that at no time either is missing."""

import ctypes
import errno
import os
import sys
from pathlib import Path

_HERE = -100
"""AT_FDCWD: paths are relative to the working folder."""
_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2), Linux 3.15 and glibc 2.28."""
_NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})
"""What kernels, file systems and sandboxes answer that do not know it."""


def exchange(first: Path, second: Path) -> bool:
    """Let what lies at two paths change places; False where the system cannot. Raises OSError."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if rename(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), str(second))
