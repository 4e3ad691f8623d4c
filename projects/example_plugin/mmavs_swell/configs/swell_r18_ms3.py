# TPAVI's decoder and data, with neck and audio backbone of the plugin; ResNet-18 from random values: nothing to download.
_base_ = 'mmavs::tpavi/tpavi_r50_ms3.py'
custom_imports = dict(imports=['mmavs_swell'])
model = dict(
    backbone=dict(depth=18, pretrained=None),
    audio_backbone=dict(_delete_=True, type='SwellAudio', out_channels=64),
    neck=dict(_delete_=True, type='SwellNeck', in_channels=(64, 128, 256, 512), audio_channels=64, channels=64),
    decode_head=dict(channels=64),
    losses=[dict(type='MaskBCELoss')],
)
