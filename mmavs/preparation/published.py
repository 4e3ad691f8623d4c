"""How many clips and labelled frames the published data sets have, in one place.

Source: counted in the csv files of AVSBench; the sizes of VPO are those of its publication and could not be checked against
the files.
"""

from typing import NamedTuple


class Count(NamedTuple):
    """Size of one split of one subset.

    Attributes:
        clips: Clips (VPO: pictures with their sound).
        labelled: Frames with a mask.
        checked: Whether the number was counted in the published files; else a difference is a remark, not a defect.
    """

    clips: int
    labelled: int
    checked: bool = True


PUBLISHED: dict[tuple[str, str], Count] = {
    ('s4', 'train'): Count(3452, 3452),
    ('s4', 'val'): Count(740, 3700),
    ('s4', 'test'): Count(740, 3700),
    ('ms3', 'train'): Count(296, 1480),
    ('ms3', 'val'): Count(64, 320),
    ('ms3', 'test'): Count(64, 320),
    ('v1s', 'train'): Count(3452, 3452),
    ('v1s', 'val'): Count(740, 3700),
    ('v1s', 'test'): Count(740, 3700),
    ('v1m', 'train'): Count(296, 1480),
    ('v1m', 'val'): Count(64, 320),
    ('v1m', 'test'): Count(64, 320),
    ('v2', 'train'): Count(4750, 47500),
    ('v2', 'val'): Count(500, 5000),
    ('v2', 'test'): Count(750, 7500),
    ('vpo-ss', 'train'): Count(12202, 12202, False),
    ('vpo-ss', 'val'): Count(890, 890, False),
    ('vpo-ms', 'train'): Count(9817, 9817, False),
    ('vpo-ms', 'val'): Count(496, 496, False),
    ('vpo-msmi', 'train'): Count(12855, 12855, False),
    ('vpo-msmi', 'val'): Count(1131, 1131, False),
}
