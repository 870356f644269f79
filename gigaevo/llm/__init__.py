"""Language models behind one small interface: routing, retries, limits, a hard budget, a transcript, and replay."""
