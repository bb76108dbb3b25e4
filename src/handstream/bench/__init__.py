"""Measuring: the benchmarks of `handstream bench`, the original system to compare with, and the emulated network of `handstream relay`."""
