"""Benchmarks, reported as ratios: the compared programs run alternately, in one run, on one machine."""
