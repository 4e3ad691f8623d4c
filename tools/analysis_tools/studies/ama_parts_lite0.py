# What each part of AMA + UE brings on AVStamps crowd: the ladder (baseline, + grouping, + guided merging, + contrast,
# + uncertainty), the clustering methods, the response, and fusions without groups.
ladder = ['ama-baseline', 'ama-grouping', 'ama', 'ama-contrast', 'amaue']
clustering = ['ama-single', 'ama-kmeans', 'ama-grid', 'ama-adaptive']
controls = ['identity', 'concat', 'globalattn', 'responsegate', 'gate', 'ama-dot']
study = [dict(name=name, config=f'benchmark/{name}_lite0_avstamps-crowd.py') for name in ladder + controls + clustering]
seeds = (0,)
reference = 'ama'
