"""Following a source without anyone watching: looking for changes and deciding what to launch."""
