"""How rows are sent, whatever they are: several writers, a pace, a journal, a way to stop."""
