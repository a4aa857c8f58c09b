"""How fast and how lean the platform is: ``python -m benchmarks`` (see docs/benchmarks.md)."""
