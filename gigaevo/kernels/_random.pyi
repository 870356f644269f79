from gigaevo.kernels.random_numpy import RandomStream as RandomStream
from gigaevo.kernels.random_numpy import restored_stream as restored_stream
