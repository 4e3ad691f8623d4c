import numpy as np
import pytest

from mmavs.avstamps.recipes import RECIPES, Draw


def draws(source, name, count=80, frames=5, train=True, core=True):
    catalog = source.catalog
    classes = tuple(c for c in catalog.classes if c.core or not core)
    return [RECIPES[name](Draw(catalog, classes, train, np.random.default_rng(k)), frames) for k in range(count)]


def objects(recipe):
    return [t for t in recipe.things if not t.clutter]


def states(recipe):
    """Set of the indices that sound, per second."""
    return [frozenset(i for i, t in enumerate(recipe.things) if t.on[s]) for s in range(recipe.num_frames)]


@pytest.fixture(scope='module')
def by_name(procedural):
    return {c.name: c for c in procedural.catalog.classes}


@pytest.mark.parametrize('name', sorted(RECIPES))
def test_what_holds_for_every_recipe(procedural, by_name, name):
    held = {image for c in procedural.catalog.classes for image in c.held_out}
    for recipe in draws(procedural, name, count=40):
        assert all(len(t.on) == 5 for t in recipe.things)
        assert any(any(t.on) for t in recipe.things)
        assert all(t.sound in by_name[t.cls].sounds for t in recipe.things if any(t.on))
        assert recipe.category in {t.cls for t in recipe.things}
        assert all(0 < t.size < 0.8 and 0 <= t.x <= 1 and 0 <= t.y <= 1 for t in recipe.things)
        if name != 'unseen':
            assert held.isdisjoint(t.image for t in recipe.things)
            assert not recipe.held_out
        if name != 'twins':
            names = [t.cls for t in objects(recipe) if t.cls]
            assert len(set(names)) == len(names)


@pytest.mark.parametrize('name', ['single', 'crowd'])
def test_training_backgrounds_are_not_seen_in_the_test(procedural, name):
    train = {r.background for r in draws(procedural, name, train=True)} - {''}
    test = {r.background for r in draws(procedural, name, train=False)} - {''}
    assert train == set(procedural.catalog.backgrounds)
    assert test == set(procedural.catalog.held_backgrounds)


def test_plain_scenes_have_noise_backgrounds_and_crowds_have_none(procedural):
    share = np.mean([r.background == '' for r in draws(procedural, 'single', 200)])
    assert 0.25 < share < 0.45
    assert all(r.background for r in draws(procedural, 'crowd', 200))


def test_single_needs_the_sound_to_be_answered(procedural, by_name):
    recipes = draws(procedural, 'single', 200)
    for recipe in recipes:
        assert len(set(states(recipe))) == 1
        assert len(states(recipe)[0]) == 1
        assert sum(t.cls != '' and not any(t.on) for t in recipe.things) >= 1  # a silent one that could sound
        assert 2 <= len(recipe.things) <= 3
    families = [
        any(by_name[t.cls].family == by_name[r.category].family for t in r.things if t.cls and not any(t.on))
        for r in recipes
    ]
    assert 0.35 < np.mean(families) < 0.85
    assert any(t.cls == '' for r in recipes for t in r.things)


def test_unseen_shows_held_out_cut_outs_as_the_sounding_thing_only(procedural, by_name):
    for recipe in draws(procedural, 'unseen'):
        assert recipe.held_out
        for thing in recipe.things:
            held = bool(thing.cls) and thing.image in by_name[thing.cls].held_out
            assert held == any(thing.on)


@pytest.mark.parametrize('frames', [5, 10])
def test_multi_has_intervals_and_few_empty_frames(procedural, frames):
    recipes = draws(procedural, 'multi', 200, frames)
    for recipe in recipes:
        assert 1 <= sum(any(t.on) for t in recipe.things) <= 2
        for thing in recipe.things:
            edges = np.abs(np.diff(np.array([0, *thing.on, 0], int))).sum()
            assert edges in (0, 2)
    empty = np.mean([not s for r in recipes for s in states(r)])
    assert 0.02 < empty < 0.2


def test_spatial_shows_one_family_of_which_one_sounds(procedural, by_name):
    for recipe in draws(procedural, 'spatial'):
        assert len({by_name[t.cls].family for t in recipe.things}) == 1
        assert 2 <= len(recipe.things) <= 3
        assert len(set(states(recipe))) == 1
        assert len(states(recipe)[0]) == 1


def test_temporal_changes_every_second(procedural):
    recipes = draws(procedural, 'temporal', 200)
    for recipe in recipes:
        assert all(a != b for a, b in zip(states(recipe), states(recipe)[1:], strict=False))
        assert max(len(s) for s in states(recipe)) == 1
    assert 0.02 < np.mean([not s for r in recipes for s in states(r)]) < 0.2


def test_twins_differ_in_position_only(procedural):
    recipes = draws(procedural, 'twins')
    for recipe in recipes:
        one, two = recipe.things
        assert one.image == two.image
        assert abs(one.x - two.x) > 0.29
        assert len(states(recipe)[0]) == 1
    left = np.mean([next(t.x for t in r.things if any(t.on)) < 0.5 for r in recipes])
    assert 0.3 < left < 0.7  # the side must not give the answer away


@pytest.mark.parametrize(('name', 'number'), [('crowd', 1), ('crowd_2', 2)])
def test_crowds_are_rivals_close_together_on_clutter(procedural, by_name, name, number):
    recipes = draws(procedural, name, 150, frames=1, core=False)
    for recipe in recipes:
        rivals = [t for t in objects(recipe) if t.cls]
        assert 3 <= len(rivals) <= 5
        assert len({by_name[t.cls].pool for t in rivals}) == 1
        assert sum(t.on[0] for t in rivals) == number
        assert np.ptp([t.x for t in rivals]) <= 0.61
        assert all(0.25 <= t.size <= 0.35 for t in rivals)
        clutter = [t for t in recipe.things if t.clutter]
        assert 2 <= len(clutter) <= 4
        assert recipe.things[: len(clutter)] == clutter  # under the objects
        assert recipe.min_visible == 0.4
    extra = np.mean([any(not t.cls for t in objects(r)) for r in recipes])
    assert 0.18 < extra < 0.42
    # the sounding one is neither always in front nor always behind
    first = np.mean([next(i for i, t in enumerate(objects(r)) if any(t.on)) == 0 for r in recipes])
    assert 0.1 < first < 0.6


def test_the_mixture_has_its_shares(procedural):
    recipes = draws(procedural, 'crowd_mixture', 600, frames=1, core=False)
    two = np.mean([sum(t.on[0] for t in r.things) == 2 for r in recipes])
    plain = np.mean([not any(t.clutter for t in r.things) for r in recipes])
    assert two == pytest.approx(0.3, abs=0.06)
    assert plain == pytest.approx(0.3, abs=0.06)


def test_switch_never_keeps_its_sounding_set(procedural):
    recipes = draws(procedural, 'switch', 200, core=False)
    for recipe in recipes:
        assert all(a != b for a, b in zip(states(recipe), states(recipe)[1:], strict=False))
        assert max(len(s) for s in states(recipe)) <= 2
    sizes = np.bincount([len(s) for r in recipes for s in states(r)], minlength=3) / 1000
    np.testing.assert_allclose(sizes, [0.10, 0.55, 0.35], atol=0.06)


def test_gap_loses_half_of_the_seconds_but_never_all(procedural):
    recipes = draws(procedural, 'gap', 200, core=False)
    assert all(len(set(states(r))) == 1 and len(r.lost) == 5 and not all(r.lost) for r in recipes)
    assert 0.4 < np.mean([r.lost for r in recipes]) < 0.56
