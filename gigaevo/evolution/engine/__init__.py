"""The engine: makes proposals, carries them out, and keeps the run's books."""
