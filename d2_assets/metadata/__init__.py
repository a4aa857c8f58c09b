"""Metadata, family by family: read, clean, translate, match, check, plan, push, verify."""
