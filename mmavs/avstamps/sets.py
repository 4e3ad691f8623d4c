"""The sets of the benchmark: what they are made of, their layout and their sizes."""

from dataclasses import dataclass

SIZES = ('tiny', 'quick', 'full')
CANVAS = {'tiny': 64, 'quick': 128, 'full': 224}
TINY_CLASSES = 8

Counts = tuple[int, int, int]  # train, val, test


@dataclass(frozen=True)
class SetSpec:
    """One set.

    Attributes:
        name: Name for ``--sets``.
        folder: Folder below the output.
        layout: ``'s4'``, ``'ms3'``, ``'avss'`` or ``'vpo'``.
        recipe: Key of ``recipes.RECIPES`` or ``vpo_recipes.VPO_RECIPES``.
        num_frames: Seconds of a clip.
        all_classes: All classes, or the core ones.
        counts: Clips per split, by size.
        subset: Subset of AVSS or VPO.
        about: One sentence for the data card.
    """

    name: str
    folder: str
    layout: str
    recipe: str
    num_frames: int
    all_classes: bool
    counts: dict[str, Counts]
    about: str
    subset: str = ''


def _spec(name: str, layout: str, recipe: str, frames: int, every: bool, full: Counts, quick: Counts, about: str,
          folder: str = '', subset: str = '') -> SetSpec:  # fmt: skip
    tiny = tuple(limit if count else 0 for limit, count in zip((24, 8, 8), full, strict=True))
    counts = dict(tiny=tiny, quick=quick, full=full)
    return SetSpec(name, folder or name, layout, recipe, frames, every, counts, about, subset)


SEMANTIC = 'AVSBench-semantic'
VPO = 'audio_visual'  # the folder that holds VPO/ and vggsound_bench/
SETS: tuple[SetSpec, ...] = (
    _spec('s4', 's4', 'single', 5, False, (2000, 160, 400), (2000, 100, 400),
          'One object sounds all the time; training masks of the first frame only.', 'Single-source'),
    _spec('ms3', 'ms3', 'multi', 5, False, (400, 60, 200), (400, 40, 100),
          'Two or three objects, one or two of which sound for an interval.', 'Multi-sources'),
    _spec('avss-v1s', 'avss', 'single', 5, True, (3000, 60, 150), (60, 8, 12), 'Single source, all classes.', SEMANTIC, 'v1s'),
    _spec('avss-v1m', 'avss', 'multi', 5, True, (300, 60, 150), (20, 8, 12), 'Several sources, all classes.', SEMANTIC, 'v1m'),
    _spec('avss-v2', 'avss', 'multi', 10, True, (300, 60, 150), (20, 8, 12), 'Several sources, ten seconds.', SEMANTIC, 'v2'),
    _spec('spatial', 'ms3', 'spatial', 5, False, (0, 0, 200), (0, 0, 100), 'Look-alikes of one family, one sounds.'),
    _spec('temporal', 'ms3', 'temporal', 5, False, (0, 0, 200), (0, 0, 100), 'The sounding object changes every second.'),
    _spec('twins', 'ms3', 'twins', 5, False, (600, 60, 150), (100, 20, 50),
          'Two copies of one cut-out; only the stereo position tells which sounds.'),
    _spec('crowd', 'ms3', 'crowd_mixture', 1, True, (5400, 300, 0), (3000, 100, 0),
          'Training mixture of easy, crowd-1 and crowd-2.'),
    _spec('easy', 'ms3', 'easy', 1, True, (0, 0, 300), (0, 0, 150), 'Any classes, wide apart, no clutter.'),
    _spec('crowd-1', 'ms3', 'crowd', 1, True, (0, 0, 400), (0, 0, 200), 'Three to five look-alikes close together, one sounds.'),
    _spec('crowd-2', 'ms3', 'crowd_2', 1, True, (0, 0, 300), (0, 0, 150), 'The same, two sound at once.'),
    _spec('switch', 'ms3', 'switch', 5, True, (400, 60, 300), (200, 20, 100), 'A crowd whose sounding set changes every second.'),
    _spec('gap', 'ms3', 'gap', 5, True, (350, 60, 300), (200, 20, 100),
          'A crowd with one steady sound, lost in noise in about half of the seconds.'),
    _spec('unseen', 'ms3', 'unseen', 5, False, (0, 0, 150), (0, 0, 100),
          'As s4, but the sounding object is a held-out cut-out.'),
    _spec('vpo-ss', 'vpo', 'vpo_single', 1, True, (2000, 0, 300), (600, 0, 100), 'A picture and one sound.', VPO, 'VPO-SS'),
    _spec('vpo-ms', 'vpo', 'vpo_multi', 1, True, (2000, 0, 300), (600, 0, 100),
          'A picture and two or three sounds; some hold a silent twin.', VPO, 'VPO-MS'),
    _spec('vpo-msmi', 'vpo', 'vpo_instances', 1, True, (2000, 0, 300), (600, 0, 100),
          'The same with two of a class, of which both or one sound.', VPO, 'VPO-MSMI'),
)  # fmt: skip
GROUPS = {'avss': ('avss-v1s', 'avss-v1m', 'avss-v2'), 'vpo': ('vpo-ss', 'vpo-ms', 'vpo-msmi')}
OFFSCREEN = 'offscreen'


def choose(names: tuple[str, ...] | None) -> tuple[SetSpec, ...]:
    """Return the specs of the named sets (all for ``None``); ``'avss'`` and ``'vpo'`` stand for their three subsets.

    Raises:
        ValueError: An unknown name.
    """
    known = {spec.name: spec for spec in SETS}
    if names is None:
        return SETS
    flat = [part for name in names for part in GROUPS.get(name, (name,)) if part != OFFSCREEN]
    unknown = sorted(set(flat) - set(known))
    if unknown:
        raise ValueError(f'unknown sets {unknown}; known: {[*known, *GROUPS, OFFSCREEN]}')
    return tuple(spec for spec in SETS if spec.name in flat)
