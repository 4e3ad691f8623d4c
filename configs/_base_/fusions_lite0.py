# The fusions that configs/benchmark compares, ready to be put in place of model.neck. All work on the finished maps of a
# frozen Lite0 (fusions_lite0.maps) and differ in nothing else.
maps = dict(in_channels=(24, 40, 112, 320), channels=64, stages=(1, 2, 3))
fusions = dict(
    identity=dict(_delete_=True, type='IdentityNeck', in_channels=maps['in_channels'], channels=64),
    concat=dict(_delete_=True, type='ConcatNeck', **maps),
    globalattn=dict(_delete_=True, type='GlobalAttnNeck', **maps),
    gate=dict(_delete_=True, type='ChannelGateNeck', **maps),
    responsegate=dict(_delete_=True, type='ResponseGateNeck', **maps),
    tpavi=dict(_delete_=True, type='TPAVINeck', context='pointwise', frames_per_group=1, **maps),
    avsegformer=dict(
        _delete_=True,
        type='AVSegFormerNeck',
        in_channels=maps['in_channels'],
        channels=64,
        num_layers=2,
        ffn_channels=256,
        norm_groups=8,
    ),
    catr=dict(
        _delete_=True,
        type='CATRNeck',
        in_channels=maps['in_channels'],
        channels=64,
        stages=(0, 1, 2, 3),
        num_layers=0,
        ffn_channels=256,
        context='pointwise',
        official_squared_fusion=False,
    ),
    ama=dict(
        _delete_=True,
        type='AMANeck',
        between_stages=False,
        clustering=dict(type='DPCKNN', k=5),
        num_groups=8,
        block=dict(response='cosine', gamma=1.0),
        **maps,
    ),
)
fusions['catr-official'] = dict(fusions['catr'], context='dilated', official_squared_fusion=True)
