from gigaevo.kernels.twins.variation_numpy import arithmetic as arithmetic
from gigaevo.kernels.twins.variation_numpy import blend as blend
from gigaevo.kernels.twins.variation_numpy import gaussian as gaussian
from gigaevo.kernels.twins.variation_numpy import points as points
from gigaevo.kernels.twins.variation_numpy import polynomial as polynomial
from gigaevo.kernels.twins.variation_numpy import random_genomes as random_genomes
from gigaevo.kernels.twins.variation_numpy import sbx as sbx
from gigaevo.kernels.twins.variation_numpy import uniform as uniform
