from gigaevo.kernels.functions_numpy import conflicts as conflicts
from gigaevo.kernels.functions_numpy import evaluate as evaluate
from gigaevo.kernels.functions_numpy import evaluate_bits as evaluate_bits
from gigaevo.kernels.functions_numpy import evaluate_several as evaluate_several
from gigaevo.kernels.functions_numpy import tour_lengths as tour_lengths
