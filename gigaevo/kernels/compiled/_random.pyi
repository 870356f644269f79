from gigaevo.kernels.twins.random_numpy import RandomStream as RandomStream
from gigaevo.kernels.twins.random_numpy import restored_stream as restored_stream
