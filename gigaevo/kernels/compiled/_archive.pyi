from gigaevo.kernels.twins.archive_numpy import EliteArchive as EliteArchive
from gigaevo.kernels.twins.archive_numpy import restored_archive as restored_archive
