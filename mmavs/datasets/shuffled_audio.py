"""Each clip with the audio of another one: the control of every audio-visual experiment, and off-screen sound."""

import numpy as np


def disjoint_donors(sounding: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
    """Choose for each clip another one of the same length whose sounding classes are disjoint.

    The result is a permutation where exchanges of a random permutation lead to one. Where they do not (a class in more
    than half of the clips), some donors serve more than once.

    Args:
        sounding: ``(n, classes)`` bool, the class sounds at some time in the clip.
        lengths: ``(n,)`` number of frames.
        seed: Seed of the choice.

    Returns:
        ``(n,)`` indices of the donors.

    Raises:
        ValueError: A clip for which no donor exists; its index is the second argument of the exception.
    """
    generator = np.random.default_rng(seed)
    sounding = sounding.astype(np.float32)
    donors = np.empty(len(sounding), np.int64)
    for length in np.unique(lengths):
        members = np.flatnonzero(lengths == length)
        donors[members] = members[generator.permutation(len(members))]

    def fits(clips: np.ndarray | int, others: np.ndarray | int) -> np.ndarray:
        shared = (sounding[clips] * sounding[others]).sum(-1)
        return (shared == 0) & (lengths[clips] == lengths[others]) & (np.asarray(clips) != others)

    everyone = np.arange(len(sounding))
    for clip in np.flatnonzero(~fits(everyone, donors)):
        if fits(clip, donors[clip]):
            continue  # an exchange before has mended it
        partners = np.flatnonzero(fits(clip, donors) & fits(everyone, donors[clip]))
        if len(partners):
            partner = generator.choice(partners)
            donors[[clip, partner]] = donors[[partner, clip]]
            continue
        candidates = np.flatnonzero(fits(clip, everyone) & (sounding.sum(1) > 0))
        if not len(candidates):
            raise ValueError('no clip of the same length with disjoint sounding classes', int(clip))
        donors[clip] = generator.choice(candidates)
    return donors


def offscreen_donors(
    groups: np.ndarray,
    avoided: np.ndarray,
    sounding: np.ndarray,
    kinds: np.ndarray,
    lengths: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose for each clip another one of the same length, of other groups (AVSBench-Robust).

    First a kind is drawn, then a clip of it. A clip without a group, or for which no clip is left, gets a random one, if
    possible one without a class in common (the publication does not look at that).

    Args:
        groups: ``(n, groups)`` bool, something of the group sounds in the clip. A clip without any may be a donor, as published.
        avoided: ``(n, groups)`` bool, groups that a donor must not have besides the clip's own.
        sounding: ``(n, classes)`` bool, the class sounds at some time in the clip.
        kinds: ``(n,)`` int, clips of one kind share its probability.
        lengths: ``(n,)`` number of frames.
        seed: Seed of the choice.

    Returns:
        ``(n,)`` indices of the donors, and ``(n,)`` bool, true where no clip was left.

    Raises:
        ValueError: A clip without any other of its length; its index is the second argument of the exception.
    """
    generator = np.random.default_rng(seed)
    donors = np.empty(len(groups), np.int64)
    fallback = np.zeros(len(groups), bool)
    same_length = {length: np.flatnonzero(lengths == length) for length in np.unique(lengths)}
    found: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
    for clip in range(len(groups)):
        members = same_length[lengths[clip]]
        if len(members) < 2:
            raise ValueError('there is no other clip of the same length', clip)
        # the same for all clips alike: whoever has a group is no clip of other groups than its own
        alike = lengths[clip], groups[clip].tobytes(), avoided[clip].tobytes()
        if alike not in found:
            fitting = members[~groups[members][:, groups[clip] | avoided[clip]].any(1)]
            found[alike] = fitting, np.unique(kinds[fitting])
        fitting, fitting_kinds = found[alike]
        fallback[clip] = not groups[clip].any() or not len(fitting)
        if fallback[clip]:
            others = members[members != clip]
            disjoint = others[~sounding[others][:, sounding[clip]].any(1)]
            donors[clip] = generator.choice(disjoint if len(disjoint) else others)
            continue
        kind = generator.choice(fitting_kinds)
        donors[clip] = generator.choice(fitting[kinds[fitting] == kind])
    return donors, fallback
