import numpy as np
import pytest

from mmavs.avstamps.recipes import Draw
from mmavs.avstamps.vpo_recipes import VPO_RECIPES


def draws(source, name, count=200):
    catalog = source.catalog
    return [VPO_RECIPES[name](Draw(catalog, catalog.classes, True, np.random.default_rng(k)), 1) for k in range(count)]


@pytest.fixture(scope='module')
def label(procedural):
    return {c.name: c.vpo for c in procedural.catalog.classes}


def sounding(recipe):
    return [t for t in recipe.things if t.on[0]]


@pytest.mark.parametrize('name', sorted(VPO_RECIPES))
def test_what_sounds_has_a_class_of_vpo_and_a_silent_rival_or_two_sources(procedural, label, name):
    for recipe in draws(procedural, name):
        loud = [label[t.cls] for t in sounding(recipe)]
        assert loud
        assert all(loud)
        silent = [label[t.cls] for t in recipe.things if not t.on[0] and label[t.cls]]
        assert silent or len(loud) > 1  # a picture in which everything sounds would need no audio
        assert all(len(t.on) == 1 and 0 < t.size < 0.8 and 0 <= t.x <= 1 and 0 <= t.y <= 1 for t in recipe.things)
        assert recipe.num_frames == 1


def test_single_source_has_one_sound_and_strangers_stay_silent(procedural, label):
    recipes = draws(procedural, 'vpo_single')
    assert all(len(sounding(r)) == 1 for r in recipes)
    assert all(len({t.cls for t in r.things}) == len(r.things) for r in recipes)
    assert 0.35 < np.mean([any(not label[t.cls] for t in r.things) for r in recipes]) < 0.65
    assert {label[sounding(r)[0].cls] for r in recipes} == set(label.values()) - {''}


def twins(recipe):
    loud = sounding(recipe)
    return [(a, b) for a in loud for b in recipe.things if b.cls == a.cls and not b.on[0]]


def test_a_share_of_the_pictures_holds_twins_that_differ_in_place_only(procedural):
    for name, share in (('vpo_multi', 0.3), ('vpo_instances', 0.4)):
        found = [pair for r in draws(procedural, name, 400) for pair in twins(r)]
        assert len(found) / 400 == pytest.approx(share, abs=0.07)
        assert all(a.image == b.image and a.sound == b.sound and abs(a.x - b.x) > 0.29 for a, b in found)
        left = np.mean([a.x < b.x for a, b in found])
        assert 0.4 < left < 0.6  # the side must not give the answer away
        front = np.mean([a.y > b.y for a, b in found])
        assert 0.35 < front < 0.65


def test_several_sources_are_of_different_classes_but_for_the_pairs(procedural, label):
    for recipe in draws(procedural, 'vpo_multi'):
        loud = [label[t.cls] for t in sounding(recipe)]
        assert 2 <= len(loud) == len(set(loud)) <= 3
    pairs = 0
    for recipe in draws(procedural, 'vpo_instances'):
        loud = [label[t.cls] for t in sounding(recipe)]
        pairs += len(loud) > len(set(loud))
    assert pairs / 200 == pytest.approx(0.3, abs=0.08)
