"""The corpus: records of a normal procedure and of each class of fault, kept to be replayed.

``make corpus`` makes them anew, after a change of decisions that was meant: one virtual
procedure is played, and forked where a fault strikes. A file is the rows of a record of
format 1 (plain bodies press best as a whole) as msgpack under xz; those that the normal
procedure has, too, are not said again.
"""

import dataclasses
import lzma
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path
from typing import Final

import msgspec

from controller.record.chain import Row, decode
from sim.crash.command import ORDERS, loaded
from sim.physics import RIG_27G_WARM
from tests.record.journals import plain_row
from tests.world.scene import MS, S, Scene

FOLDER: Final = Path(__file__).parent / "corpus"
ENDING: Final = ".rows.xz"
NORMAL: Final = "normal"
SEED: Final = 11


def _died(dead_ns: int) -> Callable[[Scene], Scene]:
    """The controller dies, and another one begins on its record."""

    def fault(scene: Scene) -> Scene:
        scene.world.freeze(dead_ns)
        return scene.restarted().hands_off().run(4)

    return fault


def _hand(name: str, value: bool | int | str) -> Callable[[Scene], Scene]:
    return lambda scene: scene.hand(name, value).run(3)


def _cable(name: str) -> Callable[[Scene], Scene]:
    def fault(scene: Scene) -> Scene:
        scene.world.wires[name].pull()
        scene.run(2)
        scene.world.wires[name].mend()
        return scene.run(2)

    return fault


def _late(scene: Scene) -> Scene:
    scene.world.freeze(80 * MS)
    return scene.run(2)


def _disk(scene: Scene) -> Scene:
    scene.world.journal.broken = "no space left on the disk"
    scene.run(2)
    scene.world.journal.broken = ""
    return scene.run(1)


def _asked(scene: Scene) -> Scene:
    scene.do("stop")
    return scene.run(2)


FAULTS: Final[dict[str, Callable[[Scene], Scene]]] = {
    "switch-released": _hand("hold", False),
    "switch-disagrees": _hand("hold_no", False),
    "pain": _hand("pain", True),
    "emergency-stop": _hand("emergency_stop", True),
    "line-blocked": _hand("occluded", True),
    "pump-stalls": _hand("pump_stall", True),
    "pump-silent": _cable("pump"),
    "sensor-frozen": _hand("freeze", "pressure_sensor"),
    "sensor-silent": _cable("line"),
    "box-silent": _cable("room"),
    "unit-silent": _cable("mammograph"),
    "controller-late": _late,
    "controller-killed-and-soon-back": _died(300 * MS),
    "controller-killed": _died(3 * S),
    "disk-refuses": _disk,
    "stopped-by-a-person": _asked,
}
"""What strikes while contrast flows; the record ends some seconds later."""


class Kept(msgspec.Struct, array_like=True):
    """What a file holds."""

    shared: int
    """Rows that it shares with the beginning of the normal procedure."""
    rows: list[Row]
    """Those after them."""


def plain(rows: Iterable[Row]) -> list[Row]:
    """The same rows in format 1."""
    made: list[Row] = []
    for row in rows:
        before = made[-1] if made else None
        made.append(plain_row(before, decode(row), row.boot_ns, row.utc_ns, row.session))
    return made


def write(name: str, rows: list[Row], normal: list[Row]) -> None:
    """Keep rows under a name, but for those that the normal procedure has, too."""
    pairs = zip(rows, normal, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    shared = 0 if name == NORMAL else shared
    packed = msgspec.msgpack.encode(Kept(shared, rows[shared:]))
    pressed = lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / f"{name}{ENDING}").write_bytes(pressed)


def read(path: Path) -> list[Row]:
    """Rows of a file of the corpus."""
    kept = msgspec.msgpack.decode(lzma.decompress(path.read_bytes()), type=Kept)
    before = read(FOLDER / f"{NORMAL}{ENDING}")[: kept.shared] if kept.shared else []
    return before + kept.rows


def main() -> int:
    """Make all of it anew."""
    for old in FOLDER.glob(f"*{ENDING}"):
        old.unlink()
    room = loaded("short")
    rig = dataclasses.replace(RIG_27G_WARM, dead_space_ul=room.profile.line_dead_space_nl / 1_000)
    scene = Scene(ORDERS["short"], room, SEED, rig)
    scene.until_injected(8_000)
    with tempfile.TemporaryDirectory(prefix="galactograph-corpus-") as folder:
        for name, fault in FAULTS.items():
            if not os.fork():
                _in_fork(scene, Path(folder) / name, fault)
            if os.wait()[1]:
                sys.stderr.write(f"{name}: not made\n")
                return 1
        normal = plain(scene.until_closed().world.journal.rows)
        write(NORMAL, normal, [])
        for name in FAULTS:
            made = (Path(folder) / name).read_bytes()
            write(name, msgspec.msgpack.decode(made, type=list[Row]), normal)
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.glob(f"*{ENDING}"))}
    sys.stdout.write("".join(f"{size:8d}  {name}\n" for name, size in sizes.items()))
    sys.stdout.write(f"{len(sizes)} records, {sum(sizes.values())} bytes\n")
    return 0


def _in_fork(scene: Scene, path: Path, fault: Callable[[Scene], Scene]) -> None:
    status = 1
    try:
        rows = plain(fault(scene.hands_off()).world.journal.rows)
        path.write_bytes(msgspec.msgpack.encode(rows))
        status = 0
    except Exception:  # whatever it was, the fork must not go on as the parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
