from collections import Counter

import pytest

from mmavs.avstamps.catalog import stamps_catalog
from mmavs.avstamps.sources import FILES, ProceduralSource

TEMPLATES = tuple(name for name in FILES['sha256'] if name.startswith('templates/'))


@pytest.fixture(scope='module')
def catalog():
    return stamps_catalog(TEMPLATES)


def test_there_are_67_classes_24_of_them_core_in_11_pools_with_three_rivals_each(catalog):
    assert len({c.name for c in catalog.classes}) == len(catalog.classes) == 67
    assert sum(c.core for c in catalog.classes) == 24
    pools = Counter(c.pool for c in catalog.classes)
    assert len(pools) == 11
    assert min(pools.values()) >= 4
    assert all(c.images and c.sounds for c in catalog.classes)


def test_every_file_of_the_table_has_a_hash(catalog):
    used = {name for c in catalog.classes for name in (*c.images, *c.held_out, *c.sounds)}
    used |= {*catalog.distractors, *catalog.offscreen.values(), *catalog.backgrounds, *catalog.held_backgrounds}
    assert used <= set(FILES['sha256'])
    assert all(len(digest) == 64 for digest in FILES['sha256'].values())


def test_no_cut_out_has_two_roles(catalog):
    names = [name for c in catalog.classes for name in (*c.images, *c.held_out)] + list(catalog.distractors)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert sum(bool(c.held_out) for c in catalog.classes) == 19


def test_recordings_that_must_not_be_used_are_not(catalog):
    sounds = {name.rsplit('/', 1)[1] for c in catalog.classes for name in c.sounds}
    sounds |= {name.rsplit('/', 1)[1] for name in catalog.offscreen.values()}
    # non-free; copies of other recordings; digital silence; an overlap that would leak the test part of the camel
    refused = ('firetruck', 'beaver', 'mountaingoat', 'ram', 'nandou', 'iguana', 'giraffe', 'wombat', 'dromedary')
    assert sounds.isdisjoint(f'{name}.ogg' for name in refused)


def test_silent_placeholders_are_distractors_and_the_photo_with_sheep_is_left_out(catalog):
    names = {name.rsplit('/', 1)[1] for name in catalog.distractors}
    assert {'nandou.png', 'iguana.png', 'giraffe.png', 'wombat.png', 'beaver.png', 'firetruck.png'} <= names
    assert 'templates/sheep.jpg' not in TEMPLATES
    held = {name.rsplit('/', 1)[1] for name in catalog.held_backgrounds}
    assert held == {'cliff.jpg', 'ocean_waves.jpg', 'trees_at_dusk.jpg', 'wool_mill_machine.jpg'}
    assert not set(catalog.backgrounds) & set(catalog.held_backgrounds)


@pytest.mark.parametrize('kind', ['stamps', 'procedural'])
def test_a_limited_catalog_keeps_rivals_and_look_alikes(catalog, kind):
    whole = catalog if kind == 'stamps' else ProceduralSource().catalog
    small = whole.limited(8)
    assert len(small.classes) == 8
    assert all(c.core for c in small.classes)
    assert set(Counter(c.pool for c in small.classes).values()) == {4}
    assert max(Counter(c.family for c in small.classes).values()) >= 2
    assert any(c.held_out for c in small.classes)
