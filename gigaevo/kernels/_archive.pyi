from gigaevo.kernels.archive_numpy import EliteArchive as EliteArchive
from gigaevo.kernels.archive_numpy import restored_archive as restored_archive
