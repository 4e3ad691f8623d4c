import pytest

from mmavs.datasets import AVSS_CLASSES, S4_CATEGORIES, voc_palette


def test_published_classes_and_colours():
    assert len(AVSS_CLASSES) == len(set(AVSS_CLASSES)) == 71
    assert len(S4_CATEGORIES) == len(set(S4_CATEGORIES)) == 23
    colours = dict(zip(AVSS_CLASSES, voc_palette(71), strict=True))
    published = {
        'background': (0, 0, 0),
        'accordion': (128, 0, 0),
        'bird': (128, 128, 128),
        'boy': (192, 0, 0),
        'clock': (0, 64, 0),
        'guitar': (64, 64, 128),
        'handpan': (0, 0, 64),
        'man': (192, 0, 64),
        'pig': (0, 64, 64),
        'trumpet': (192, 192, 192),
        'tuba': (32, 0, 0),
        'vacuum-cleaner': (160, 128, 0),
        'violin': (32, 0, 128),
        'woman': (32, 128, 128),
    }
    assert {name: colours[name] for name in published} == published
    assert len(set(colours.values())) == 71


def test_the_palette_stays_below_the_ignore_value():
    assert len(set(voc_palette(254))) == 254
    for number in (0, 255):
        with pytest.raises(ValueError, match='255 means ignore'):
            voc_palette(number)
