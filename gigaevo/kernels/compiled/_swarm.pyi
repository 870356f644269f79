from gigaevo.kernels.twins.swarm_numpy import advance as advance
from gigaevo.kernels.twins.swarm_numpy import fly as fly
from gigaevo.kernels.twins.swarm_numpy import note_own as note_own
from gigaevo.kernels.twins.swarm_numpy import ring_leaders as ring_leaders
