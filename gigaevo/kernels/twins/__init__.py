"""The twins of the compiled kernels, in numpy or plain Python, and their documentation."""
