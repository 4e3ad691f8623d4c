"""Class names, category numbers and colours of AVSBench and VPO."""

S4_CATEGORIES = (
    'baby_laughter', 'female_singing', 'male_speech', 'dog_barking', 'cat_meowing', 'lions_roaring', 'horse_clip-clop',
    'coyote_howling', 'mynah_bird_singing', 'playing_acoustic_guitar', 'playing_tabla', 'playing_violin', 'playing_piano',
    'playing_ukulele', 'playing_glockenspiel', 'helicopter', 'race_car', 'driving_buses', 'ambulance_siren',
    'typing_on_computer_keyboard', 'chainsawing_trees', 'cap_gun_shooting', 'lawn_mowing',
)  # fmt: skip

AVSS_CLASSES = (
    'background', 'accordion', 'airplane', 'axe', 'baby', 'bassoon', 'bell', 'bird', 'boat', 'boy', 'bus', 'car', 'cat',
    'cello', 'clarinet', 'clipper', 'clock', 'dog', 'donkey', 'drum', 'duck', 'elephant', 'emergency-car', 'erhu', 'flute',
    'frying-food', 'girl', 'goose', 'guitar', 'gun', 'guzheng', 'hair-dryer', 'handpan', 'harmonica', 'harp', 'helicopter',
    'hen', 'horse', 'keyboard', 'leopard', 'lion', 'man', 'marimba', 'missile-rocket', 'motorcycle', 'mower', 'parrot',
    'piano', 'pig', 'pipa', 'saw', 'saxophone', 'sheep', 'sitar', 'sorna', 'squirrel', 'tabla', 'tank', 'tiger', 'tractor',
    'train', 'trombone', 'truck', 'trumpet', 'tuba', 'ukulele', 'utv', 'vacuum-cleaner', 'violin', 'wolf', 'woman',
)  # fmt: skip

BINARY_CLASSES = ('background', 'sounding')

# Number by which a VPO mask stores each class: those of COCO, with 92 to 94 for the three kinds of person. The order is that
# of the class indices 1 to 21.
VPO_CATEGORY_IDS = {
    'airplane': 5, 'baby': 94, 'bird': 16, 'bus': 6, 'car': 3, 'cat': 17, 'cell phone': 77, 'cow': 21, 'dog': 18,
    'elephant': 22, 'female': 93, 'horse': 19, 'keyboard': 76, 'male': 92, 'motorcycle': 4, 'mouse': 74, 'sheep': 20,
    'skateboard': 41, 'sports ball': 37, 'tennis racket': 43, 'zebra': 24,
}  # fmt: skip

VPO_CLASSES = ('background', *VPO_CATEGORY_IDS)


def voc_palette(num_classes: int) -> list[tuple[int, int, int]]:
    """RGB colours of the classes ``0 .. num_classes - 1`` in the PASCAL VOC bit scheme.

    Bits 0, 3, 6 of the class index make red, bits 1, 4, 7 green and bits 2, 5, 8 blue, each from the highest bit downwards.

    Raises:
        ValueError: ``num_classes`` outside 1..254 (255 means ignore in a mask).
    """
    if not 1 <= num_classes <= 254:
        raise ValueError(f'num_classes must be in 1..254 (255 means ignore), got {num_classes}')

    def channel(index: int, first_bit: int) -> int:
        return sum((index >> (first_bit + 3 * k) & 1) << (7 - k) for k in range(3))

    return [(channel(n, 0), channel(n, 1), channel(n, 2)) for n in range(num_classes)]
