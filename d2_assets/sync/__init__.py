"""The line from source to destination, one function per domain, and what guards it."""
