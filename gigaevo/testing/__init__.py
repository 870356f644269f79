"""For tests of evolution: a server that stands in for a language model, and misbehaves on request."""

from gigaevo.testing.faults import Fault, evenly
from gigaevo.testing.language_model_server import LanguageModelServer, Received, ServerOptions
from gigaevo.testing.served import ServerStartError, served

__all__ = [
    "Fault",
    "LanguageModelServer",
    "Received",
    "ServerOptions",
    "ServerStartError",
    "evenly",
    "served",
]
