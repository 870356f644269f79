from gigaevo.kernels.twins.pareto_numpy import crowded_tournament as crowded_tournament
from gigaevo.kernels.twins.pareto_numpy import crowding as crowding
from gigaevo.kernels.twins.pareto_numpy import non_dominated_ranks as non_dominated_ranks
from gigaevo.kernels.twins.pareto_numpy import ranks_and_crowding as ranks_and_crowding
from gigaevo.kernels.twins.pareto_numpy import survivors as survivors
