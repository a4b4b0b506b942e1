"""Files that hold a trained head: which layouts are read, and that nothing in them is ever run."""

from __future__ import annotations

import builtins
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.command import run, write
from zoocli.errors import DataError, MachineError
from zoocli.heads import LinearHead
from zoocli.heads.files import HeadMetadata, read_head, write_head

WEIGHT, BIAS = torch.arange(6.0).reshape(2, 3), torch.tensor([0.5, -0.5])


def layer(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}.weight": WEIGHT, f"{prefix}.bias": BIAS}


LAYOUTS: dict[str, Any] = {
    "state dict": layer("linear"),
    "in a module": layer("head.linear") | {"encoder.fc.weight": torch.zeros(3, 3)},
    "Zoobot's tree": layer("head.1.0") | {"encoder.conv.weight": torch.zeros(3, 3, 1, 1)},
    "a layer alone": {"weight": WEIGHT, "bias": BIAS},
    "the only layer": layer("model.classifier") | {"model.norm.weight": BIAS},
    "parameters": {
        "linear.weight": torch.nn.Parameter(WEIGHT),
        "linear.bias": BIAS.clone().requires_grad_(),
    },
    "Lightning": {
        "epoch": 7,
        "pytorch-lightning_version": "2.5.0",
        "hyper_parameters": {"learning_rate": 0.1, "names": ["a", "b"], "nothing": None},
        "optimizer_states": [{"state": {}, "param_groups": [{"lr": 0.1}]}],
        "state_dict": layer("head.linear") | {"steps": torch.tensor(3)},
    },
}


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("new", [True, False], ids=["zip", "bare pickle"])
def test_torch_layouts_are_read(content: Any, new: bool, tmp_path: Path) -> None:
    file = tmp_path / "head.ckpt"
    torch.save(content, file, _use_new_zipfile_serialization=new)
    head = read_head(file)
    assert torch.equal(head.weight, WEIGHT.double())
    assert torch.equal(head.bias, BIAS.double())
    assert head.metadata == HeadMetadata()


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_safetensors_of_any_float_are_read(kind: torch.dtype, tmp_path: Path) -> None:
    file = tmp_path / "head"
    save_file({name: one.to(kind) for name, one in layer("linear").items()}, file)
    assert torch.equal(read_head(file).weight, WEIGHT.double())


def test_the_first_known_name_wins(tmp_path: Path) -> None:
    file = tmp_path / "head.pt"
    torch.save({"head.linear.weight": WEIGHT + 1, "head.linear.bias": BIAS} | layer("linear"), file)
    assert torch.equal(read_head(file).weight, WEIGHT.double())


def test_what_is_written_is_read_and_loads_into_the_module(tmp_path: Path) -> None:
    file = tmp_path / "head.safetensors"
    head = LinearHead(3, 2)
    metadata = HeadMetadata("dirichlet", ("a", "b"), 0.25, "dirichlet", "tree", "abc", 3, "0.1")
    write_head(file, head, metadata)
    read = read_head(file)
    assert read.metadata == metadata
    assert torch.equal(read.weight.float(), head.linear.weight)
    other = LinearHead(3, 2)
    other.load_state_dict(load_file(file))
    assert torch.equal(other.linear.bias, head.linear.bias)


def test_a_head_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="no folder"):
        write_head(tmp_path / "absent" / "head.safetensors", LinearHead(3, 2), HeadMetadata())
    assert list(tmp_path.iterdir()) == []


class Payload:
    """Does something as soon as it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize(
    "place", ["alone", "beside the weights", "as a weight", "hyper_parameters"]
)
@pytest.mark.parametrize("how", ["zip", "bare pickle", "plain pickle", "called safetensors"])
def test_a_payload_runs_nowhere(place: str, how: str, tmp_path: Path) -> None:
    traces = {name: tmp_path / name for name in ("system", "exec", "mkdir")}
    payloads = [
        Payload(os.system, f"touch {traces['system']}"),
        Payload(builtins.exec, f"open({str(traces['exec'])!r}, 'w').close()"),
        Payload(os.mkdir, str(traces["mkdir"])),
    ]
    for payload in payloads:
        content = {
            "alone": payload,
            "beside the weights": layer("linear") | {"more": payload},
            "as a weight": {"linear.weight": payload, "linear.bias": BIAS},
            "hyper_parameters": {"state_dict": layer("linear"), "hyper_parameters": payload},
        }[place]
        file = tmp_path / ("head.safetensors" if how == "called safetensors" else "head.pt")
        if how == "plain pickle":
            file.write_bytes(pickle.dumps(content))
        else:
            torch.save(content, file, _use_new_zipfile_serialization=how != "bare pickle")
        features = write(tmp_path / "features.csv", {"id": ["a"], "feat_0": [1.0]})
        done = run(
            "predict",
            features,
            "--head",
            file,
            "--activation",
            "none",
            "--classes",
            "a,b",
            "-o",
            "-",
        )
        assert (done.code, done.out) == (3, "")
        assert "could run code" in done.err
        assert "Traceback" not in done.err
    assert not [name for name, trace in traces.items() if trace.exists()]


def test_the_payloads_would_run_if_they_were_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    pickle.loads(pickle.dumps(Payload(os.mkdir, str(trace))))
    assert trace.exists()


REFUSED: dict[str, tuple[Any, str]] = {
    "other names": (
        layer("fc") | layer("other"),
        r"not one linear layer, nor one called .*'fc.weight \(2, 3\)'",
    ),
    "no matrices": ({"norm.weight": BIAS}, r"are \(none\)"),
    "no bias": ({"linear.weight": WEIGHT}, "linear.bias is missing"),
    "another bias": (
        {"linear.weight": WEIGHT, "linear.bias": torch.zeros(3)},
        r"linear.bias is \(3,\)",
    ),
    "not a matrix": ({"linear.weight": BIAS, "linear.bias": BIAS}, r"has shape \(2,\)"),
    "NaN": ({"linear.weight": WEIGHT * torch.nan, "linear.bias": BIAS}, "NaN or infinite"),
    "whole numbers": ({"linear.weight": WEIGHT.long(), "linear.bias": BIAS}, "not one linear"),
    "one number for all": (
        {"weight": torch.ones(1).expand(10**5, 10**5), "bias": torch.ones(1).expand(10**5)},
        "not one linear layer",
    ),
    "no numbers": (
        {"weight": torch.empty(2, 3, device="meta"), "bias": torch.empty(2, device="meta")},
        "not one linear layer",
    ),
    "sparse": ({"weight": WEIGHT.to_sparse(), "bias": BIAS}, "not one linear layer"),
    "complex": ({"weight": WEIGHT.to(torch.complex64), "bias": BIAS}, "not one linear layer"),
    "a list": ([WEIGHT, BIAS], "holds a list, not a state dict"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_other_contents_are_refused(content: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "head.pt"
    torch.save(content, file)
    with pytest.raises(DataError, match=message):
        read_head(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02", b"junk that is no tensor"])
def test_damaged_files_are_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "head.pt"
    file.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_head(file)


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    for name in ("head.pt", "head.safetensors"):
        file = tmp_path / name
        if name.endswith("pt"):
            torch.save(layer("linear"), file)
        else:
            save_file(layer("linear"), file)
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataError, match="damaged"):
            read_head(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_head(tmp_path / "absent.pt")


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "[]",
        "[" * 100_000,
        json.dumps({"outputs": "a"}),
        json.dumps({"outputs": [1]}),
        json.dumps({"activation": 7}),
        json.dumps({"dropout": 1}),
        json.dumps({"dropout": "0.5"}),
    ],
)
def test_damaged_metadata_are_refused(written: str, tmp_path: Path) -> None:
    file = tmp_path / "head.safetensors"
    save_file(layer("linear"), file, metadata={"zoocli": written})
    with pytest.raises(DataError, match=r"metadata of the head '.*' are damaged"):
        read_head(file)


def test_a_header_of_any_length_is_known_for_what_it_is(tmp_path: Path) -> None:
    starts = set()
    for letters in range(0, 260, 4):
        file = tmp_path / "head.safetensors"
        metadata = HeadMetadata(outputs=("a" * (1 + letters), "b"))
        write_head(file, LinearHead(3, 2), metadata)
        starts.add(file.read_bytes()[:1])
        assert read_head(file).metadata == metadata
    assert b"\x80" in starts  # as pickles begin


def test_metadata_of_others_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "head.safetensors"
    save_file(layer("linear"), file, metadata={"format": "pt"})
    assert read_head(file).metadata == HeadMetadata()
