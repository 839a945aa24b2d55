"""What goes over the wire: calls as pickles of copied tensors, answers as JSON and tensors, without a pickle."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

Answer = tuple[Any, dict[str, Tensor]]


def send_call(connection: Connection, name: str, *arguments: Any) -> None:
    """Send a call to the method's side."""
    buffer = io.BytesIO()
    _Copies(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump((name, arguments))
    connection.send_bytes(buffer.getbuffer())


def receive_call(connection: Connection) -> tuple[str, tuple[Any, ...]]:
    """A call, on the method's side alone: what comes from the measuring side is trusted."""
    name, arguments = pickle.loads(connection.recv_bytes())
    return name, arguments


def send_answer(connection: Connection, said: Any, tensors: Mapping[str, Tensor]) -> None:
    """Send JSON and tensors back."""
    connection.send_bytes(json.dumps(said).encode())
    # cloned: safetensors refuses tensors that share memory
    connection.send_bytes(save({name: one.detach().cpu().contiguous().clone() for name, one in tensors.items()}))


def receive_answer(connection: Connection) -> Answer:
    """JSON and tensors, whatever a method's side sends in their place.

    Raises
    ------
    ValueError: it sends something else.
    """
    try:
        said = json.loads(connection.recv_bytes())
        return said, load(connection.recv_bytes())
    except EOFError:
        raise
    except Exception as error:  # a method may write anything to its end
        raise ValueError(f"what the method's process sent is no answer ({type(error).__name__})") from None


class _Copies(pickle.Pickler):
    """Tensors are sent as copies of what they show, and not of the storage that they are views of."""

    def reducer_override(self, one: object) -> Any:
        if not isinstance(one, Tensor):
            return NotImplemented
        if one.is_sparse:
            return _sparse, (one.indices(), one.values(), tuple(one.shape))
        shown = one.detach().cpu().contiguous().clone()
        return _tensor, (save({"": shown}),)


def _tensor(content: bytes) -> Tensor:
    return load(content)[""]


def _sparse(indices: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.sparse_coo_tensor(indices, values, shape, is_coalesced=True, check_invariants=True)


def on_device(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The same tensors there."""
    return {name: one.to(device) for name, one in tensors.items()}
