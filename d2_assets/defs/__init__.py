"""All that knows Dagster: partitions, resources, assets, checks, jobs."""
