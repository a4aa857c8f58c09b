"""The OpenLMIS API: signing in, reference data, stock cards. Knows no DHIS2."""
