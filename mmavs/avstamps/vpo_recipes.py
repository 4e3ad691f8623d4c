"""What happens in a VPO clip: one picture, one to three sounds, and two of a class where only their places differ."""

from collections.abc import Callable

from .recipes import Draw, Recipe
from .scenes import Thing

TWIN_SHARE = 0.3  # of VPO-MS: pictures with a silent twin of what sounds
PLAIN, TWINS = 0.3, 0.4  # of VPO-MSMI: one of each class; a silent twin. In the rest both of a class sound
TWIN_PLACES = ((0.15, 0.35), (0.65, 0.85))


def some_of(draw: Draw, label: str, sounds: bool) -> Thing:
    """Draw a thing of a class of VPO."""
    return draw.thing(draw.pick([c for c in draw.classes if c.vpo == label]), [sounds])


def stranger(draw: Draw, like: str) -> Thing:
    """Draw a silent thing that VPO has no class for, half of the time a look-alike of ``like`` where there is one."""
    others = [c for c in draw.classes if not c.vpo]
    families = {c.family for c in draw.classes if c.vpo == like}
    near = [c for c in others if c.family in families]
    return draw.thing(draw.pick(near if near and draw.rng.random() < 0.5 else others), [False])


def labels_in_random_order(draw: Draw) -> list[str]:
    """The classes of VPO that the source has."""
    labels = sorted({c.vpo for c in draw.classes if c.vpo})
    return [labels[i] for i in draw.rng.permutation(len(labels))]


def compose(draw: Draw, things: list[Thing], pair: bool = False) -> Recipe:
    """Place the things; the first two are moved far apart from left to right if they are a ``pair``."""
    placed = draw.spread(things)
    if pair:  # in the order of the shuffled list, so that either may stand on either side
        for thing, place in zip([t for t in placed if t in things[:2]], TWIN_PLACES, strict=True):
            thing.x = float(draw.rng.uniform(*place))
    return Recipe(placed, draw.backdrop(), 1, category=things[0].cls)


def vpo_single(draw: Draw, num_frames: int) -> Recipe:
    """One thing sounds; a silent one of another class of VPO, and half of the time one without a class."""
    first, second = labels_in_random_order(draw)[:2]
    things = [some_of(draw, first, True), some_of(draw, second, False)]
    if draw.rng.random() < 0.5:
        things.append(stranger(draw, first))
    return compose(draw, things)


def sources(draw: Draw) -> Recipe:
    """Two or three things of different classes sound; a silent one of another class, sometimes one without a class."""
    number = 3 if draw.rng.random() < 0.3 else 2
    labels = labels_in_random_order(draw)[: number + 1]
    things = [some_of(draw, label, i < number) for i, label in enumerate(labels)]
    if draw.rng.random() < 0.3:
        things.append(stranger(draw, labels[0]))
    return compose(draw, things)


def twins(draw: Draw, other_sounds: bool) -> Recipe:
    """Two copies of one cut-out, of which one sounds (only the stereo position tells), and a thing of another class."""
    first, second = labels_in_random_order(draw)[:2]
    sounding = some_of(draw, first, True)
    silent = Thing(sounding.cls, sounding.image, 0.0, on=[False], sound=sounding.sound)
    return compose(draw, [sounding, silent, some_of(draw, second, other_sounds)], pair=True)


def pairs(draw: Draw) -> Recipe:
    """Two of a class sound, each with a recording of its own; a silent one of another class."""
    first, second = labels_in_random_order(draw)[:2]
    return compose(
        draw, [some_of(draw, first, True), some_of(draw, first, True), some_of(draw, second, False)], pair=True
    )


def vpo_multi(draw: Draw, num_frames: int) -> Recipe:
    """Two or three sources; a share of the pictures holds a silent twin."""
    return twins(draw, True) if draw.rng.random() < TWIN_SHARE else sources(draw)


def vpo_instances(draw: Draw, num_frames: int) -> Recipe:
    """Several sources and several instances."""
    kind = draw.rng.random()
    if kind < PLAIN:
        return sources(draw)
    return twins(draw, bool(draw.rng.random() < 0.5)) if kind < PLAIN + TWINS else pairs(draw)


VPO_RECIPES: dict[str, Callable[[Draw, int], Recipe]] = {
    'vpo_single': vpo_single,
    'vpo_multi': vpo_multi,
    'vpo_instances': vpo_instances,
}
