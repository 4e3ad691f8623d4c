"""The loss of Dirichlet evidence."""

import torch
from torch import Tensor

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from .base_loss import BaseAVSLoss
from .functional import mean_over_flagged, mean_over_pixels
from .uncertainty_functional import dirichlet_kl_to_uniform, expected_cross_entropy, labels_at_size_of, one_hot


@MODELS.register_module()
class EvidentialLoss(BaseAVSLoss):
    """Expected cross-entropy under the Dirichlet, and an annealed KL that takes back evidence for wrong classes.

    ``psi(S) - psi(alpha_y) + lambda_t KL(Dir(alpha~) || Dir(1))`` with ``alpha = e + 1``, ``S = sum(alpha)``,
    ``alpha~ = y + (1 - y) alpha`` and ``lambda_t = kl_weight * min(1, step / anneal_steps)``; mean over pixels that are not
    255, then over annotated frames. A binary mask has the classes background and foreground. The labels come to the
    resolution of the evidence (nearest pixel): digamma and log-gamma of every class at every input pixel would cost more than
    the rest of the step.

    The step is counted here, in a buffer that is saved with the model, so that a resumed run goes on where it was: one per
    call in training mode.

    Args:
        loss_weight: Factor of the term.
        loss_name: Key in the log.
        kl_weight: Final weight of the KL. The published value 1 raises the uncertainty everywhere (its mean was 0.42 in a
            study on AVStamps); the default is a light 0.03.
        anneal_steps: Steps in which the weight rises linearly from 0; 0 for full weight at once.

    Raises:
        ValueError: A negative ``kl_weight`` or ``anneal_steps``, or no evidence in ``features.aux``.

    Source:
        Sensoy et al., "Evidential deep learning to quantify classification uncertainty", NeurIPS 2018, eq. 4 and 5.
    """

    default_name = 'loss_unc'

    def __init__(
        self,
        loss_weight: float = 0.1,
        loss_name: str | None = None,
        *,
        kl_weight: float = 0.03,
        anneal_steps: int = 1000,
    ) -> None:
        super().__init__(loss_weight, loss_name)
        if kl_weight < 0 or anneal_steps < 0:
            raise ValueError(
                f'EvidentialLoss needs kl_weight >= 0 and anneal_steps >= 0, got {kl_weight} and {anneal_steps}'
            )
        self.kl_weight = kl_weight
        self.anneal_steps = anneal_steps
        self.register_buffer('step', torch.tensor(0))

    def current_kl_weight(self) -> Tensor:
        """Return ``lambda_t``, a scalar."""
        if self.anneal_steps == 0:
            return torch.full_like(self.step, self.kl_weight, dtype=torch.float32)
        return self.kl_weight * (self.step / self.anneal_steps).clamp(max=1)

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar.

        Raises:
            ValueError: There is no evidence in ``features.aux``, or its classes are fewer than two.
        """
        evidence = output.features.aux.get('evidence')
        if evidence is None or evidence.shape[2] < 2:
            raise ValueError(
                "EvidentialLoss needs aux['evidence'] (B, T, K >= 2, h, w); use a decode head with a DirichletBranch"
            )
        alpha, labels = evidence.float() + 1, labels_at_size_of(targets.masks, evidence)
        per_pixel = expected_cross_entropy(alpha, labels)
        if self.kl_weight > 0:
            wrong = torch.where(one_hot(labels, alpha.shape[2]), 1.0, alpha)
            per_pixel = per_pixel + self.current_kl_weight() * dirichlet_kl_to_uniform(wrong, dim=2)
        if self.training:
            self.step += 1
        return mean_over_flagged(mean_over_pixels(per_pixel, labels), targets.frame_annotated)
