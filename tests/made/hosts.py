"""A host that tells what its process is like, and breaks rules when asked to."""

import gc
import os
import pickle
from pathlib import Path

import torch

from benchmark.isolation.host import Host


class Telling(Host):
    def where(self):
        began = Path("/proc/self/environ")
        return {"home": os.environ["STBENCH_HOME"], "results": os.environ["STBENCH_RESULTS"], "folder": os.getcwd(),
                "there": os.listdir("."), "began with": began.read_text() if began.is_file() else ""}, {}

    def raises(self):
        raise LookupError("a sensor was silent")

    def babbles(self):
        self.connection.send_bytes(b"{}")
        self.connection.send_bytes(b"")
        return {}

    def exits(self):
        os._exit(3)

    def pickles(self):
        class Bad:
            def __reduce__(self):
                return os.putenv, ("stbench was here", "1")

        self.connection.send_bytes(pickle.dumps(Bad()))
        self.connection.send_bytes(pickle.dumps(Bad()))
        return {}

    def reaches(self, *tensors):
        numbers = [one.untyped_storage().nbytes() // one.element_size() for one in tensors]
        assert not [one for one in gc.get_objects() if isinstance(one, torch.Tensor) and one.numel() > 1000]
        return {"numbers": numbers}, {str(k): one for k, one in enumerate(tensors)}
