"""Crosswalks from a source's identifiers to a destination's."""
