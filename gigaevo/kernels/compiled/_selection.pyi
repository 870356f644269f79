from gigaevo.kernels.twins.selection_numpy import epsilon_greedy as epsilon_greedy
from gigaevo.kernels.twins.selection_numpy import rank as rank
from gigaevo.kernels.twins.selection_numpy import roulette as roulette
from gigaevo.kernels.twins.selection_numpy import tournament as tournament
from gigaevo.kernels.twins.selection_numpy import ucb1 as ucb1
from gigaevo.kernels.twins.selection_numpy import uniform as uniform
