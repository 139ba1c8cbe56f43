"""A tiny neural network as an ONNX file, written by hand: dense layers of one width, each followed by ReLU.

ONNX is a protocol buffer; the fields used here are in onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto).
"""

from __future__ import annotations

import numpy as np

FLOAT = 1


def _varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def _field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, array: np.ndarray) -> bytes:
    sizes = b"".join(_field(1, size) for size in array.shape)
    return sizes + _field(2, FLOAT) + _field(8, name) + _field(9, array.astype("<f4").tobytes())


def _node(kind: str, inputs: list[str], output: str) -> bytes:
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind)


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, sizes)))


def dense_layers(width: int, layers: int, batch: int) -> bytes:
    """The model: ``layers`` products with weights of one over the width, so that ones stay ones."""
    nodes, weights, at = b"", b"", "input"
    for layer in range(layers):
        weights += _field(5, _tensor(f"weight{layer}", np.full((width, width), 1.0 / width)))
        nodes += _field(1, _node("MatMul", [at, f"weight{layer}"], f"product{layer}"))
        nodes += _field(1, _node("Relu", [f"product{layer}"], at := f"layer{layer}"))
    shape = (batch, width)
    graph = nodes + _field(2, "dense") + weights + _field(11, _value("input", shape)) + _field(12, _value(at, shape))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))
