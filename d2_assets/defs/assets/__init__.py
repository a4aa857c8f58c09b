"""One module an asset group; each builds its assets from the settings."""
