import csv
from pathlib import Path

import pytest

import mmavs.avstamps
from mmavs.datasets import AVSS_CLASSES, S4_CATEGORIES
from mmavs.datasets.classes import VPO_CLASSES
from mmavs.datasets.sound_groups import GROUP_OF, avoided_groups, groups_of


def test_every_class_of_every_data_set_has_a_group():
    with open(Path(mmavs.avstamps.__file__).parent / 'classes.csv', newline='') as file:
        stamps = [row['name'] for row in csv.DictReader(file) if row['role'] == 'sounding']
    for names in (S4_CATEGORIES, AVSS_CLASSES, VPO_CLASSES, stamps):
        assert set(names) <= set(GROUP_OF)


def test_published_pairings_are_excluded():
    assert avoided_groups({'music', 'animal'}, 'ms3') == {'human'}
    assert avoided_groups({'human'}, 's4') == {'music'}
    assert avoided_groups({'device'}, 's4') == set()
    assert avoided_groups({'device'}, 'ms3') == {'music'}


def test_names_without_group():
    assert groups_of(['off-the-screen']) == set()
    assert groups_of(['man', 'gun', 'off-the-screen']) == {'human', 'device'}
    assert groups_of(['kazoo'], extra=dict(kazoo='music')) == {'music'}
    with pytest.raises(ValueError, match=r"\['kazoo'\] belong to no broad group; pass groups=\{'kazoo'"):
        groups_of(['kazoo', 'dog'])
    with pytest.raises(ValueError, match=r"got \{'kazoo': 'brass'\}"):
        groups_of([], extra=dict(kazoo='brass'))


def test_a_mouse_of_vpo_is_that_of_a_computer():
    assert groups_of(['mouse'], 'VPO-SS') == {'device'}
    assert groups_of(['mouse'], 'ms3') == {'animal'}
