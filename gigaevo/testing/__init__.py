"""For tests of evolution, ours and those of users: a server that stands in for a language model, and misbehaves on request."""
