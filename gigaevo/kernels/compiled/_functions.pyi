from gigaevo.kernels.twins.functions_numpy import conflicts as conflicts
from gigaevo.kernels.twins.functions_numpy import evaluate as evaluate
from gigaevo.kernels.twins.functions_numpy import evaluate_bits as evaluate_bits
from gigaevo.kernels.twins.functions_numpy import evaluate_several as evaluate_several
from gigaevo.kernels.twins.functions_numpy import tour_lengths as tour_lengths
