"""The compiled function of this name counts the ones by words of 64 bits."""

fitness = "onemax"
