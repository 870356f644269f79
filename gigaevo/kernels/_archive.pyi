from gigaevo.kernels.archive_numpy import EliteArchive as EliteArchive
