"""Boolean arrays as compressed bits, for files and for other machines."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Bits:
    """A boolean array as text that fits into JSON.

    >>> Bits.pack(np.array([True, False, True])).unpack().tolist()
    [True, False, True]
    """

    length: int
    content: str

    @classmethod
    def pack(cls, values: npt.NDArray[np.bool_]) -> Bits:
        """Packs eight values into a byte, deflates them and encodes them in base 64."""
        deflated = zlib.compress(np.packbits(values).tobytes(), 1)
        return cls(len(values), base64.b64encode(deflated).decode())

    def unpack(self) -> npt.NDArray[np.bool_]:
        """The array; raises ValueError where the content is damaged or has another length."""
        expected = (self.length + 7) // 8
        try:
            inflate = zlib.decompressobj()
            packed = inflate.decompress(base64.b64decode(self.content, validate=True), expected + 1)
        except (zlib.error, binascii.Error) as error:
            raise ValueError(f"damaged bits ({error})") from error
        if len(packed) != expected:
            raise ValueError(f"{len(packed)} bytes of bits where {expected} belong")
        return np.unpackbits(np.frombuffer(packed, np.uint8), count=self.length).astype(np.bool_)
