"""Compiled CPU loops for the losses, the id index and resampling: numba, float64, without the GIL.

Kernels trust their input; the code that calls them checks it.
"""
