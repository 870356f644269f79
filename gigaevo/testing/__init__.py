"""For tests of evolution: a server that stands in for a language model, and misbehaves on request."""
