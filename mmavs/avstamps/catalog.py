"""The curated classes: which pictures and recordings belong together, and what they are used for."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
RIVALS = 4  # classes of one pool in a limited catalog


@dataclass(frozen=True)
class SoundingClass:
    """A class that can sound.

    Attributes:
        name: Class name.
        family: Look-alike family (small).
        pool: Look-alike pool of the crowd sets (large).
        core: Whether it is one of the core classes of the binary sets.
        images: Cut-outs used everywhere.
        held_out: Cut-outs used by the ``unseen`` set only.
        sounds: Recordings.
        vpo: Class of VPO that this one is a kind of; empty where VPO has none.
    """

    name: str
    family: str
    pool: str
    core: bool
    images: tuple[str, ...]
    held_out: tuple[str, ...]
    sounds: tuple[str, ...]
    vpo: str = ''


@dataclass(frozen=True)
class Catalog:
    """Everything a media source offers.

    Attributes:
        classes: Sounding classes.
        distractors: Cut-outs that never sound.
        offscreen: Recordings of things that are never in a picture, by name.
        backgrounds: Background pictures of the training split.
        held_backgrounds: Background pictures of validation and test.
    """

    classes: tuple[SoundingClass, ...]
    distractors: tuple[str, ...]
    offscreen: dict[str, str]
    backgrounds: tuple[str, ...]
    held_backgrounds: tuple[str, ...]

    def limited(self, num_classes: int) -> 'Catalog':
        """Return a catalog with ``num_classes`` core classes, four of a pool where it has them: a crowd needs rivals."""
        pools: dict[str, list[SoundingClass]] = {}
        for cls in self.classes:
            if cls.core:
                pools.setdefault(cls.pool, []).append(cls)
        ordered = sorted((members[:RIVALS] for members in pools.values()), key=len, reverse=True)
        chosen = [cls for members in ordered for cls in members][:num_classes]
        return replace(self, classes=tuple(c for c in self.classes if c in chosen))


HELD_TEMPLATES = ('cliff', 'ocean_waves', 'trees_at_dusk', 'wool_mill_machine')


def split_field(text: str) -> tuple[str, ...]:
    """Split a ``;``-separated field."""
    return tuple(part for part in text.split(';') if part)


def stamps_catalog(template_files: tuple[str, ...]) -> Catalog:
    """Read the curated table of the stamps package.

    Args:
        template_files: Background pictures, relative to the package's data folder.
    """
    with open(HERE / 'classes.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    classes = tuple(
        SoundingClass(
            row['name'],
            row['family'],
            row['pool'],
            row['core'] == '1',
            tuple(f'stamps/{p}' for p in split_field(row['images'])),
            tuple(f'stamps/{p}' for p in split_field(row['held_out'])),
            tuple(f'stamps/{p}' for p in split_field(row['sounds'])),
            row['vpo'],
        )
        for row in rows
        if row['role'] == 'sounding'
    )
    distractors = tuple(f'stamps/{p}' for r in rows if r['role'] == 'distractor' for p in split_field(r['images']))
    offscreen = {r['name']: f'stamps/{r["sounds"]}' for r in rows if r['role'] == 'offscreen'}
    held = tuple(p for p in template_files if Path(p).stem in HELD_TEMPLATES)
    return Catalog(classes, distractors, offscreen, tuple(p for p in template_files if p not in held), held)
