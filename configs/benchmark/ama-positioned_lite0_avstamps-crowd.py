# Groups by content and place: they hang together and follow objects.
_base_ = './ama_lite0_avstamps-crowd.py'
model = dict(
    neck=dict(
        clustering=dict(_delete_=True, type='PositionedClustering', weight=3.0, clustering=dict(type='DPCKNN', k=5))
    )
)
