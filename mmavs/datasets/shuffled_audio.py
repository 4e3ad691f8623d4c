"""The control of every audio-visual experiment: each clip with the audio of another one in which other classes sound."""

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
