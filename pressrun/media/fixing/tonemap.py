"""Wide and HDR colours brought to BT.709 by a table of colours that FFmpeg's `lut3d` looks up.

PQ is taken at 203 nits for white (ITU-R BT.2408), HLG on a screen of 1000 nits; what is brighter is rolled off on the
luminance, so that hues stay. The filters of PyAV's wheels have nothing that knows PQ or HLG.
"""

from __future__ import annotations

from pathlib import Path

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

SIZE = 33
_WHITE_NITS = 203.0
_PEAK = 1000.0 / _WHITE_NITS
_KNEE = 0.75
_PQ = (2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32)
_HLG = (0.17883277, 0.28466892, 0.55991073)

_FROM_2020: Matrix = (
    (1.660491, -0.587641, -0.072850),
    (-0.124550, 1.132900, -0.008349),
    (-0.018151, -0.100579, 1.118730),
)
_FROM_P3: Matrix = (
    (1.224940, -0.224940, 0.0),
    (-0.042057, 1.042057, 0.0),
    (-0.019638, -0.078636, 1.098274),
)
_LUMA: dict[int, Vector] = {9: (0.2627, 0.6780, 0.0593), 12: (0.2290, 0.6917, 0.0793)}


def needs_table(primaries: int, transfer: int) -> bool:
    """Whether colours of these numbers (ITU-T H.273) have to be mapped to be shown as BT.709."""
    return transfer in {16, 18} or primaries in {9, 11, 12}


def write_table(path: Path, primaries: int, transfer: int) -> Path:
    """A .cube file for video of these numbers."""
    to_light = {16: _from_pq, 18: _from_hlg}.get(transfer, _from_709)
    wide = 12 if primaries in {11, 12} else 9
    light = [to_light(at / (SIZE - 1)) for at in range(SIZE)]
    lines = [f"LUT_3D_SIZE {SIZE}"]
    for blue in light:
        for green in light:
            for red in light:
                seen = _mapped((red, green, blue), wide, is_hdr=transfer in {16, 18}, is_hlg=transfer == 18)
                lines.append("{:.6f} {:.6f} {:.6f}".format(*seen))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def _mapped(light: Vector, wide: int, *, is_hdr: bool, is_hlg: bool) -> Vector:
    weights = _LUMA[wide]
    luminance = sum(weight * one for weight, one in zip(weights, light, strict=True))
    if is_hlg and luminance > 0:  # from the scene to a screen of 1000 nits, whose system gamma is 1.2
        light = _scaled(light, luminance**0.2 * _PEAK)
        luminance = luminance**1.2 * _PEAK
    if is_hdr and luminance > 0:
        light = _scaled(light, _rolled_off(luminance) / luminance)
    matrix = _FROM_P3 if wide == 12 else _FROM_2020
    red, green, blue = (sum(a * b for a, b in zip(row, light, strict=True)) for row in matrix)
    return _to_709(red), _to_709(green), _to_709(blue)


def _scaled(light: Vector, by: float) -> Vector:
    return (light[0] * by, light[1] * by, light[2] * by)


def _rolled_off(luminance: float) -> float:
    """Unchanged up to the knee; from there to the peak it bends smoothly towards 1."""
    if luminance <= _KNEE:
        return luminance
    over, room = luminance - _KNEE, 1 - _KNEE
    reach = _PEAK - _KNEE
    # over / (1 + over·c), with c so that the peak becomes exactly 1.
    bend = (reach / room - 1) / reach
    return min(_KNEE + over / (1 + over * bend), 1.0)


def _from_pq(code: float) -> float:
    m1, m2, c1, c2, c3 = _PQ
    root: float = code ** (1 / m2)
    nits: float = 10_000 * (max(root - c1, 0.0) / (c2 - c3 * root)) ** (1 / m1)
    return nits / _WHITE_NITS


def _from_hlg(code: float) -> float:
    a, b, c = _HLG
    return code * code / 3 if code <= 0.5 else (2.718281828459045 ** ((code - c) / a) + b) / 12


def _from_709(code: float) -> float:
    return float(code**2.4)


def _to_709(light: float) -> float:
    return float(min(max(light, 0.0), 1.0) ** (1 / 2.4))
