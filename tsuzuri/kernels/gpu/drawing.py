"""The draw of the next words on a GPU: ``sampling.filters.make_sampler``, with random numbers made on the device.

Sums are exact, of weights in whole steps of 2^-41 of the likeliest word's: in place of a probability q a word has
q (1 + e) + d, |e| below V 2^-42 (1.4e-8 for 60,000 words) and |d| below 2^-42, and so has what top-p sums up. Words
whose probabilities float64 cannot tell apart are in the order of their logits, and equals in that of their ids.
"""

import numpy

MOST_WORDS = 1 << 18  # of a vocabulary: with more, a sum in the kernel might overflow
SHARED = 12568


def draw_settings(temperature=1.0, top_k=None, top_p=None):
    """What ``draw`` takes for the arguments of ``sampling.filters.make_sampler``."""
    most = min(top_k or 0, MOST_WORDS)  # as good as any number above it
    return numpy.float64(temperature), numpy.int32(most), numpy.float64(1 if top_p is None else top_p)


def draw(engine, logits, mask, heat, settings, key, drawn, words, ring):
    """A word of each stream into words (B,) int32 and into row drawn mod R of ring (R, B) int32; drawn (B,) += 1.

    logits (B, V) float32; mask (B, V) uint8, or (1, V) for all, not 0 where a word is forbidden; heat (B,) float64;
    ``settings`` from ``draw_settings``; key (1,) uint64, drawn (B,) uint64: the random number depends on key, stream
    and drawn alone. A row of which all is forbidden, or at -inf, becomes word 0.
    """
    batch, size = logits.shape
    assert size <= MOST_WORDS
    stride = numpy.int64(size if len(mask) > 1 else 0)
    most = 1024 if batch <= engine.multiprocessors else 256  # several blocks on each: some work while others wait
    threads = max(32, min(most, size // 4 // 32 * 32))
    inputs = logits, mask, stride, numpy.int32(size), heat
    launch = engine.kernel("drawing", "draw")
    launch(batch, threads, *inputs, *settings, key, drawn, words, ring, numpy.int32(len(ring)), shared=SHARED)
