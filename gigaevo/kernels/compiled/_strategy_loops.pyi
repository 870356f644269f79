from gigaevo.kernels.twins.strategy_loops_numpy import advance as advance
from gigaevo.kernels.twins.strategy_loops_numpy import climb as climb
from gigaevo.kernels.twins.strategy_loops_numpy import climb_steepest as climb_steepest
