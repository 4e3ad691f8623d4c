# AMA + UE on ResNet-50 and VGGish: groups behind every encoder stage, an all-MLP decoder, attention over time, and mask and
# uncertainty side by side. The choices the paper leaves open are listed in docs/en/ama.md.
stages = (256, 512, 1024, 2048)
model = dict(
    type='AVSegmentor',
    backbone=dict(type='ResNetStages', depth=50, pretrained='imagenet'),
    audio_backbone=dict(type='VGGish', pretrained='audioset', frozen=True),
    neck=dict(
        type='AMANeck',
        in_channels=stages,
        widths=(64, 128, 320, 512),
        num_groups=5,
        clustering=dict(type='PooledClustering', clustering=dict(type='DPCKNN', k=5), max_tokens=784, reassign=True),
        block=dict(num_heads=8, response='cosine', guide=('merge', 'update', 'map')),
    ),
    pixel_decoder=dict(type='MLPPixelDecoder', in_channels=stages, channels=256),
    temporal=dict(type='TemporalAttn', channels=256, num_heads=8),
    decode_head=dict(
        type='UncertaintyDecodeHead', channels=256, num_classes=1, uncertainty=dict(type='DirichletBranch')
    ),
    losses=[
        dict(type='MaskBCELoss', loss_weight=5.0),
        dict(type='MaskDiceLoss', loss_weight=5.0),
        dict(type='MaskIoULoss', loss_weight=2.0),
        dict(type='InfoNCELoss', loss_weight=0.1, channels={2: stages[2], 3: stages[3]}),
        dict(type='EvidentialLoss', loss_weight=0.1),
    ],
)
