"""The DHIS2 API by endpoint family; ``client`` puts the families together for one server."""
