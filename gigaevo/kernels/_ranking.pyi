from gigaevo.kernels.ranking_python import ValueRanking as ValueRanking
