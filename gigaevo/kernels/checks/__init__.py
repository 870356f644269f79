"""What the kernels accept: both implementations raise through here, with the same words."""
