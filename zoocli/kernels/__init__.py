"""The fused CPU loops behind the losses and the id lookup: numba, float64, without the GIL.

Kernels trust their input; `zoocli.scoring` and `zoocli.matching` check it before.
"""
