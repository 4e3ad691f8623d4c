"""What a model needs apart from time, found in a process of its own."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import torch

from .memory import PeakMemory, can_measure
from .settings import BenchmarkSettings
from .subject import Subject

STEPS = 2  # the optimiser makes its state in the first step and holds it beside the activations in the second


@dataclass(frozen=True)
class Footprint:
    """Size of a model.

    Attributes:
        trainable: Parameters that are trained.
        parameters: All parameters.
        flops_per_frame: Floating-point operations of the forward pass per frame, two per multiply-add.
        forward_mb: Peak memory of the forward pass with weights, in MB; ``None`` where the system does not tell.
        train_mb: The same of training with gradients and optimiser state; ``None`` also where it is not wanted.
    """

    trainable: int
    parameters: int
    flops_per_frame: float
    forward_mb: float | None = None
    train_mb: float | None = None


def measure_footprint(config: str, settings: BenchmarkSettings) -> Footprint:
    """Build a model in a fresh process and measure its footprint: what other models leave behind does not count.

    Raises:
        ValueError: The process was killed, most likely for lack of memory.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:
        try:
            return pool.submit(footprint_here, config, settings).result()
        except BrokenProcessPool as error:
            raise ValueError(
                f'the process that measures {config} was killed, most likely for lack of memory; use fewer --frames, a '
                'smaller --size or --no-train-step'
            ) from error


def footprint_here(config: str, settings: BenchmarkSettings) -> Footprint:
    """Measure the footprint in this process, which should have done nothing else before."""
    torch.set_num_threads(settings.threads)
    subject = Subject(config, settings)
    forward_mb = train_mb = None
    if can_measure(settings.device):
        peak = PeakMemory(settings.device, subject.resident_bytes())
        subject.forward()
        forward_mb = peak.read()
        if settings.train_step:
            subject.model.train()
            for _ in range(STEPS):
                subject.train_step()
            train_mb = peak.read()
    counts = subject.parameters()
    return Footprint(counts['trainable'], counts['all'], subject.flops_per_frame(), forward_mb, train_mb)
