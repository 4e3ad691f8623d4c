"""What happens in a clip: which things, where, and which of them sound in which second."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .catalog import Catalog, SoundingClass
from .scenes import SIZE_BY_NUMBER, Thing, place

CROWD_SPREAD = 0.30


@dataclass
class Recipe:
    """A clip before it is drawn.

    Attributes:
        things: From back to front.
        background: Name, empty for noise.
        num_frames: ``T``.
        noise: Standard deviation of the pixel noise.
        category: Class that the S4 layout files the clip under.
        lost: Seconds whose sound is lost in noise.
        min_visible: Share of its own pixels that every object must keep.
        held_out: Whether an object shows a held-out cut-out.
    """

    things: list[Thing]
    background: str
    num_frames: int
    noise: float = 1.0
    category: str = ''
    lost: list[bool] = field(default_factory=list)
    min_visible: float = 0.25
    held_out: bool = False


class Draw:
    """Draws the parts of a recipe from a catalog.

    Args:
        catalog: What there is.
        classes: Classes of the set.
        train: Whether the clip is for training (other backgrounds and other parts of the recordings).
        rng: Generator of the clip.
    """

    def __init__(
        self, catalog: Catalog, classes: tuple[SoundingClass, ...], train: bool, rng: np.random.Generator
    ) -> None:
        self.catalog, self.classes, self.train, self.rng = catalog, classes, train, rng

    def pick(self, items: tuple | list) -> object:
        """Draw one item."""
        return items[int(self.rng.integers(len(items)))]

    def thing(self, cls: SoundingClass, on: list[bool], *, held_out: bool = False) -> Thing:
        """Draw a cut-out and a recording of a class."""
        image = self.pick(cls.held_out if held_out else cls.images)
        return Thing(cls.name, image, 0.0, on=on, sound=self.pick(cls.sounds))

    def silent(self, num_frames: int, exclude: set[str], family: str = '') -> Thing:
        """Draw a thing that does not sound now, though its class could; of a family if one is given and it has more."""
        others = [c for c in self.classes if c.name not in exclude]
        same = [c for c in others if c.family == family]
        return self.thing(self.pick(same or others), [False] * num_frames)

    def distractor(self, num_frames: int) -> Thing:
        """Draw a thing that never sounds."""
        return Thing('', self.pick(self.catalog.distractors), 0.0, on=[False] * num_frames)

    def backdrop(self, photos_only: bool = False) -> str:
        """Draw a background of the split; about a third is noise."""
        names = self.catalog.backgrounds if self.train else self.catalog.held_backgrounds
        return self.pick(names) if photos_only or self.rng.random() < 0.65 else ''

    def spread(self, things: list[Thing]) -> list[Thing]:
        """Place the things of a plain scene, in random order."""
        things = [things[i] for i in self.rng.permutation(len(things))]
        base = SIZE_BY_NUMBER[len(things)]
        centres = place(len(things), self.rng, 0.2, 0.8, 0.45, 30)
        for thing, (x, y) in zip(things, centres, strict=True):
            thing.size, thing.x, thing.y = base * self.rng.uniform(0.8, 1.2), float(x), float(y)
        return things

    def interval(self, num_frames: int) -> list[bool]:
        """Draw one interval of 1 to ``num_frames`` seconds."""
        length = int(self.rng.integers(1, num_frames + 1))
        start = int(self.rng.integers(0, num_frames - length + 1))
        return [start <= t < start + length for t in range(num_frames)]


def single(draw: Draw, num_frames: int, *, held_out: bool = False) -> Recipe:
    """One thing sounds all the time; one or two others, of which at least one could sound."""
    rng = draw.rng
    candidates = [c for c in draw.classes if c.held_out] if held_out else draw.classes
    cls = draw.pick(candidates)
    things = [draw.thing(cls, [True] * num_frames, held_out=held_out)]
    names = {cls.name}
    for i in range(int(rng.integers(1, 3))):
        kind = rng.random()
        if kind < 0.15 and i > 0:
            things.append(draw.distractor(num_frames))
        else:
            things.append(draw.silent(num_frames, names, cls.family if kind < 0.5 else ''))
            names.add(things[-1].cls)
    return Recipe(draw.spread(things), draw.backdrop(), num_frames, category=cls.name, held_out=held_out)


def unseen(draw: Draw, num_frames: int) -> Recipe:
    """As ``single``, but the sounding thing is a held-out cut-out."""
    return single(draw, num_frames, held_out=True)


def multi(draw: Draw, num_frames: int) -> Recipe:
    """Two or three things, one or two of which sound, each for one interval; at most one second of the clip is empty."""
    rng = draw.rng
    number = int(rng.integers(2, 4))
    classes = [draw.classes[i] for i in rng.permutation(len(draw.classes))[:number]]
    sounding = int(rng.integers(1, 3))
    while True:
        table = [draw.interval(num_frames) if i < sounding else [False] * num_frames for i in range(number)]
        empty = sum(not any(column) for column in zip(*table, strict=True))
        if empty <= num_frames // 5:
            break
    things = [draw.thing(cls, on) for cls, on in zip(classes, table, strict=True)]
    return Recipe(draw.spread(things), draw.backdrop(), num_frames, category=classes[0].name)


def spatial(draw: Draw, num_frames: int) -> Recipe:
    """Two or three members of one look-alike family, of which one sounds."""
    families = [f for f in sorted({c.family for c in draw.classes}) if sum(c.family == f for c in draw.classes) > 1]
    family = draw.pick(families)
    members = [c for c in draw.classes if c.family == family]
    number = min(len(members), int(draw.rng.integers(2, 4)))
    chosen = [members[i] for i in draw.rng.permutation(len(members))[:number]]
    things = [draw.thing(cls, [i == 0] * num_frames) for i, cls in enumerate(chosen)]
    return Recipe(draw.spread(things), draw.backdrop(), num_frames, category=chosen[0].name)


def temporal(draw: Draw, num_frames: int) -> Recipe:
    """Two or three things; the sounding one changes every second, sometimes nobody sounds."""
    rng = draw.rng
    number = int(rng.integers(2, 4))
    classes = [draw.classes[i] for i in rng.permutation(len(draw.classes))[:number]]
    states, previous = [], None
    for _ in range(num_frames):
        options = [i for i in range(number) if i != previous] + ([-1] if previous != -1 else [])
        weights = np.array([0.15 if i == -1 else 1.0 for i in options])
        previous = int(rng.choice(options, p=weights / weights.sum()))
        states.append(previous)
    things = [draw.thing(cls, [state == i for state in states]) for i, cls in enumerate(classes)]
    return Recipe(draw.spread(things), draw.backdrop(), num_frames, category=classes[0].name)


def twins(draw: Draw, num_frames: int) -> Recipe:
    """Two copies of one cut-out, of which one sounds: only the stereo position tells which."""
    cls = draw.pick(draw.classes)
    first = draw.thing(cls, [True] * num_frames)
    second = Thing(cls.name, first.image, 0.0, on=[False] * num_frames, sound=first.sound)
    recipe = Recipe(draw.spread([first, second]), draw.backdrop(), num_frames, category=cls.name)
    low, high = recipe.things
    low.x, high.x = float(draw.rng.uniform(0.15, 0.35)), float(draw.rng.uniform(0.65, 0.85))
    return recipe


def crowd_things(draw: Draw, num_frames: int) -> list[Thing]:
    """Three to five different classes of one look-alike pool close together, on clutter; nobody sounds yet."""
    rng = draw.rng
    pool = draw.pick(draw.classes).pool
    members = [c for c in draw.classes if c.pool == pool]
    number = min(len(members), int(rng.integers(3, 6)))
    things = [draw.thing(members[i], [False] * num_frames) for i in rng.permutation(len(members))[:number]]
    extra = [draw.distractor(num_frames)] if rng.random() < 0.3 else []
    centre = rng.uniform(0.35, 0.65, 2)
    offsets = place(len(things) + len(extra), rng, -CROWD_SPREAD, CROWD_SPREAD, 0.17, 40)
    for thing, offset in zip(things + extra, offsets, strict=True):
        thing.size = float(rng.uniform(0.25, 0.35))
        thing.x, thing.y = (float(v) for v in np.clip(centre + offset, 0.12, 0.88))
    clutter = []
    for _ in range(int(rng.integers(2, 5))):
        item = draw.distractor(num_frames)
        item.clutter, item.size, item.opacity = True, float(rng.uniform(0.12, 0.2)), float(rng.uniform(0.6, 1))
        item.x, item.y = (float(v) for v in rng.uniform(0.1, 0.9, 2))
        clutter.append(item)
    return clutter + things + extra


def objects_of(things: list[Thing]) -> list[Thing]:
    """Things that could sound."""
    return [t for t in things if t.cls and not t.clutter]


def crowd(draw: Draw, num_frames: int, number: int = 1) -> Recipe:
    """``number`` of a crowd's things sound, all the time."""
    things = crowd_things(draw, num_frames)
    sounding = objects_of(things)[:number]
    for thing in sounding:
        thing.on = [True] * num_frames
    order = [things[i] for i in sorted(range(len(things)), key=lambda i: (not things[i].clutter, draw.rng.random()))]
    return Recipe(
        order, draw.backdrop(photos_only=True), num_frames, noise=2.0, category=sounding[0].cls, min_visible=0.4
    )


def crowd_2(draw: Draw, num_frames: int) -> Recipe:
    """Two of a crowd's things sound at once."""
    return crowd(draw, num_frames, number=2)


def easy(draw: Draw, num_frames: int) -> Recipe:
    """One sounding and one or two silent things of any class, larger and wider apart, no clutter."""
    rng = draw.rng
    chosen = [draw.classes[i] for i in rng.permutation(len(draw.classes))[: int(rng.integers(2, 4))]]
    things = [draw.thing(cls, [i == 0] * num_frames) for i, cls in enumerate(chosen)]
    things = draw.spread(things)
    for thing in things:
        thing.size = float(rng.uniform(0.38, 0.55))
    return Recipe(things, draw.backdrop(photos_only=True), num_frames, noise=2.0, category=chosen[0].name)


def crowd_mixture(draw: Draw, num_frames: int) -> Recipe:
    """The training mixture of the crowd sets: 30 % easy, 40 % one sounding, 30 % two sounding."""
    kind = draw.rng.random()
    if kind < 0.3:
        return easy(draw, num_frames)
    return crowd(draw, num_frames) if kind < 0.7 else crowd_2(draw, num_frames)


def switch(draw: Draw, num_frames: int) -> Recipe:
    """A crowd whose sounding set (none, one or two of three things) is different in every second."""
    recipe = crowd(draw, num_frames)
    first = objects_of(recipe.things)[:3]
    states: list[frozenset[int]] = []
    while len(states) < num_frames:
        number = int(draw.rng.choice(3, p=[0.10, 0.55, 0.35]))
        state = frozenset(draw.rng.permutation(len(first))[:number].tolist())
        if not states or state != states[-1]:
            states.append(state)
    for thing in recipe.things:
        thing.on = [False] * num_frames
    for i, thing in enumerate(first):
        thing.on = [i in state for state in states]
    return recipe


def gap(draw: Draw, num_frames: int) -> Recipe:
    """A crowd with one steady sound that is lost in noise in about half of the seconds (never in all)."""
    recipe = crowd(draw, num_frames)
    while True:
        recipe.lost = (draw.rng.random(num_frames) < 0.5).tolist()
        if not all(recipe.lost):
            return recipe


RECIPES: dict[str, Callable[[Draw, int], Recipe]] = {
    'single': single,
    'unseen': unseen,
    'multi': multi,
    'spatial': spatial,
    'temporal': temporal,
    'twins': twins,
    'crowd': crowd,
    'crowd_2': crowd_2,
    'crowd_mixture': crowd_mixture,
    'easy': easy,
    'switch': switch,
    'gap': gap,
}
