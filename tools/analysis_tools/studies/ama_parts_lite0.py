# What each part of AMA + UE brings on AVStamps crowd: the ladder (baseline, + grouping, + guided merging, + contrast,
# + uncertainty), fusions without groups and the dot response, and the clustering methods.
study = [
    dict(name=name, config=f'benchmark/{name}_lite0_avstamps-crowd.py')
    for name in (
        *('ama-baseline', 'ama-grouping', 'ama', 'ama-contrast', 'amaue'),
        *('identity', 'concat', 'globalattn', 'responsegate', 'gate', 'ama-dot'),
        *('ama-single', 'ama-kmeans', 'ama-grid', 'ama-adaptive'),
    )
]
seeds = (0,)
reference = 'ama'
