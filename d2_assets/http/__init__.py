"""The only outgoing HTTP: sessions, credentials, repetition, redaction, bodies read whole."""
