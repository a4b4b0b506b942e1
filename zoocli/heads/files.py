"""Files of trained heads: safetensors, or torch checkpoints, whose code is never run."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from zoocli.errors import DataError, first_line, some
from zoocli.foundation.strict_json import parse_json
from zoocli.heads.activations import ACTIVATIONS
from zoocli.heads.linear_head import LinearHead
from zoocli.tables.writing.drafts import drafted_bytes

METADATA_KEY = "zoocli"
LAYERS = ("linear", "head.linear", "head.1.0")  # the last is that of Zoobot's trees
TORCH_MAGIC = (b"PK\x03\x04", b"\x80")  # a zip archive, or the bare pickle of old
LENGTH_BYTES = 8  # in safetensors, before its header in JSON
SAVE_ADVICE = (
    "Save its linear layer alone, as linear.weight and linear.bias: a state dict with torch.save, "
    "or safetensors."
)


@dataclass(frozen=True)
class HeadMetadata:
    """How a head was trained and is to be used; None where its file does not have it.

    `outputs` names the columns that it predicts; `dropout` is the rate on its features, and
    `feature_means` what a dropped one is replaced by (zero where None, as torch does).
    """

    activation: str | None = None
    outputs: tuple[str, ...] | None = None
    dropout: float | None = None
    loss: str | None = None
    schema: str | None = None
    schema_hash: str | None = None
    seed: int | None = None
    version: str | None = None
    feature_means: tuple[float, ...] | None = None

    def to_json(self) -> str:
        """The metadata as text; the same text for the same metadata."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str, name: str) -> HeadMetadata:
        """The metadata that `to_json` wrote; fields of later versions are ignored."""
        try:
            content = parse_json(text)
            metadata = cls(**{one.name: content.get(one.name) for one in fields(cls)})
            metadata._check()
        except (ValueError, AttributeError, TypeError) as error:
            raise DataError(
                f"The metadata of the head '{name}' are damaged ({error}). Fit it again."
            ) from error
        means = metadata.feature_means
        return replace(
            metadata,
            outputs=metadata.outputs and tuple(metadata.outputs),
            feature_means=None if means is None else tuple(map(float, means)),
        )

    def _check(self) -> None:
        for one in (self.loss, self.schema, self.schema_hash, self.version, *(self.outputs or ())):
            if not (one is None or isinstance(one, str)):
                raise ValueError(f"{one!r} is no text")
        if self.activation is not None and self.activation not in ACTIVATIONS:
            raise ValueError(f"{self.activation!r} is no activation")
        if self.outputs is not None and not isinstance(self.outputs, list | tuple):
            raise ValueError("outputs is no list")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise ValueError(f"{self.dropout!r} is no rate")
        if self.feature_means is not None and not all(map(math.isfinite, self.feature_means)):
            raise ValueError("feature_means are not all numbers")


@dataclass(frozen=True)
class TrainedHead:
    """A linear layer from a file: `weight` (outputs, features) and `bias` (outputs,), float64."""

    name: str
    weight: torch.Tensor
    bias: torch.Tensor
    metadata: HeadMetadata = field(default_factory=HeadMetadata)

    @property
    def feature_means(self) -> torch.Tensor:
        """What dropped features are replaced by: (features,), float64."""
        means = self.metadata.feature_means or (0.0,) * self.weight.shape[1]
        return torch.tensor(means, dtype=torch.float64)

    @property
    def content_hash(self) -> str:
        """Twelve hex digits that stand for what the head predicts, wherever its file lies."""
        digest = hashlib.sha256(repr(tuple(self.weight.shape)).encode())
        for tensor in (self.weight, self.bias, self.feature_means):
            digest.update(tensor.double().contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]

    def module(self, activation: str) -> LinearHead:
        """The head in float64, in evaluation mode."""
        outputs, features = self.weight.shape
        with torch.random.fork_rng([]):  # initial weights are drawn and replaced
            head = LinearHead(features, outputs, activation=ACTIVATIONS[activation]).double().eval()
        head.load_state_dict({"linear.weight": self.weight, "linear.bias": self.bias})
        return head.requires_grad_(False)


def read_head(path: str | os.PathLike[str]) -> TrainedHead:
    """The linear layer in a file and what the file says about it.

    The file is safetensors, a torch state dict, or a checkpoint with its weights under
    `state_dict`, as Lightning writes. The layer is the only one there is with `weight` and `bias`,
    or has one of the names `linear`, `head.linear` and `head.1.0`. Files of torch are read with
    `weights_only`: no code in a pickle is run.

    Raises DataError for a file that does not exist, is damaged, or has anything but weights, and
    for one without such a layer; the message lists its two-dimensional weights.
    """
    file = Path(path)
    try:
        of_torch = _is_of_torch(file)
    except OSError as error:
        raise DataError(f"The head '{file}' cannot be read: {error.strerror or error}.") from error
    if of_torch:
        content, metadata = _read_torch(file), HeadMetadata()
    else:
        content, metadata = _read_safetensors(file)
    return _with_layer(str(file), content, metadata)


def write_head(path: str | os.PathLike[str], head: LinearHead, metadata: HeadMetadata) -> None:
    """Writes a head as safetensors, completely or not at all; the same head gives the same bytes.

    The file has `linear.weight` and `linear.bias` in their own type, which `LinearHead` loads
    as a state dict. Raises MachineError where it cannot be written.
    """
    from safetensors.torch import save

    tensors = {name: tensor.contiguous().cpu() for name, tensor in head.state_dict().items()}
    # A single key, since safetensors writes several in a random order.
    content = save(tensors, metadata={METADATA_KEY: metadata.to_json()})
    with drafted_bytes(Path(path), content) as show:
        show()


def _is_of_torch(file: Path) -> bool:
    """Whether torch wrote the file; the length that begins safetensors may look like a pickle."""
    with file.open("rb") as stream:
        start = stream.read(LENGTH_BYTES + 1)
    header = int.from_bytes(start[:LENGTH_BYTES], "little")
    safetensors = start.endswith(b"{") and header < file.stat().st_size
    return start.startswith(TORCH_MAGIC) and not safetensors


def _read_safetensors(file: Path) -> tuple[dict[str, Any], HeadMetadata]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            written = (opened.metadata() or {}).get(METADATA_KEY)
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"The head '{file}' is neither safetensors nor a torch checkpoint, or it is damaged "
            f"({first_line(error)}). Write it again."
        ) from error
    if written is None:
        return tensors, HeadMetadata()
    return tensors, HeadMetadata.from_json(written, str(file))


def _read_torch(file: Path) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # damaged archives and pickles fail in every way
        raise DataError(
            f"The head '{file}' is damaged or holds more than weights, and nothing else is loaded "
            f"from a checkpoint, since that could run code. {SAVE_ADVICE}"
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise DataError(
            f"The head '{file}' holds a {type(content).__name__}, not a state dict. {SAVE_ADVICE}"
        )
    return {str(name): value for name, value in content.items()}


def _is_weight(value: Any) -> bool:
    """Whether it is a plain tensor of floats, with a number of its own in memory for each."""
    return (
        isinstance(value, torch.Tensor)
        and not value.is_nested
        and value.is_floating_point()
        and value.layout == torch.strided
        and value.device.type == "cpu"  # not "meta", which has no numbers
        and value.untyped_storage().nbytes() >= value.numel() * value.element_size()
    )


def _layer_of(tensors: Mapping[str, torch.Tensor]) -> str | None:
    """What stands before `weight` and `bias`: the only name there is, or a usual one."""
    matrices = [key for key, one in tensors.items() if one.ndim == 2]
    if len(matrices) == 1 and matrices[0].rpartition(".")[2] == "weight":
        return matrices[0].removesuffix("weight")
    return next((f"{layer}." for layer in LAYERS if f"{layer}.weight" in tensors), None)


def _with_layer(name: str, content: Mapping[str, Any], metadata: HeadMetadata) -> TrainedHead:
    tensors = {key: value.detach() for key, value in content.items() if _is_weight(value)}
    layer = _layer_of(tensors)
    if layer is None:
        matrices = [f"{key} {tuple(one.shape)}" for key, one in tensors.items() if one.ndim == 2]
        raise DataError(
            f"The head '{name}' has not one linear layer, nor one called {some(LAYERS)}. Its "
            f"two-dimensional weights are {some(matrices, limit=12) or '(none)'}. {SAVE_ADVICE}"
        )
    weight, bias = tensors[f"{layer}weight"], tensors.get(f"{layer}bias")
    if bias is None or weight.ndim != 2 or bias.shape != weight.shape[:1] or not weight.numel():
        shape = "missing" if bias is None else str(tuple(bias.shape))
        raise DataError(
            f"The head '{name}': {layer}weight has shape {tuple(weight.shape)} and {layer}bias "
            f"is {shape}; (outputs, features) and (outputs,) are needed. {SAVE_ADVICE}"
        )
    weight, bias = weight.double(), bias.double()
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise DataError(f"The head '{name}' holds weights that are NaN or infinite. Fit it again.")
    means = metadata.feature_means
    if means is not None and len(means) != weight.shape[1]:
        raise DataError(
            f"The head '{name}' has {weight.shape[1]:,} features, but its metadata have the means "
            f"of {len(means):,}. Fit it again."
        )
    return TrainedHead(name, weight, bias, metadata)
