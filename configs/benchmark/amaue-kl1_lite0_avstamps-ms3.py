# Dirichlet with the published weight of the KL.
_base_ = './amaue_lite0_avstamps-ms3.py'
_base_.model.losses[-1].update(kl_weight=1.0)
