"""Monthly stock indicators from the movements of OpenLMIS stock cards. Knows no Dagster."""
