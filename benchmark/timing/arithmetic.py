"""Floating-point operations by torch's counter, and the operators of which it knows nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, bmm_flop, mm_flop, sdpa_backward_flop_count, sdpa_flop_count

from benchmark.timing.figures import Arithmetic

aten = torch.ops.aten

# they make, fill, move, choose or look up numbers, and compute none
MOVES = frozenset({
    "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "zeros", "zeros_like", "new_zeros", "ones",
    "ones_like", "new_ones", "full", "full_like", "new_full", "scalar_tensor", "fill_", "zero_", "copy_", "_to_copy", "clone",
    "lift", "lift_fresh_copy", "resize_", "set_", "cat", "stack", "repeat", "roll", "flip", "split", "unsafe_split", "_unsafe_view",
    "_reshape_copy", "view_copy", "transpose_", "squeeze_", "unsqueeze_", "constant_pad_nd", "tril", "triu", "index",
    "_unsafe_index", "index_select", "gather", "masked_select", "masked_fill", "masked_fill_", "index_fill", "index_fill_",
    "index_copy", "index_copy_", "scatter", "scatter_", "select_backward", "slice_backward", "select_scatter", "slice_scatter",
    "as_strided_scatter", "unfold_backward", "embedding", "sort", "topk", "max", "min", "amax", "amin", "argmax", "argmin", "rand",
    "randn", "rand_like", "randn_like", "randint", "randperm", "arange", "linspace", "bernoulli", "bernoulli_", "uniform_",
    "normal_", "exponential_", "multinomial", "native_dropout", "_fused_dropout", "eye", "_local_scalar_dense", "is_nonzero",
    "equal", "allclose", "nan_to_num"})
# an optimiser's kernels for all weights at once: elementwise as well
ELEMENTWISE = ("_foreach_", "_fused_", "_amp_")


def _added(total: Any, one: Any, other: Any, *_: Any, **__: Any) -> int:
    return int((bmm_flop if len(one) == 3 else mm_flop)(one, other))


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(query, key, value))


def _attention_backward(grad: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_backward_flop_count(grad, query, key, value))


# what the counter does not know by itself: the fused attention of CPUs, and products that are added where the sum stands
KNOWN_BESIDE = {aten.addmm_: _added, aten.baddbmm_: _added,
                aten._scaled_dot_product_flash_attention_for_cpu: _attention,
                aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward}


class Counting:
    """Counts what is done between `start` and `stop`, backward passes included; also as a context."""

    def __init__(self) -> None:
        self._counter = FlopCounterMode(display=False, custom_mapping=KNOWN_BESIDE)
        self._unknown = _Unknown(set(self._counter.flop_registry))

    def start(self) -> Counting:
        self._unknown.__enter__()  # below the counter, which takes composed operators apart first
        self._counter.__enter__()
        return self

    def stop(self) -> Arithmetic:
        self._counter.__exit__(None, None, None)
        self._unknown.__exit__(None, None, None)
        return Arithmetic(self._counter.get_total_flops(), dict(sorted(self._unknown.calls.items())))

    def __enter__(self) -> Counting:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.result = self.stop()


class _Unknown(TorchDispatchMode):
    """Notes the operators that make floating-point numbers and are neither known nor elementwise, nor only move numbers."""

    def __init__(self, known: set[Any]) -> None:
        super().__init__()
        self.known = known
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        packet = func._overloadpacket
        name = packet.__name__
        plain = torch.Tag.pointwise in func.tags or func.is_view or name in MOVES or name.startswith(ELEMENTWISE)
        if packet not in self.known and not plain and _has_floats(out):
            self.calls[name] += 1
        return out


def _has_floats(out: Any) -> bool:
    parts = out if isinstance(out, tuple | list) else (out,)
    return any(isinstance(part, torch.Tensor) and (part.is_floating_point() or part.is_complex()) for part in parts)
