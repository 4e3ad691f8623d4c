"""Assignment of queries to targets."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


@torch.no_grad()
def assign_queries(cost: Tensor) -> Tensor:
    """Give each target a query of its own such that the total cost is smallest.

    The optimum for a single target is its cheapest query, which is found where ``cost`` lies, without a transfer. More
    targets go to SciPy's Hungarian algorithm on the CPU; that is the only place where a loss waits for the device.

    Args:
        cost: ``(B, Q, G)`` of queries and targets, ``Q >= G``.

    Returns:
        Query of each target, ``(B, G)`` long, on the device of ``cost``.

    Raises:
        ValueError: More targets than queries.
    """
    num_clips, num_queries, num_targets = cost.shape
    if num_targets > num_queries:
        raise ValueError(f'{num_targets} targets cannot have a query each: there are {num_queries} queries')
    if num_targets == 1:
        return cost.argmin(dim=1)
    columns = [linear_sum_assignment(one.T)[1] for one in cost.float().cpu().numpy()]
    return torch.stack([torch.from_numpy(column) for column in columns]).to(cost.device).view(num_clips, num_targets)
