from gigaevo.kernels.twins.ranking_python import ValueRanking as ValueRanking
