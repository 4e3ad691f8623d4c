# Ladder 4: strong responses against weak ones. Without attention over time and uncertainty, which ama_r50_avss adds.
_base_ = './ama_r50_avss.py'
model = dict(
    temporal=dict(_delete_=True, type='IdentityTemporal'),
    decode_head=dict(uncertainty=None),
    losses=_base_.model.losses[:4],
)
