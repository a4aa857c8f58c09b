"""Events and tracked entities, from one DHIS2 server to another. Knows no Dagster."""
