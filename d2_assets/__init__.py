"""Health data moved whole: DHIS2 to DHIS2 and OpenLMIS to DHIS2, as Dagster assets."""
