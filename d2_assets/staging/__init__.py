"""Tables on disk: written whole or not at all, told apart when cut or altered, read by DuckDB."""
