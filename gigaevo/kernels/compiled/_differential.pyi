from gigaevo.kernels.twins.differential_numpy import best_members as best_members
from gigaevo.kernels.twins.differential_numpy import draw_crossover as draw_crossover
from gigaevo.kernels.twins.differential_numpy import draw_parents as draw_parents
from gigaevo.kernels.twins.differential_numpy import draw_settings as draw_settings
from gigaevo.kernels.twins.differential_numpy import recombine as recombine
from gigaevo.kernels.twins.differential_numpy import replace as replace
from gigaevo.kernels.twins.differential_numpy import success_means as success_means
