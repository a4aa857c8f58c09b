"""Aggregate data values: from what a source holds to what a destination must hold."""
