"""The four broad groups of sounding classes by which AVSBench-Robust chooses off-screen sound.

Source: ``get_semantic_category`` and the rules beside it in ``dataset_generation/audio_processing.py`` of
jiali-home/AVSBench-Robust. It names the 23 categories of S4 and 22 classes that occur in MS3; the other classes of
AVSBench-semantic, those of VPO and those of AVStamps are assigned here.
"""

from collections.abc import Iterable, Mapping

SOUND_GROUPS = ('music', 'human', 'animal', 'device')

_MEMBERS = {
    'music': (
        'playing_acoustic_guitar', 'playing_glockenspiel', 'playing_piano', 'playing_tabla', 'playing_ukulele',
        'playing_violin', 'guitar', 'tabla', 'violin', 'ukulele', 'piano', 'marimba', 'accordion', 'bassoon', 'cello',
        'clarinet', 'drum', 'erhu', 'flute', 'guzheng', 'handpan', 'harmonica', 'harp', 'pipa', 'saxophone', 'sitar',
        'sorna', 'trombone', 'trumpet', 'tuba', 'cymbal', 'tomtom', 'drumkit',
    ),
    'human': (
        'baby_laughter', 'female_singing', 'male_speech', 'man', 'woman', 'baby', 'boy', 'girl', 'male', 'female',
    ),
    'animal': (
        'cat_meowing', 'coyote_howling', 'dog_barking', 'horse_clip-clop', 'lions_roaring', 'mynah_bird_singing', 'dog',
        'cat', 'lion', 'bird', 'wolf', 'donkey', 'duck', 'elephant', 'goose', 'hen', 'horse', 'leopard', 'parrot', 'pig',
        'sheep', 'squirrel', 'tiger', 'frog', 'blackbird', 'crow', 'cuckoo', 'lark', 'drake', 'gander', 'rooster',
        'turkey', 'heron', 'seagull', 'owl', 'vulture', 'penguin', 'quetzal', 'tucan', 'bee', 'grasshopper', 'hornet',
        'xanthia', 'chimp', 'gorilla', 'dolphin', 'orca', 'sea_lion', 'whale', 'badger', 'ferret', 'mouse', 'rabbit',
        'koala', 'bear', 'bison', 'bull', 'cow', 'goat', 'camel', 'caribou', 'deer', 'doe', 'fox', 'hippopotamus', 'zebra',
    ),
    'device': (
        'driving_buses', 'helicopter', 'race_car', 'ambulance_siren', 'cap_gun_shooting', 'chainsawing_trees',
        'lawn_mowing', 'typing_on_computer_keyboard', 'mower', 'background', 'bus', 'car', 'gun', 'saw', 'emergency-car',
        'keyboard', 'airplane', 'axe', 'bell', 'boat', 'clipper', 'clock', 'frying-food', 'hair-dryer', 'missile-rocket',
        'motorcycle', 'tank', 'tractor', 'train', 'truck', 'utv', 'vacuum-cleaner', 'cell phone', 'skateboard',
        'sports ball', 'tennis racket', 'camera', 'kettle', 'rubberduck', 'toilet', 'hammer', 'mallet',
    ),
}  # fmt: skip
GROUP_OF = {name: group for group, names in _MEMBERS.items() for name in names}
_VPO = {'mouse': 'device'}  # in VPO that of a computer, in AVStamps the animal
NO_GROUP = ('off-the-screen',)  # of a class list, but no sound of anything

# Group of a clip -> group that its off-screen sound must not come from.
AVOIDED = {'music': 'human', 'human': 'music', 'animal': 'human', 'device': 'music'}
SINGLE_SOURCE = ('s4', 'v1s', 'VPO-SS')  # subsets in which a device may get music: S4, and those that are built like it


def groups_of(names: Iterable[str], subset: str = '', extra: Mapping[str, str] | None = None) -> set[str]:
    """Broad groups of classes.

    Args:
        names: Class names.
        subset: ``subset`` of the sample they are from.
        extra: Groups of further names; they come before the table.

    Raises:
        ValueError: A name without a group, or a group in ``extra`` that does not exist.
    """
    table = {**GROUP_OF, **(_VPO if subset.startswith('VPO') else {}), **(extra or {})}
    wrong = {name: group for name, group in (extra or {}).items() if group not in SOUND_GROUPS}
    if wrong:
        raise ValueError(f'groups must be out of {SOUND_GROUPS}, got {wrong}')
    names = [name for name in names if name not in NO_GROUP]
    unknown = sorted(set(names) - set(table))
    if unknown:
        raise ValueError(
            f'the classes {unknown} belong to no broad group; pass groups={{{unknown[0]!r}: GROUP}} with one of '
            f'{SOUND_GROUPS} in donors of ReplaceAudio'
        )
    return {table[name] for name in names}


def avoided_groups(groups: Iterable[str], subset: str) -> set[str]:
    """Groups from which the off-screen sound of a clip must not come although they differ from its own.

    Args:
        groups: Groups of the clip.
        subset: ``subset`` of its sample.
    """
    free = ('device',) if subset in SINGLE_SOURCE else ()
    return {AVOIDED[group] for group in groups if group not in free}
