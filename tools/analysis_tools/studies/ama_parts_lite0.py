"""What each part of AMA + UE brings on AVStamps crowd.

The ladder (baseline, + grouping, + guided merging, + contrast, + uncertainty), fusions without groups, the response, and the
clustering methods.
"""

study = [
    dict(name=name, config=f'benchmark/{name}_lite0_avstamps-crowd.py')
    for name in (
        *('ama-baseline', 'ama-grouping', 'ama', 'ama-contrast', 'amaue'),
        *('gate', 'responsegate', 'ama-single', 'ama-dot', 'ama-kmeans'),
        *('identity', 'ama-grid', 'ama-adaptive', 'concat', 'globalattn'),
    )
]
seeds = (0,)
reference = 'ama'
