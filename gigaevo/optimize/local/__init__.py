"""Search near given numbers, under rules, by scores alone: what `freeze` improves outputs with."""
